"""What is said starts runs: called by the log, in the transaction that stores the message. It appends nothing."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Max

from agents import signals
from agents.conf import conf
from agents.errors import BUSY
from agents.models import OPEN, Agent, AgentPlacement, AgentRun, Trigger
from conversations import publish
from conversations.models import Conversation, Event, Membership
from participants.encoding import encode
from participants.models import Participant
from participants.rows import fetch, parameter

PAIR = 2


class Present(NamedTuple):
    """An agent that is in a conversation: what triggers it there, and whether it is alone with somebody."""

    pk: UUID
    trigger: str
    is_alone: bool


def runs_trigger(entries: Mapping[Conversation, Sequence[Event]]) -> None:
    """Queue a run of every agent that one of the messages among ``entries`` is for."""
    for conversation, appended in entries.items():
        if conversation.has_agents:  # nothing is asked of the database where no agent ever was
            said = [entry for entry in appended if entry.is_message and entry.author is not None]
            if said and (agents := agents_in(conversation)):
                for message in said:
                    _answer(conversation, message, [agent for agent in agents if _is_for(agent, message)])


def _answer(conversation: Conversation, message: Event, agents: Sequence[Present]) -> None:
    author = message.author
    if not agents or author is None:
        return
    depth = 1 if author.is_person else _depth_after(conversation)
    if depth > conf.depth:
        return
    for agent in agents:
        run_queue(agent.pk, conversation, trigger=message.sequence, requested_by=_who_asked(message), depth=depth)


def _table(model: type[models.Model]) -> str:
    return model._meta.db_table


# A statement that is ready: every message of a conversation with agents asks this, under the lock of its log.
_AGENTS_IN = f"""
    SELECT a.participant_id, COALESCE(NULLIF(own.trigger, ''), a.trigger),
        (SELECT COUNT(*) FROM (SELECT 1 FROM {_table(Membership)} WHERE conversation_id = %s LIMIT 3) few)
    FROM {_table(Membership)} m
    JOIN {_table(Agent)} a ON a.participant_id = m.participant_id
    JOIN {_table(Participant)} p ON p.id = m.participant_id
    LEFT JOIN {_table(AgentPlacement)} own
        ON own.agent_id = m.participant_id AND own.conversation_id = m.conversation_id
    WHERE m.conversation_id = %s AND a.is_enabled AND p.is_active ORDER BY p.username
"""  # noqa: S608 - names of models


def agents_in(conversation: Conversation) -> list[Present]:
    """The agents that are in a conversation and can be asked: one query."""
    key = parameter(conversation.pk)
    rows = fetch(_AGENTS_IN, [key, key])
    return [Present(UUID(str(pk)), trigger, members == PAIR) for pk, trigger, members in rows]


def _is_for(agent: Present, message: Event) -> bool:
    """Whether an agent is spoken to: named, or by a person where it answers always or is alone with them."""
    if agent.trigger == Trigger.MANUAL or agent.pk == message.author_id:
        return False
    named = message.named
    if named and not named.everybody and agent.pk in named.ids:  # who calls everybody calls people
        return True
    if message.author is None or not message.author.is_person:
        return False
    return agent.trigger == Trigger.ALWAYS or agent.is_alone


def _depth_after(conversation: Conversation) -> int:
    """One more than the deepest run since a person spoke."""
    people = Event.objects.filter(conversation=conversation).messages().exclude(author__kind="agent")
    spoke = people.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    runs = AgentRun.objects.filter(conversation=conversation, trigger_sequence__gte=spoke).order_by()
    return (runs.aggregate(deepest=Max("depth"))["deepest"] or 1) + 1


def _who_asked(message: Event) -> UUID | None:
    """Who is behind it: the person who spoke, or who asked the agent that did."""
    run = message.data.get("run")
    if run is None:
        return message.author_id
    return AgentRun.objects.filter(pk=run["run_id"]).values_list("requested_by", flat=True).first()


def is_full(agent: UUID, conversation: Conversation) -> bool:
    """Whether no further run of an agent may wait in a (locked) conversation."""
    rows = AgentRun.objects.filter(agent=agent, conversation=conversation, status__in=OPEN, error_code="")
    return rows.count() > conf.queued_runs


def run_queue(
    agent: UUID, conversation: Conversation, *, trigger: int | None, requested_by: UUID | None, depth: int = 1
) -> AgentRun:
    """Queue a run in a locked conversation. One too many is queued to be refused: the engine tells everybody so."""
    code, detail = BUSY if is_full(agent, conversation) else ("", "")
    run = AgentRun.objects.create(
        agent_id=agent,
        conversation=conversation,
        trigger_sequence=trigger,
        requested_by_id=requested_by,
        depth=depth,
        error_code=code,
        error_detail=detail,
    )
    signals.wake_on_commit()
    publish.publish_on_commit(progress_of(run))
    return run


def progress_of(run: AgentRun) -> publish.Transient:
    """The frame that tells where a run is."""
    frame = {
        "type": "agent_progress",
        "conversation_id": run.conversation_id,
        "run_id": run.pk,
        "status": str(run.status),
    }
    return publish.Transient(run.conversation_id, encode(frame))
