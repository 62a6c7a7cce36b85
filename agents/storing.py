"""Database work of the engine: a few threads of its own, so that runs do not stand in the way of people's commands."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync
from django.db import InterfaceError, OperationalError

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

PAUSES = (0.1, 0.3, 1.0, 3.0)  # seconds between attempts while the database does not answer
THREADS = 2  # a process: of PostgreSQL's connections people's commands have the rest


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="agents-database")


async def stored(service: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Run ``service`` in a thread and wait for it; raises what it raises.

    A database that does not answer is asked again: services bear being called twice, as an outcome may be unknown.
    Who is cancelled waits no longer, but the call goes on: what it writes is guarded by the run's lock and attempt.
    """
    for pause in PAUSES:
        try:
            return await _once(service, *args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            logger.warning("database does not answer", extra={"error": type(error).__name__, "pause": pause})
            await asyncio.sleep(pause)
    return await _once(service, *args, **kwargs)


async def _once(service: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    call = DatabaseSyncToAsync(service, thread_sensitive=False, executor=_executor())
    task = asyncio.ensure_future(call(*args, **kwargs))
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # read, also where nobody waits
    return await asyncio.shield(task)
