"""Database work of sockets: one call a command, on threads of our own, bounded in number, queue and time.

Django's own bridge would run all of it on one thread for the whole process, and hop once a query.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync
from django.db import DatabaseError, InterfaceError

from participants.errors import LimitExceeded, Unavailable
from realtime import metrics
from realtime.conf import conf

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# Also what keeps the tasks alive that their callers have given up waiting for.
_waiting: set[asyncio.Future[Any]] = set()


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=conf.database_threads, thread_name_prefix="realtime-database")


async def run(service: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Run ``service`` in a thread and wait for it.

    Raises what it raises; LimitExceeded ``queue_full`` when too many wait, and Unavailable when the database does not
    answer or the time is up. Then the outcome is unknown: the call goes on, and a repeated send finds what it did.
    """
    if len(_waiting) >= conf.queued_commands:
        metrics.refusals.labels("queue_full").inc()
        raise LimitExceeded(
            "Too much is waiting to be stored right now. Try again in a moment; nothing is lost.",
            code="queue_full",
            retry_after=1,
            queue_size=len(_waiting),
            queue_limit=conf.queued_commands,
        )
    call = DatabaseSyncToAsync(service, thread_sensitive=False, executor=_executor())
    task = asyncio.ensure_future(call(*args, **kwargs))
    _waiting.add(task)
    metrics.queue_depth.set(len(_waiting))
    task.add_done_callback(_done)
    try:
        # Shielded: a thread cannot be stopped, so neither is the task that carries its result.
        async with asyncio.timeout(conf.command_seconds):
            return await asyncio.shield(task)
    except (DatabaseError, InterfaceError, TimeoutError) as error:
        raise Unavailable from error


def _done(task: asyncio.Future[Any]) -> None:
    _waiting.discard(task)
    metrics.queue_depth.set(len(_waiting))
    if not task.cancelled():
        task.exception()  # read, so that an abandoned one is not reported as never retrieved
