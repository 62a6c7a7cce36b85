"""From whoever makes steps in a task of its own to whoever takes them, one at a time and no faster than they are taken.

A model's library opens cancel scopes and connections, which have to be left by the task that entered them; an async
generator gives no such promise, as anybody may close it. So the work has its own task, owned by the generator: closing
or cancelling the generator cancels the task and waits for it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from agents.steps import Step

CANCEL_SECONDS = 1.0
_PIECES = 32

_leaving: set[asyncio.Task[None]] = set()


class Relay:
    """Steps on their way."""

    def __init__(self) -> None:
        # Without a bound of its own, so that the end can always be said; emit() keeps it short.
        self.queue: asyncio.Queue[Step | None] = asyncio.Queue()

    async def emit(self, step: Step) -> None:
        """Pass a step on; waits for the taker when too many wait to be taken."""
        self.queue.put_nowait(step)
        if self.queue.qsize() >= _PIECES:
            await self.queue.join()

    async def hand_over(self, step: Step) -> None:
        """Pass a step on and return when its taker came back for the next one: what is done with it is done."""
        self.queue.put_nowait(step)
        await self.queue.join()


async def relayed(produce: Callable[[Relay], Awaitable[None]]) -> AsyncGenerator[Step]:
    """Yield what ``produce`` emits; raises what it raises."""
    relay = Relay()
    task = asyncio.create_task(_produce(produce, relay))
    try:
        while (step := await relay.queue.get()) is not None:
            yield step
            relay.queue.task_done()
        await task
    finally:
        await _end(task)


async def _produce(produce: Callable[[Relay], Awaitable[None]], relay: Relay) -> None:
    try:
        await produce(relay)
    finally:
        relay.queue.put_nowait(None)


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel the task and wait for it, within a bound: what takes longer to clean up does it by itself."""
    if task.done():
        return
    task.cancel()
    _leaving.add(task)
    task.add_done_callback(_left)
    await asyncio.wait({task}, timeout=CANCEL_SECONDS)


def _left(task: asyncio.Task[None]) -> None:
    _leaving.discard(task)
    if not task.cancelled():
        task.exception()  # read, so that it is not reported as never retrieved: nobody waits for it any more
