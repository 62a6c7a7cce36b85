"""What waits for one reader: bounded in bytes and in time. Without a task of its own."""

import asyncio
from collections import deque
from collections.abc import Callable
from uuid import UUID

from realtime.conf import conf
from realtime.delivery import Delivery
from realtime.transport import Transport


class Outbox:
    """Hands deliveries to a transport in order; what the transport has no room for waits here.

    A reader that makes no room for ``send_seconds`` is cut, and so is one that does not take a goodbye in time.
    """

    def __init__(self, transport: Transport, on_cut: Callable[[], None]) -> None:
        self.closed = asyncio.Event()
        self._transport = transport
        self._on_cut = on_cut
        self._waiting: deque[Delivery] = deque()
        self._size = 0
        self._drained = asyncio.Event()
        self._drained.set()
        self._goodbye: int | None = None
        self._deadline: asyncio.TimerHandle | None = None
        transport.watch(self._flush)

    def put(self, delivery: Delivery) -> bool:
        """Send, now or as soon as there is room; False if too much waits already, and then nothing was taken."""
        if self._transport.is_writable and not self._waiting:
            self._transport.write(delivery)
            return True
        if not self.has_room(delivery):
            return False
        self._waiting.append(delivery)
        self._size += delivery.size
        self._drained.clear()
        if self._deadline is None:
            self._expect(conf.send_seconds)
        return True

    def has_room(self, delivery: Delivery) -> bool:
        """Whether :meth:`put` would take it."""
        return not self._waiting or self._size + delivery.size <= conf.outbox_bytes

    def withdraw(self, conversation: UUID) -> None:
        """Forget what waits of a conversation."""
        if self._goodbye is None and self._waiting:
            self._waiting = deque(each for each in self._waiting if each.conversation != conversation)
            self._size = sum(each.size for each in self._waiting)
            self._note_progress()

    async def drained(self) -> None:
        """Wait until nothing waits."""
        await self._drained.wait()

    def drop(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._size = 0

    def finish(self, last: Delivery, code: int) -> None:
        """What waits, then ``last``, then the close code; cut if that takes longer than ``close_seconds``."""
        self._goodbye = code
        self._waiting.append(last)
        self._expect(conf.close_seconds)
        if self._transport.is_writable:
            self._flush()

    def stop(self) -> None:
        """The line is gone."""
        if self._deadline is not None:
            self._deadline.cancel()
        self.drop()
        self._drained.set()
        self.closed.set()

    def _expect(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._cut)

    def _flush(self) -> None:
        """The transport has room."""
        if self.closed.is_set():
            return
        while self._waiting and self._transport.is_writable:
            delivery = self._waiting.popleft()
            self._size -= delivery.size
            self._transport.write(delivery)
        if self._goodbye is None:
            self._note_progress()
        elif not self._waiting and self._transport.is_writable:
            self._transport.close(self._goodbye)
            self.stop()

    def _note_progress(self) -> None:
        if self._waiting:
            self._expect(conf.send_seconds)
            return
        self._drained.set()
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self._on_cut()
        self._transport.abort()
        self.stop()
