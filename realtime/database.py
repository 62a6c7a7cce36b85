"""Database work of sockets: one call a command, on threads of our own, bounded in number, queue and time.

Django's own bridge would run all of it on one thread for the whole process, and hop once a query; its parts for one
hop (a wrapper, a task, two futures chained) take longer than most of the work.
"""

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import cache, partial
from queue import SimpleQueue
from typing import Any, NamedTuple, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, close_old_connections

from participants.errors import LimitExceeded, Unavailable
from realtime import metrics
from realtime.conf import conf

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Call(NamedTuple):
    """Work for a thread, in the context of whoever wants it, and where its outcome goes."""

    work: Callable[[], Any]
    context: Context
    loop: asyncio.AbstractEventLoop
    outcome: asyncio.Future[Any]


class _Threads:
    """Threads that take calls from one queue. They last as long as the process, and so may their connections."""

    def __init__(self, count: int) -> None:
        self.waiting = 0  # of the loop alone: calls without an outcome, also those that nobody waits for any more
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._run, name=f"realtime-database-{number}", daemon=True).start()

    def put(self, call: _Call) -> None:
        """Have a call made; on the loop."""
        self.waiting += 1
        metrics.queue_depth.set(self.waiting)
        self._calls.put(call)

    def _run(self) -> None:
        while True:
            call = self._calls.get()
            result, error = None, None
            try:
                result = call.context.run(_worked, call.work)
            except BaseException as raised:  # noqa: BLE001 - it is its caller's, who waits for it on the loop
                error = raised
            call.loop.call_soon_threadsafe(self._answer, call.outcome, result, error)

    def _answer(self, outcome: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        self.waiting -= 1
        metrics.queue_depth.set(self.waiting)
        if outcome.done():  # its caller has given up
            return
        if error is None:
            outcome.set_result(result)
        else:
            outcome.set_exception(error)


def _worked(work: Callable[[], Any]) -> Any:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


@cache
def _threads() -> _Threads:
    return _Threads(conf.database_threads)


async def run(service: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """Run ``service`` in a thread and wait for it.

    Raises what it raises; LimitExceeded ``queue_full`` when too many wait, and Unavailable when the database does not
    answer or the time is up. Then the outcome is unknown: the call goes on, and a repeated send finds what it did.
    """
    threads = _threads()
    if threads.waiting >= conf.queued_commands:
        metrics.refusals.labels("queue_full").inc()
        raise LimitExceeded(
            "Too much is waiting to be stored right now. Try again in a moment; nothing is lost.",
            code="queue_full",
            retry_after=1,
            queue_size=threads.waiting,
            queue_limit=conf.queued_commands,
        )
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Result] = loop.create_future()
    threads.put(_Call(partial(service, *args, **kwargs), copy_context(), loop, outcome))
    try:
        async with asyncio.timeout(conf.command_seconds):
            return await outcome
    except (DatabaseError, InterfaceError, TimeoutError) as error:
        raise Unavailable from error
