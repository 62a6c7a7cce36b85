"""The tools read what the least privileged reader of the answer may read, of their own conversation, and no more."""

import threading
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pydantic_ai import ToolFailed

from agents import excerpts, tools
from agents.toolset import cut, text_of
from conversations.services.administration import announcement_send
from conversations.services.messages import message_delete
from participants.errors import ChatError
from tests.agents.asking import agent_in, question_of, results_in, steps_of, text_in
from tests.personas import bring_in, conversation_of, person, say, take_out

pytestmark = pytest.mark.django_db

CANARY = "canary"


@pytest.fixture
def ada():
    return person("ada", display_name="Ada")


@pytest.fixture
def tea(ada):
    return conversation_of(ada)


@pytest.fixture
def agent(tea):
    return agent_in(tea)


def everything(question):
    """All that the tools give, asked in every way."""
    found = []
    asks = [
        lambda: excerpts.found(question, CANARY, 50),
        lambda: excerpts.found(question, "hello or canary", 50),
        lambda: excerpts.page(question, after=None, before=None, limit=50),
        lambda: excerpts.page(question, after=-5, before=10**9, limit=10**9),
        lambda: excerpts.page(question, after=0, before=None, limit=50),
        lambda: excerpts.digest(question, first=None, last=None),
        lambda: excerpts.digest(question, first=-1, last=10**9),
        lambda: excerpts.members(question),
    ]
    for ask in asks:
        with suppress(ChatError):
            found.append(ask())
    return "\n".join(found)


def test_they_see_what_was_said_and_by_whom(ada, tea, agent):
    say(ada, tea, "the canary is yellow")
    question = question_of(agent, say(ada, tea, "?"))
    assert "Ada: the canary is yellow" in excerpts.found(question, "canary", 10)
    assert "Ada: the canary is yellow" in excerpts.page(question, after=None, before=None, limit=5)
    assert "Written by: Ada (1)" in excerpts.digest(question, first=None, last=None)
    assert "Ada (@ada), human, owner" in excerpts.members(question)


def test_nothing_of_another_conversation(ada, tea, agent):
    other = conversation_of(ada, title="Other")
    bring_in(other, who=agent.participant)
    say(ada, other, "canary of another room")
    assert "another room" not in everything(question_of(agent, say(ada, tea, "hello")))


def test_nothing_before_what_the_least_privileged_reader_may_read(ada, tea, agent):
    hidden = say(ada, tea, "canary before")
    shown = say(ada, tea, "hello there")
    question = question_of(agent, say(ada, tea, "?"), first=shown.sequence)
    assert hidden.content not in everything(question)
    assert "hello there" in everything(question)


def test_nothing_that_came_after_the_question(ada, tea, agent):
    question = question_of(agent, say(ada, tea, "?"))
    say(ada, tea, "canary after")
    assert "canary after" not in everything(question)


def test_nothing_that_was_deleted(ada, tea, agent):
    gone = say(ada, tea, "canary deleted")
    question = question_of(agent, say(ada, tea, "?"))
    message_delete(actor=ada, message_id=gone.pk)
    assert "canary deleted" not in everything(question)


def test_nothing_from_before_the_agent_came_under_from_join(ada):
    room = conversation_of(ada, history="from_join")
    say(ada, room, "canary before")
    agent = agent_in(room)
    assert "canary before" not in everything(question_of(agent, say(ada, room, "hello")))


def test_nothing_at_all_for_an_agent_that_is_no_member_any_more(ada, tea, agent):
    say(ada, tea, "canary")
    question = question_of(agent, say(ada, tea, "?"))
    take_out(tea, agent.participant)
    assert everything(question) == ""


def test_not_the_question_itself(ada, tea, agent):
    question = question_of(agent, say(ada, tea, "where is the canary?"))
    assert "has 'canary' in it" in excerpts.found(question, "canary", 10)


def test_an_agent_does_not_find_its_own_answers_but_can_read_them(ada, tea, agent):
    say(agent.participant, tea, "I said canary myself")
    question = question_of(agent, say(ada, tea, "?"))
    assert "has 'canary' in it" in excerpts.found(question, "canary", 10)
    assert "no messages" in excerpts.digest(question, first=None, last=None)
    assert "I said canary myself" in excerpts.page(question, after=None, before=None, limit=5)


def test_announcements_of_the_site_have_no_author_and_are_found(ada, tea, agent):
    announcement_send(by=person(is_staff=True), conversation_id=tea.pk, content="canary of the site")
    question = question_of(agent, say(ada, tea, "?"))
    assert "the site: canary of the site" in excerpts.found(question, "canary", 10)


def test_what_comes_back_is_bounded(ada, tea, agent, settings):
    for _ in range(60):
        say(ada, tea, f"canary {'x' * 600}")
    question = question_of(agent, say(ada, tea, "?"))
    assert excerpts.page(question, after=None, before=None, limit=10**6).count("Ada: canary") == excerpts.MOST
    assert "x" * (excerpts.LINE_CHARACTERS + 1) not in excerpts.page(question, after=None, before=None, limit=2)
    settings.CHAT_TOOL_CHARACTERS = 100
    assert len(cut("y" * 5_000)) < 160
    assert cut("y" * 5_000).endswith("4900 characters more)")


def test_pages_go_both_ways(ada, tea, agent):
    said = [say(ada, tea, f"line {number}") for number in range(6)]
    question = question_of(agent, say(ada, tea, "?"))
    behind = excerpts.page(question, after=said[2].sequence, before=None, limit=2)
    assert [f"line {n}" in behind for n in range(6)] == [False, False, False, True, True, False]
    ahead = excerpts.page(question, after=None, before=said[2].sequence, limit=1)
    assert [f"line {n}" in ahead for n in range(6)] == [False, True, False, False, False, False]


@pytest.mark.parametrize("query", ["", "'; DROP TABLE x; --", "NEAR(", "\x00", "a" * 5_000, "*", "\ud800"])
def test_any_search_is_answered(ada, tea, agent, query):
    question = question_of(agent, say(ada, tea, "?"))
    assert excerpts.found(question, query, 10).startswith("No message")


@pytest.mark.parametrize(
    ("result", "text"), [("x", "x"), ({"a": 1}, '{"a":1}'), ([None], "[null]"), (3, "3"), ({1: 2}, '{"1":2}')]
)
def test_results_are_text(result, text):
    assert text_of(result) == text


def test_what_cannot_be_stored_is_taken_out_of_results():
    assert cut("a\x00b\ud800c") == "ab?c"


async def test_the_clock_knows_time_zones():
    context: Any = None  # the clock needs no question
    assert (await tools.current_time(context)).endswith("UTC")
    for zone in ("Nowhere/Land", "../../etc/passwd", "", "\x00"):
        with pytest.raises(ToolFailed):
            await tools.current_time(context, zone)


def test_only_the_tools_that_were_named_are_there():
    assert set(tools.toolset_of(["current_time", "nothing", "current_time"]).tools) == {"current_time"}
    assert set(tools.toolset_of(list(tools.TOOLS)).tools) == set(tools.TOOLS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("closing_connections")
async def test_a_slow_tool_and_a_failing_one_are_results(monkeypatch):
    @sync_to_async
    def asked(content, **fields):
        ada = person()
        room = conversation_of(ada)
        return question_of(agent_in(room), say(ada, room, content), **fields)

    release = threading.Event()
    monkeypatch.setattr(excerpts, "members", lambda _: release.wait(30))
    steps = await steps_of(await asked("who is here?", tool_seconds=0.2))
    release.set()
    (result,) = results_in(steps)
    assert (result.is_error, result.result) == (True, "The tool did not answer within 0.2 seconds.")

    def failing(_):
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(excerpts, "members", failing)
    steps = await steps_of(await asked("who is here?"))
    (result,) = results_in(steps)
    assert (result.is_error, result.result) == (True, "The tool failed.")
    assert text_in(steps)
    assert "hunter2" not in str(steps)


def test_lines_of_a_question_may_be_missing(ada, tea, agent):
    question = question_of(agent, say(ada, tea, "hello"), lines=[])
    assert "hello" in everything(question)
