"""The built-in agent answers questions about its conversation by asking its tools, and says what it is."""

import pytest
from asgiref.sync import sync_to_async

from agents.steps import TextDelta, Thinking, ToolCall, ToolResult, Usage
from tests.agents.asking import agent_in, calls_in, question_of, results_in, steps_of, text_in
from tests.personas import conversation_of, person, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("closing_connections")]


@sync_to_async
def asked(content, *said, **fields):
    """A question in a conversation of Ada and Ben where something was said before."""
    ada, ben = person("ada", display_name="Ada"), person("ben", display_name="Ben")
    conversation = conversation_of(ada, ben)
    agent = agent_in(conversation)
    for line in said:
        say(ben, conversation, line)
    return question_of(agent, say(ada, conversation, content), **fields)


async def test_it_searches_and_shows_each_step_in_its_order():
    steps = await steps_of(await asked("@helper who mentioned Berlin?", "I fly to Berlin on Monday", "Nice."))
    kinds = [type(step) for step in steps]
    assert kinds[:3] == [Thinking, ToolCall, ToolResult]
    assert kinds[3:-1] == [TextDelta] * (len(kinds) - 4)
    assert kinds[-1] is Usage
    assert len(kinds) > 8
    assert calls_in(steps) == [("search_messages", {"query": "Berlin", "limit": 10})]
    (result,) = results_in(steps)
    assert not result.is_error
    assert "I fly to Berlin on Monday" in text_in(steps)
    assert "who mentioned" not in text_in(steps)


@pytest.mark.parametrize(
    ("content", "tool", "part"),
    [("who is here?", "list_participants", "3 participants"), ("what time is it?", "current_time", "UTC"),
     ("please summarise this", "summarise_messages", "Written by: Ben (2)"),
     ("show the last two messages", "read_messages", "the second"),
     ("tell me about zebras", "search_messages", "looked for these words")],
)  # fmt: skip
async def test_what_it_knows_about(content, tool, part):
    steps = await steps_of(await asked(content, "the first", "the second"))
    assert [name for name, _ in calls_in(steps)] == [tool]
    assert part in text_in(steps)


async def test_two_questions_in_one_are_two_calls():
    steps = await steps_of(await asked("Who is here, and what time is it?"))
    assert [name for name, _ in calls_in(steps)] == ["list_participants", "current_time"]
    assert [step.call_id for step in steps if isinstance(step, ToolCall)] == ["call-1", "call-2"]


@pytest.mark.parametrize(
    ("content", "part"),
    [("hello!", "Hello ada"), ("Thanks!", "welcome"), ("what can you do?", "not a language model"), ("?!", "did not")],
)
async def test_what_needs_no_tool(content, part):
    steps = await steps_of(await asked(content))
    assert calls_in(steps) == []
    assert part in text_in(steps)


async def test_it_calls_nobody_whom_it_quotes():
    steps = await steps_of(await asked("find lunch", "@ada lunch?"))
    assert "lunch?" in text_in(steps)
    assert "@ada" not in text_in(steps)


async def test_without_tools_it_says_that_it_may_not_look():
    steps = await steps_of(await asked("who is here?", tools=[]))
    assert calls_in(steps) == []
    assert "may not" in text_in(steps)
