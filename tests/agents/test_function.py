"""A plain function is an agent: what it gives is the answer, and only functions that were allowed are called."""

import asyncio
import re
from contextlib import aclosing
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from agents.answers import answer
from agents.providers.function import is_allowed
from agents.steps import TextDelta, Thinking, ToolCall, ToolResult, Usage
from tests.agents import functions
from tests.agents.asking import agent_in, failure_of, question_of, steps_of, text_in
from tests.personas import conversation_of, person, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("closing_connections")]
HERE = "tests.agents.functions"


@pytest.fixture(autouse=True)
def allowed(settings):
    settings.CHAT_AGENT_FUNCTIONS = f"somewhere.else, {HERE}.*"


@sync_to_async
def asked(name, content="hello", path=HERE):
    ada = person()
    conversation = conversation_of(ada, title="Tea")
    agent = agent_in(conversation, "function", model=f"{path}.{name}")
    return question_of(agent, say(ada, conversation, content))


@pytest.mark.parametrize(("name", "text"), [("echo", "You said: hello"), ("title", "Tea"), ("later", "now")])
async def test_what_a_function_returns_is_the_answer(name, text):
    assert await steps_of(await asked(name)) == [TextDelta(text), Usage(0, f"{HERE}.{name}")]


async def test_an_async_generator_gives_text_and_steps_as_they_happen():
    steps = await steps_of(await asked("stream"))
    assert [type(step) for step in steps] == [Thinking, ToolCall, ToolResult, TextDelta, TextDelta, TextDelta, Usage]
    assert text_in(steps) == "0 1 2 "
    assert steps[-1] == Usage(7, "counter-1")


@pytest.mark.parametrize(
    ("name", "code"),
    [("silence", "declined"), ("failing", "function_failed"), ("failing_late", "function_failed"),
     ("odd", "function_failed"), ("nowhere", "provider_not_configured"), ("not_callable", "provider_not_configured")],
)  # fmt: skip
async def test_how_a_function_fails(name, code):
    failure = await failure_of(await asked(name))
    assert failure.code == code
    assert not failure.is_safe_to_retry
    assert "hunter2" not in failure.detail


@pytest.mark.parametrize("path", ["os.system", "tests.agents.functions_of_others.echo", "builtins.eval", "", "."])
async def test_what_was_not_allowed_is_not_even_imported(path):
    question = await asked("", path=path)
    assert (await failure_of(question)).code == "provider_not_configured"


@pytest.mark.parametrize(
    ("path", "is_there"),
    [
        ("bots.dice", True),
        ("more.bots.of.mine", True),
        ("more.bots", False),
        ("more.botsy.x", False),
        ("x.bots.dice", False),
    ],
)
def test_allowed_paths(settings, path, is_there):
    settings.CHAT_AGENT_FUNCTIONS = "bots.dice , more.bots.*"
    assert is_allowed(path) is is_there


async def test_a_function_that_goes_on_is_stopped():
    async with asyncio.timeout(30), aclosing(answer(await asked("endless"))) as steps:
        taken = [step async for step in _first(steps, 5)]
    assert len(taken) == 5


async def test_a_slow_function_does_not_hold_up_the_loop_nor_who_stops_waiting():
    functions.begun.clear()
    functions.release.clear()
    task = asyncio.create_task(steps_of(await asked("sleepy")))
    try:
        async with asyncio.timeout(60):
            while not functions.begun.is_set():  # noqa: ASYNC110 - of a thread
                await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    finally:
        functions.release.set()


async def _first(steps, number):
    async for step in steps:
        yield step
        number -= 1
        if not number:
            return


async def test_the_example_of_the_documentation_is_an_agent(monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "agents-providers.md").read_text()
    example = re.search(r"```python\n# bots\.py\n(.*?)```", page, re.DOTALL)
    assert example is not None
    monkeypatch.setattr(functions, "dice", None, raising=False)
    exec(example.group(1), vars(functions))  # noqa: S102 - our own page
    assert re.fullmatch(r"You rolled [1-6]\.", text_in(await steps_of(await asked("dice"))))
