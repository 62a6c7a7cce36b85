"""Functions that tests make agents of."""

import asyncio
import threading

from agents.steps import Question, Thinking, ToolCall, ToolResult, Usage
from conversations.models import Conversation


def echo(question: Question) -> str:
    return f"You said: {question.lines[-1].content}"


def title(question: Question) -> str:
    """Uses the database, on a thread of its own."""
    return Conversation.objects.get(pk=question.conversation).title


async def later(question: Question) -> str:
    await asyncio.sleep(0)
    return "now"


async def stream(question: Question):
    yield Thinking("I shall count.")
    yield ToolCall("c", "count", {"to": 2})
    yield ToolResult("c", "count", "1 2", is_error=False, duration_ms=0)
    for number in range(3):
        yield f"{number} "
    yield Usage(7, "counter-1")


def silence(question: Question) -> None:
    return None


def failing(question: Question) -> str:
    raise RuntimeError("password=hunter2")


async def failing_late(question: Question):
    yield "So far"
    raise RuntimeError("password=hunter2")


async def odd(question: Question):
    yield 42


async def endless(question: Question):
    while True:
        yield "tick "
        await asyncio.sleep(0.01)


begun, release = threading.Event(), threading.Event()


def sleepy(question: Question) -> str:
    """Goes on until it is released."""
    begun.set()
    release.wait(60)
    return "late"


not_callable = 3
