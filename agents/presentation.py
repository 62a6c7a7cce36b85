"""How agents and their runs look to clients. JSON-ready dicts, no queries."""

from typing import Any

from agents import entries
from agents.models import Agent, AgentRun
from conversations.models import Event
from conversations.presentation import entry_frame
from participants.presentation import participant_object

CONTEXT = ("first", "last", "count", "cut", "shortened")


def agent_object(agent: Agent, *, trigger: str = "") -> dict[str, Any]:
    """An agent; ``trigger`` where a conversation has one of its own."""
    return {
        "id": agent.pk,
        "participant_id": agent.pk,
        "username": agent.participant.username,
        "display_name": agent.participant.display_name,
        "description": agent.description,
        "provider": agent.provider,
        "model": agent.model,
        "trigger": trigger or agent.trigger,
        "tools": agent.tools,
    }


def run_object(run: AgentRun, steps: list[Event], text: str, *, whole: bool = False) -> dict[str, Any]:
    """A run with its steps as the log has them; a long text comes cut unless ``whole``."""
    shown, cut = (text, {}) if whole else entries.head(text)
    return {
        "run_id": run.pk,
        "conversation_id": run.conversation_id,
        "status": run.status,
        "agent": participant_object(run.agent.participant),
        "trigger_sequence_id": run.trigger_sequence,
        "requested_by": run.requested_by_id,
        "text": shown,
        **cut,
        "steps": [entry_frame(step) for step in steps],
        "model": run.model or run.agent.model,
        "tokens": run.tokens,
        "response_time_ms": run.response_time_ms,
        "error": {"code": run.error_code, "detail": run.error_detail} if run.error_code else None,
        "context": {name: run.context[name] for name in CONTEXT} if run.context else None,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


def running_object(run: AgentRun, offset: int, text: str) -> dict[str, Any]:
    """A run that has not ended, for ``connected``."""
    return {
        "run_id": run.pk,
        "agent": participant_object(run.agent.participant),
        "status": run.status,
        "offset": offset,
        "text": text,
    }
