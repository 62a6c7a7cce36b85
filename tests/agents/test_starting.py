"""What starts a run, who may, and who may not."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Agent, AgentRun
from conversations.services.sends import Sent, _store, message_prepare
from tests.personas import agent, client_of, conversation_of, person, say


@pytest.fixture
def bot(db):
    return Agent.objects.create(participant=agent(username="bot"), trigger="always")


def test_what_is_said_queues_a_run_with_the_message(bot):
    ann = person()
    talk = conversation_of(ann, person(), bot.participant)
    message = say(ann, talk, "hello @bot")
    run = AgentRun.objects.get()
    assert (run.agent, run.trigger_sequence, run.requested_by, run.depth) == (bot, message.sequence, ann, 1)
    say(ann, talk, "hello @bot", message_id="again")
    say(ann, talk, "hello @bot", message_id="again")  # a repeated send starts nothing
    assert AgentRun.objects.count() == 2


def test_many_messages_at_once_look_for_agents_once(bot):
    ann = person()
    bot.trigger = "mention"
    bot.save()
    talk = conversation_of(ann, person(), bot.participant)

    def queries(count: int) -> int:
        batch = [message_prepare(author=ann, conversation_id=talk.pk, content="hello") for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            outcomes = _store(batch)
        assert [type(outcome) for outcome in outcomes] == [Sent] * count
        return len(captured)

    assert queries(20) == queries(1)
    assert not AgentRun.objects.exists()


def test_a_conversation_without_agents_starts_nothing(bot):
    ann = person()
    talk = conversation_of(ann, person())
    say(ann, talk, "hello @bot")
    assert not talk.has_agents
    assert not AgentRun.objects.exists()


def test_switched_off_nobody_starts_a_run(bot, settings):
    settings.AGENTS = "off"
    ann = person()
    talk = conversation_of(ann, bot.participant)
    answer = client_of(ann).post(f"conversations/{talk.pk}/runs", {"agent": "bot"})
    assert (answer.status_code, answer.json()["code"]) == (503, "agents_off")


def test_observers_and_outsiders_start_and_see_none(bot):
    ann, outsider = person(), person()
    talk = conversation_of(ann, bot.participant)
    run = client_of(ann).post(f"conversations/{talk.pk}/runs", {"agent": str(bot.pk)}).json()
    assert (run["status"], run["error"], run["steps"]) == ("queued", None, [])
    elsewhere = client_of(outsider)
    assert elsewhere.get(f"runs/{run['run_id']}").status_code == 404
    assert elsewhere.post(f"runs/{run['run_id']}/cancel").status_code == 404
    assert elsewhere.get(f"conversations/{talk.pk}/runs").status_code == 403
    assert elsewhere.post(f"conversations/{talk.pk}/runs", {"agent": "bot"}).status_code == 403
    cancelled = client_of(ann).post(f"runs/{run['run_id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")


def test_agents_are_listed_added_and_taken_out(bot):
    ann, ben = person(), person()
    talk = conversation_of(ann, ben)
    listed = client_of(ben).get("agents").json()
    assert [row["username"] for row in listed["agents"]] == ["bot"]
    assert client_of(ben).post(f"conversations/{talk.pk}/agents", {"agent": "bot"}).status_code == 403
    added = client_of(ann).post(f"conversations/{talk.pk}/agents", {"agent": "bot", "trigger": "manual"})
    assert (added.status_code, added.json()["id"], added.json()["trigger"]) == (201, str(bot.pk), "manual")
    say(ben, talk, "hello @bot")
    assert not AgentRun.objects.exists()  # manual here, always elsewhere
    assert client_of(ann).post(f"conversations/{talk.pk}/agents", {"agent": "bot"}).status_code == 409
    assert client_of(ann).post(f"conversations/{talk.pk}/agents", {"agent": "nobody"}).status_code == 400
    assert client_of(ben).delete(f"conversations/{talk.pk}/agents/{bot.pk}").status_code == 403
    assert client_of(ann).delete(f"conversations/{talk.pk}/agents/{ben.pk}").status_code == 404
    assert client_of(ann).delete(f"conversations/{talk.pk}/agents/{bot.pk}").status_code == 204
