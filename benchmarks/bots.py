"""Functions that the workloads of agents make agents of; the last message of a question is their JSON settings."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from agents.steps import Question

BOOK_CHARACTERS = 10 * 1024 * 1024 - 1024
PAGE_CHARACTERS = 16 * 1024


def settings(question: Question) -> dict[str, Any]:
    """What the question says after the mention."""
    content = question.lines[-1].content
    return dict(json.loads(content[content.index("{") :]))


async def ticker(question: Question) -> AsyncIterator[str]:
    """The time, every so often: viewers can tell how old what they see is."""
    asked = settings(question)
    every, end = asked["every"], time.time() + asked["seconds"]
    due = time.time()
    while due < end:
        yield f"{time.time():.6f} "
        due += every
        await asyncio.sleep(max(0.0, due - time.time()))


async def worker(question: Question) -> AsyncIterator[str]:
    """So many pauses with a word after each; the last word is how long all of it took here."""
    asked = settings(question)
    begun = time.monotonic()
    for _ in range(asked["pieces"]):
        await asyncio.sleep(asked["pause"])
        yield "word "
    yield f"took {time.monotonic() - begun:.6f}"


async def book(question: Question) -> AsyncIterator[str]:
    """As much text as an answer may have, as fast as it is taken."""
    for _ in range(BOOK_CHARACTERS // PAGE_CHARACTERS):
        yield "lorem ipsum dol " * (PAGE_CHARACTERS // 16)
        await asyncio.sleep(0)
