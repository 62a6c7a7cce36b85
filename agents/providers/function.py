"""A plain Python callable as an agent: a function, sync or async, or an async generator. No model, no library.

It takes the :class:`~agents.steps.Question` and gives text, or steps of :mod:`agents.steps` for those who want to show
thoughts and tools. Giving nothing declines to answer. The agent's ``model`` is its dotted path, which the operator has
to allow (``CHAT_AGENT_FUNCTIONS``): rows of the admin must not be a way to call anything that can be imported.
"""

import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import cache
from typing import Any, get_args

import structlog
from channels.db import DatabaseSyncToAsync
from django.utils.module_loading import import_string

from agents.conf import conf
from agents.failures import Code, failure
from agents.steps import AnswerFailed, Question, Step, TextDelta, Usage

logger = structlog.get_logger(__name__)

_STEPS = get_args(Step)


async def steps(question: Question) -> AsyncGenerator[Step]:
    """What the function gives, as steps. Raises AnswerFailed."""
    function = _function_at(question.model)
    usage, has_answered = Usage(0, question.model), False
    try:
        async with aclosing(_given(function, question)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Usage):
                    usage = piece
                    continue
                step = _step(piece)
                has_answered = has_answered or isinstance(step, TextDelta)
                if step is not None:
                    yield step
    except AnswerFailed:
        raise
    except Exception as error:
        logger.exception("agent_function_failed", function=question.model, run=str(question.run))
        raise failure(Code.FUNCTION_FAILED) from error
    if not has_answered:
        raise failure(Code.DECLINED)
    yield usage


def is_allowed(path: str) -> bool:
    """Whether the setting has this path, or everything below a part of it (``bots.*``)."""
    entries = [entry.strip() for entry in conf.functions.split(",") if entry.strip()]
    return any(path == entry or (entry.endswith(".*") and path.startswith(entry[:-1])) for entry in entries)


def _function_at(path: str) -> Callable[[Question], Any]:
    """The callable. Raises AnswerFailed ``provider_not_configured`` for what is not allowed or not there."""
    if not is_allowed(path):
        raise failure(Code.NOT_CONFIGURED)
    try:
        function = import_string(path)
    except ImportError as error:
        logger.warning("agent_function_missing", function=path, exc_info=True)
        raise failure(Code.NOT_CONFIGURED) from error
    if not callable(function):
        raise failure(Code.NOT_CONFIGURED)
    called: Callable[[Question], Any] = function
    return called


async def _given(function: Callable[[Question], Any], question: Question) -> AsyncGenerator[Any]:
    """What it gives, one piece at a time. What is not async runs in a thread, which cannot be stopped."""
    is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    given = function(question) if is_async else await _in_thread(function, question)
    if isinstance(given, Awaitable):
        given = await given
    if not isinstance(given, AsyncIterable):
        yield given
        return
    try:
        async for piece in given:
            yield piece
    finally:
        if isinstance(given, AsyncGenerator):
            await given.aclose()


def _step(piece: Any) -> Step | None:
    """Text as a step; None for nothing."""
    if isinstance(piece, str):
        return TextDelta(piece) if piece else None
    if isinstance(piece, TextDelta) and not piece.text:
        return None
    if piece is None or isinstance(piece, _STEPS):
        return piece
    raise TypeError(f"an agent's function gave {type(piece).__name__}; it may give str and steps")


async def _in_thread(function: Callable[[Question], Any], question: Question) -> Any:
    # As with all threads that may use the database, connections are looked after; the threads are not the sockets'.
    return await DatabaseSyncToAsync(function, thread_sensitive=False, executor=_threads())(question)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=conf.function_threads, thread_name_prefix="agent-function")
