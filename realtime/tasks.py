"""The background tasks of a process: held on to, their failures logged, the periodic ones out of step with others."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from redis import RedisError

from participants.errors import ChatError

logger = logging.getLogger(__name__)

# What a check may meet that its next run may not: the database, or the presence store, does not answer.
PASSING = (ChatError, RedisError, OSError)


class Tasks:
    """Tasks of one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` as a task that is held on to and whose failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("a task of the hub failed", exc_info=error)

    def every(self, seconds: Callable[[], float], check: Callable[[], Awaitable[None]]) -> None:
        """Run ``check`` for ever, jittered so that processes do not beat in step; a failure waits for the next time."""
        self.own(self._repeat(seconds, check))

    async def _repeat(self, seconds: Callable[[], float], check: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds() * random.uniform(0.85, 1.0))  # noqa: S311 - no secret
            try:
                await check()
            except PASSING as error:
                logger.warning("check put off", extra={"check": check.__name__, "error": type(error).__name__})
            except Exception:
                logger.exception("check failed", extra={"check": check.__name__})

    def early(self, check: Coroutine[Any, Any, None]) -> None:
        """Run a check ahead of its time: what it cannot do now its next regular run does."""
        self.own(_quietly(check))


async def _quietly(check: Awaitable[None]) -> None:
    try:
        await check
    except PASSING:
        logger.info("early check put off to the next regular one")
