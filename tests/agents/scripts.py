"""Agents of the provider ``function`` for tests: what they do is in the message that they answer, as JSON behind it.

``{"thoughts": 2, "calls": 3, "text": "…", "times": 4, "pause": 0.01, "fail": "code", "retry": true, "file": "path"}``
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from agents.steps import AnswerFailed, Question, Step, TextDelta, Thinking, ToolCall, ToolResult, Usage


def order_in(question: Question) -> dict[str, Any]:
    """What the message asks for."""
    content = question.lines[-1].content
    order: dict[str, Any] = json.loads(content[content.index("{") :]) if "{" in content else {}
    return order


def note(path: str, line: str) -> None:
    """Add a line to a file."""
    with Path(path).open("a") as file:
        file.write(line)


async def obey(question: Question) -> AsyncGenerator[Step]:
    """Do what the message asks for; what an earlier attempt has done is not done again."""
    order = order_in(question)
    done = {step.call_id for step in question.done if isinstance(step, ToolResult)}
    pause = order.get("pause", 0)
    await asyncio.sleep(order.get("silence", 0))
    for number in range(order.get("thoughts", 0)):
        yield Thinking(f"thought {number}")
        await asyncio.sleep(pause)
    for number in range(order.get("calls", 0)):
        key = f"call-{number}"
        if key in done:
            continue
        yield ToolCall(key, "count", {"number": number}, f"Counting {number}")
        if path := order.get("file"):  # what was executed, once for each time
            note(path, f"{question.run} {key}\n")
        await asyncio.sleep(pause)
        yield ToolResult(key, "count", str(number), is_error=False, duration_ms=1)
    for _ in range(order.get("times", 1)):
        yield TextDelta(order.get("text", "word "))
        if pause:
            await asyncio.sleep(pause)
    if "fail" in order:
        raise AnswerFailed(order["fail"], "It was told to.", is_safe_to_retry=order.get("retry", False))
    yield Usage(order.get("tokens", 7), "script-1")


async def greet(question: Question) -> AsyncGenerator[Step]:
    """Mention whoever is named behind ``>``, and ask them to do the same to whom this was said to."""
    content = question.lines[-1].content
    other = content.rpartition(">")[2].strip()
    itself = content.partition("@")[2].partition(" ")[0]
    yield TextDelta(f"@{other} greet >{itself}")
    yield Usage(1, "script-1")


async def repeat(question: Question) -> AsyncGenerator[Step]:
    """Say everything that it was shown."""
    for line in question.lines:
        yield TextDelta(f"{line.content}\n")
        await asyncio.sleep(0.01)
    yield Usage(1, "script-1")
