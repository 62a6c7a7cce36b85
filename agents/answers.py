"""Answers to questions: whoever asks here gets steps or a failure with a stable code, whatever a provider does.

The library that talks to models takes a second to load. That happens in a thread, at the first question or at
``prepare``, so that neither the start of a server nor its event loop waits for it.
"""

import asyncio
import importlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import structlog

from agents.breaker import Breaker
from agents.conf import conf
from agents.steps import AnswerFailed, Question, Step, Usage
from realtime import database

logger = structlog.get_logger(__name__)

os.environ.setdefault("PYDANTIC_AI_NO_BANNER", "1")  # the library would greet whoever starts a server in a terminal

_LOGGED = 2_000

_breakers: dict[str, Breaker] = {}
_loaded: dict[str, Any] = {}


async def prepare() -> None:
    """Load what answers need. It is done once; a server calls this when it has nothing better to do."""
    await _module("agents.dialogue")


async def answer(question: Question) -> AsyncGenerator[Step]:
    """Yield the steps of an answer as they happen; the last is Usage. Raises AnswerFailed and nothing else.

    A tool is executed only when its caller came back for more after the ``ToolCall``. Close the generator
    (``contextlib.aclosing``) to stop it: that takes a second at most and leaves nothing behind.
    """
    failures = await _module("agents.failures")
    has_acted = False
    breaker = None
    try:
        source, address = await _source_of(question)
        breaker = _breaker_of(f"{question.provider} {address}")
        if not breaker.admits(time.monotonic()):
            raise failures.failure(failures.Code.UNAVAILABLE)
        async with aclosing(source) as steps:
            async for step in steps:
                has_acted = has_acted or not isinstance(step, Usage)
                yield step
    except AnswerFailed as failed:
        logger.info("answer_failed", run=str(question.run), provider=question.provider, code=failed.code)
        raise
    except Exception as error:
        refusal = failures.failure_of(error, has_acted=has_acted)
        if failures.is_known(error):
            said: dict[str, Any] = {"error": type(error).__name__, "reason": str(error)[:_LOGGED]}
        else:
            said = {"exc_info": True}
        logger.warning("answer_failed", run=str(question.run), provider=question.provider, code=refusal.code, **said)
        if breaker is not None and failures.blames_provider(error):
            breaker.failed(time.monotonic())
        raise refusal from error
    breaker.succeeded()


async def _source_of(question: Question) -> tuple[AsyncGenerator[Step], str]:
    """What makes the steps, and the address that it asks. A function has no rows to read."""
    if question.provider == "function":
        functions = await _module("agents.providers.function")
        return functions.steps(question), question.model
    dialogue, profiles = await _module("agents.dialogue"), await _module("agents.profiles")
    profile = await database.run(profiles.profile_of, question.agent)
    return dialogue.steps(question, profile), profile.base_url


def _breaker_of(key: str) -> Breaker:
    """One for each provider and address, in each process."""
    if key not in _breakers:
        _breakers[key] = Breaker(conf.breaker_failures, conf.breaker_window_seconds, conf.breaker_pause_seconds)
    return _breakers[key]


async def _module(name: str) -> Any:
    if name not in _loaded:
        _loaded[name] = await asyncio.to_thread(importlib.import_module, name)
    return _loaded[name]
