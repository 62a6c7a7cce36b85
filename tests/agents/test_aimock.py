"""Agents on aimock, a server of scripted models from npm: runs where Node is at hand and the package can be had.

``AIMOCK`` names its ``dist/cli.js`` where there is one; else it is installed for the session.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from agents import answers
from agents.steps import Thinking, Usage
from tests.agents.asking import agent_in, calls_in, failure_of, question_of, results_in, steps_of, text_in
from tests.agents.programs import Program
from tests.personas import conversation_of, person, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("closing_connections")]

PACKAGE = "@copilotkit/aimock"
VERSION = "1.43.0"
SECRET = "upstream says token=abc"
ERRORS = {"status-401": 401, "status-404": 404, "status-429": 429, "status-500": 500, "status-503": 503}
FIXTURES = [
    {"match": {"model": "plain"}, "response": {"content": "The answer is four."}, "chunkSize": 4},
    {"match": {"model": "reasoning"}, "response": {"reasoning": "Let me think.", "content": "It is four."}},
    {"match": {"model": "tools", "hasToolResult": False},
     "response": {"toolCalls": [{"name": "search_messages", "arguments": {"query": "tea"}}]}},
    {"match": {"model": "tools"}, "response": {"content": "Nobody spoke of tea."}},
    {"match": {"model": "cut"}, "response": {"content": "word " * 50}, "chunkSize": 5, "truncateAfterChunks": 10},
    {"match": {"model": "malformed"}, "response": {"content": "x"}, "chaos": {"malformedRate": 1}},
    {"match": {"model": "disconnect"}, "response": {"content": "x"}, "chaos": {"disconnectRate": 1}},
    *({"match": {"model": name}, "response": {"error": {"message": SECRET, "type": "x"}, "status": status}}
      for name, status in ERRORS.items()),
]  # fmt: skip


class Aimock(Program):
    """aimock with our fixtures."""

    def __init__(self, directory: Path, script: Path) -> None:
        super().__init__(directory, "aimock.py")
        self.script = script
        self.fixtures = directory / "fixtures.json"
        self.fixtures.write_text(json.dumps({"fixtures": FIXTURES}))

    def command(self) -> list[str]:
        return ["node", str(self.script), "--port", str(self.port), "--fixtures", str(self.fixtures)]


def script_in(directory: Path) -> Path:
    """The server's script; skips the tests where it cannot be had."""
    if given := os.environ.get("AIMOCK"):
        return Path(given)
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs Node, or AIMOCK with the path of aimock's dist/cli.js")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=20000"]
    command = ["npm", "install", "--prefix", str(directory), *options, f"{PACKAGE}@{VERSION}"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm does not give {PACKAGE}: {error}")
    return directory / "node_modules" / PACKAGE / "dist" / "cli.js"


@pytest.fixture(scope="module")
def aimock(tmp_path_factory):
    directory = tmp_path_factory.mktemp("aimock")
    with Aimock(directory, script_in(directory)) as started:
        yield started


@pytest.fixture
def asked(aimock):
    answers._breakers.clear()

    @sync_to_async
    def ask(model):
        ada = person()
        conversation = conversation_of(ada)
        agent = agent_in(conversation, "local", base_url=f"{aimock.url}/v1", model=model)
        return question_of(agent, say(ada, conversation, "what is two and two?"))

    return ask


async def test_text_in_pieces(asked):
    steps = await steps_of(await asked("plain"))
    assert text_in(steps) == "The answer is four."
    assert len(steps) > 4
    assert isinstance(steps[-1], Usage)


async def test_reasoning_is_a_thought(asked):
    steps = await steps_of(await asked("reasoning"))
    assert steps[0] == Thinking("Let me think.")
    assert text_in(steps) == "It is four."


async def test_a_tool_is_called_and_its_result_is_read(asked):
    steps = await steps_of(await asked("tools"))
    assert [name for name, _ in calls_in(steps)] == ["search_messages"]
    (result,) = results_in(steps)
    assert not result.is_error
    assert text_in(steps) == "Nobody spoke of tea."


@pytest.mark.parametrize(
    ("model", "codes"),
    [("status-401", {"provider_rejected_key"}), ("status-404", {"unknown_model"}),
     ("status-429", {"provider_rate_limited"}), ("status-500", {"provider_error"}),
     ("status-503", {"provider_unavailable"}), ("malformed", {"malformed_answer"}),
     ("cut", {"answer_interrupted", "provider_unavailable"}),  # what is sent last may be lost with the connection
     ("disconnect", {"provider_unavailable"})],
)  # fmt: skip
async def test_each_failure_has_its_code(asked, model, codes):
    failure = await failure_of(await asked(model))
    assert failure.code in codes
    assert SECRET not in failure.detail
