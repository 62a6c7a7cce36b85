"""Questions to agents of a real conversation, and their answers as lists of steps."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from uuid import uuid4

from agents.answers import answer
from agents.models import Agent
from agents.steps import AnswerFailed, Line, Question, Step, TextDelta, ToolCall, ToolResult
from agents.tools import TOOLS
from conversations.models import Conversation, Event
from tests import personas


def agent_in(conversation: Conversation, provider: str = "builtin", **fields) -> Agent:
    """An agent that is a member."""
    who = personas.bring_in(conversation, who=personas.agent(display_name="Helper"))
    return Agent.objects.create(participant=who, provider=provider, **fields)


def question_of(agent: Agent, asked: Event, **fields) -> Question:
    """What the agent is asked by a message, with all built-in tools."""
    assert asked.author is not None
    return Question(
        **{
            "run": uuid4(),
            "agent": agent.pk,
            "conversation": asked.conversation_id,
            "provider": agent.provider,
            "model": agent.model,
            "instructions": agent.instructions,
            "tools": list(TOOLS),
            "lines": [Line(asked.sequence, "user", asked.author.username, asked.content)],
            "first": 1,
            "up_to": asked.sequence,
        }
        | fields
    )


def resumed(question: Question, *done: ToolCall | ToolResult) -> Question:
    """The same question after an attempt that died."""
    return replace(question, done=done)


async def steps_of(question: Question) -> list[Step]:
    """All steps, whatever comes; raises AnswerFailed."""
    async with asyncio.timeout(60), aclosing(answer(question)) as steps:
        return [step async for step in steps]


async def failure_of(question: Question) -> AnswerFailed:
    """How the answer failed."""
    try:
        steps = await steps_of(question)
    except AnswerFailed as failure:
        return failure
    raise AssertionError(f"it was answered: {steps}")


def text_in(steps: list[Step]) -> str:
    """The answer."""
    return "".join(step.text for step in steps if isinstance(step, TextDelta))


def calls_in(steps: list[Step]) -> list[tuple[str, dict]]:
    """Which tools were called with what."""
    return [(step.tool, dict(step.arguments)) for step in steps if isinstance(step, ToolCall)]


def results_in(steps: list[Step]) -> list[ToolResult]:
    """What they gave."""
    return [step for step in steps if isinstance(step, ToolResult)]
