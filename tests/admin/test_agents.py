"""The admin's pages of agents, budgets and runs."""

import pytest
from django.test import Client

from agents.lifecycle import Status
from agents.models import Agent, AgentRun, AgentRunStep
from conversations import log
from conversations.models import Conversation, Event
from tests.admin.conftest import MakeStaff, signed_in
from tests.personas import agent, conversation_of, person

AGENTS, RUNS = "/admin/agents/agent/", "/admin/agents/agentrun/"


@pytest.fixture
def run(db: None) -> AgentRun:
    bot = agent()
    conversation: Conversation = conversation_of(person(), bot)
    made = AgentRun.objects.create(
        agent=Agent.objects.create(participant=bot), conversation=conversation, status=str(Status.COMPLETED)
    )
    with log.writing():
        data = {"run_id": str(made.pk), "trigger_sequence_id": None}
        entry = Event(type="agent_started", author=bot, data=data)
        log.append(log.lock(conversation.pk), entry)
    AgentRunStep.objects.create(run=made, kind="agent_started", sequence=entry.sequence)
    return made


def test_an_agent_is_made_of_a_participant_of_its_kind(admin_page: Client) -> None:
    bot, somebody = agent(), person()
    form = {
        "participant": str(somebody.pk), "provider": "builtin", "trigger": "always", "tools": '["current_time"]',
        "is_enabled": "on", "run_seconds": 60, "tool_seconds": 5, "max_steps": 9, "max_tokens": 100,
        "context_lines": 10, "placements-TOTAL_FORMS": 0, "placements-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert admin_page.post(f"{AGENTS}add/", form).status_code == 200  # a person is no agent
    assert not Agent.objects.exists()
    assert admin_page.post(f"{AGENTS}add/", form | {"participant": str(bot.pk)}).status_code == 302
    made = Agent.objects.get()
    assert (made.participant, made.trigger, made.run_seconds) == (bot, "always", 60)
    assert admin_page.get(f"{AGENTS}{bot.pk}/change/").status_code == 200
    over = form | {"run_seconds": 121}
    assert admin_page.post(f"{AGENTS}{bot.pk}/change/", over).status_code == 200
    assert Agent.objects.get().run_seconds == 60


def test_a_run_is_looked_at_with_its_steps_and_changed_by_nobody(admin_page: Client, run: AgentRun) -> None:
    assert admin_page.get(RUNS).status_code == 200
    page = admin_page.get(f"{RUNS}{run.pk}/change/")
    assert "agent_started" in page.text
    assert admin_page.post(f"{RUNS}{run.pk}/change/", {"status": "failed"}).status_code == 403
    assert admin_page.get(f"{RUNS}add/").status_code == 403


@pytest.mark.parametrize("name", ["mcpserver", "tokenbudget", "tokenuse"])
def test_the_other_pages_are_there(admin_page: Client, name: str) -> None:
    assert admin_page.get(f"/admin/agents/{name}/").status_code == 200


def test_who_has_no_right_to_agents_sees_none(run: AgentRun, staff_with: MakeStaff) -> None:
    assert signed_in(staff_with("conversations.view_event")).get(RUNS).status_code == 403
