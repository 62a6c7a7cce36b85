"""Tools of MCP servers, over standard streams and over HTTP, and what happens when such a server misbehaves."""

import asyncio
import os
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from agents import answers
from agents.models import McpServer
from agents.steps import ToolCall, ToolResult
from tests.agents.asking import agent_in, calls_in, question_of, results_in, steps_of, text_in
from tests.agents.programs import HERE, Program
from tests.engines.process import descendants
from tests.personas import conversation_of, person, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("closing_connections")]

PROGRAM = str(HERE / "tool_server.py")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("scripted"), "scripted_server.py") as started:
        yield started


@pytest.fixture(scope="module")
def http_server(tmp_path_factory):
    with Program(tmp_path_factory.mktemp("tools"), "tool_server.py") as started:
        yield started


@pytest.fixture(autouse=True)
def allowed(settings, monkeypatch):
    settings.CHAT_MCP_PROGRAMS = sys.executable
    settings.CHAT_MCP_CONNECT_SECONDS = 30.0  # the machine may be busy, and a program takes a second
    monkeypatch.setenv("CALCULATOR_TOKEN", "t-1")
    answers._breakers.clear()


@pytest.fixture
def asked(models):
    @sync_to_async
    def ask(tool, **row):
        ada = person()
        conversation = conversation_of(ada)
        agent = agent_in(conversation, "local", base_url=f"{models.url}/v1", model=f"mcp/{tool}")
        agent.mcp_servers.add(McpServer.objects.create(**{"name": "calculator"} | row))
        return question_of(agent, say(ada, conversation, "what is 19 and 23?"))

    return ask


def over_stdio(**row):
    return {"transport": "stdio", "command": sys.executable, "arguments": [PROGRAM, "stdio"]} | row


def over_http(server, **row):
    return {"transport": "http", "url": f"{server.url}/mcp"} | row


@pytest.fixture(params=["stdio", "http"])
def row(request):
    return over_stdio() if request.param == "stdio" else over_http(request.getfixturevalue("http_server"))


async def test_tools_of_a_server_are_called_under_its_name(asked, row):
    steps = await steps_of(await asked("calculator_add", **row))
    assert calls_in(steps) == [("calculator_add", {"a": 19, "b": 23})]
    (result,) = results_in(steps)
    assert (result.is_error, result.result) == (False, "42")
    assert text_in(steps) == "The answer is four. "


async def test_a_tool_that_fails_is_a_result(asked, http_server):
    (result,) = results_in(await steps_of(await asked("calculator_fail", **over_http(http_server))))
    assert result.is_error


async def test_a_tool_that_takes_too_long_is_a_result(asked, http_server):
    question = replace(await asked("calculator_sleep", **over_http(http_server)), tool_seconds=0.5)
    steps = await steps_of(question)
    (result,) = results_in(steps)
    assert (result.is_error, result.result) == (True, "The tool did not answer within 0.5 seconds.")
    assert text_in(steps)


async def test_a_long_result_is_cut(asked, http_server, settings):
    settings.CHAT_TOOL_CHARACTERS = 1_000
    (result,) = results_in(await steps_of(await asked("calculator_flood", **over_http(http_server))))
    assert len(result.result) < 1_100


async def test_only_tools_that_the_row_allows_are_there(asked, http_server):
    steps = await steps_of(await asked("calculator_crash", tools=["add"], **over_http(http_server)))
    assert calls_in(steps) == []
    assert text_in(steps)


async def test_a_server_that_dies_in_a_call_is_a_result(asked):
    steps = await steps_of(await asked("calculator_crash", **over_stdio()))
    (result,) = results_in(steps)
    assert result.is_error
    assert text_in(steps)


@pytest.mark.parametrize(
    "row",
    [{"transport": "http", "url": "http://127.0.0.1:9/mcp"}, over_stdio(command="/bin/sh"), over_stdio(command=""),
     over_stdio(arguments=["-c", "raise SystemExit"]), over_stdio(arguments=["-c", "print('no protocol')"]),
     over_stdio(environment=["NOT_THERE_AT_ALL"]), over_stdio(arguments=["-c", "import time; time.sleep(3600)"])],
    ids=["nobody-there", "not-allowed", "no-program", "ends-at-once", "no-protocol", "no-variable", "silent"],
)  # fmt: skip
async def test_a_server_that_is_down_is_told_and_the_answer_goes_on(asked, row, settings):
    settings.CHAT_MCP_CONNECT_SECONDS = 2.0
    steps = await steps_of(await asked("calculator_add", **row))
    call, result = steps[:2]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert (call.tool, result.is_error, call.call_id) == ("calculator", True, result.call_id)
    assert text_in(steps) == "The answer is four. "


async def test_a_program_sees_the_variables_that_its_row_names_and_ends_with_the_answer(asked, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "not for tools")
    (result,) = results_in(
        await steps_of(await asked("calculator_who", **over_stdio(environment=["CALCULATOR_TOKEN"])))
    )
    pid, _, seen = result.result.partition(" ")
    assert seen == "{'CALCULATOR_TOKEN': 't-1', 'SECRET_KEY': None, 'DATABASE_URL': None}"
    await gone(int(pid))


async def test_a_program_ends_when_the_answer_is_stopped(asked):
    question = await asked("calculator_sleep", **over_stdio())
    before = set(children())
    async with aclosing(answers.answer(question)) as steps:
        async for step in steps:
            if isinstance(step, ToolCall):
                break
        (pid,) = set(children()) - before
    await gone(pid)


def children():
    return [pid for pid in descendants(os.getpid()) if b"tool_server.py\0stdio" in command_of(pid)]


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def gone(pid):
    for _ in range(400):
        if b"tool_server" not in command_of(pid):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the program is still there")
