"""An agent on llama.cpp's own server, which nobody here wrote, with a model of random weights."""

import asyncio
from contextlib import aclosing

import pytest
from asgiref.sync import sync_to_async

from agents import answers
from agents.steps import TextDelta, Usage
from agents.tools import TOOLS
from tests.agents.asking import agent_in, failure_of, question_of, steps_of, text_in
from tests.agents.llama_server import TOKENS
from tests.agents.programs import Program
from tests.personas import conversation_of, person, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("closing_connections")]


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    directory = tmp_path_factory.mktemp("llama")
    with Program(directory, "llama_server.py", str(directory / "tiny.gguf")) as started:
        started.wait_for_answer("/health")
        yield started


@pytest.fixture
def asked(llama):
    answers._breakers.clear()

    @sync_to_async
    def ask(content="hello", **fields):
        ada = person()
        conversation = conversation_of(ada)
        agent = agent_in(conversation, "local", base_url=f"{llama.url}/v1", model="tiny")
        return question_of(agent, say(ada, conversation, content), **{"tools": []} | fields)

    return ask


async def test_its_words_come_one_by_one_with_its_count_of_tokens(asked):
    steps = await steps_of(await asked())
    assert {type(step) for step in steps[:-1]} == {TextDelta}
    assert len(steps) > TOKENS // 2
    assert len(text_in(steps).split()) == TOKENS
    usage = steps[-1]
    assert isinstance(usage, Usage)
    assert usage.tokens > TOKENS
    assert usage.model == "tiny.gguf"  # and not where it is


async def test_it_takes_the_schemas_of_all_tools(asked):
    steps = await steps_of(await asked(tools=list(TOOLS)))
    assert isinstance(steps[-1], Usage)


async def test_a_context_that_is_too_long_has_its_code(asked):
    failure = await failure_of(await asked("word " * 1_900))
    assert failure.code == "context_too_long"


async def test_answers_at_once_and_answers_that_are_stopped(asked):
    questions = [await asked() for _ in range(4)]
    async with aclosing(answers.answer(questions[0])) as steps:
        async for _ in steps:
            break
    whole = await asyncio.gather(*(steps_of(question) for question in questions[1:]))
    assert [len(text_in(steps).split()) for steps in whole] == [TOKENS] * 3
