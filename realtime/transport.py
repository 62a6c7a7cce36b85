"""How a socket's bytes leave: straight into the server's transport where it offers that, else by ASGI's ``send``."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from realtime.delivery import Delivery

EXTENSION = "chat.transport"
TURN_BYTES = 32 * 1024


class Transport(Protocol):
    """The port. ``watch`` names who is called each time ``is_writable`` turns true."""

    is_writable: bool

    def watch(self, on_writable: Callable[[], None]) -> None:
        """Call ``on_writable`` whenever there is room again."""

    def write(self, delivery: Delivery) -> None:
        """Take a delivery; whoever writes while it is not writable adds to what waits in memory."""

    def close(self, code: int) -> None:
        """Say goodbye behind what was written."""

    def abort(self) -> None:
        """Drop the line and what waits, where the server can."""

    async def end(self) -> None:
        """Let go of what this holds; the line is gone."""


class DirectTransport:
    """The server's protocol takes finished frames (ASGI extension ``chat.transport``): no task.

    What one turn of the loop brings for a reader goes out together at its end: acks and entries of one commit are one
    write, which costs as much as all the rest of a delivery. More than `TURN_BYTES` does not wait for the end.
    """

    def __init__(self, extension: Mapping[str, Any], *, takes_arrays: bool) -> None:
        self.is_writable = True
        self._loop = asyncio.get_running_loop()
        self._abort = extension["abort"]
        self._close = extension["close"]
        self._write = extension["write"]
        self._takes_arrays = takes_arrays
        self._on_writable: Callable[[], None] = lambda: None
        self._pending: list[bytes] = []
        self._size = 0
        extension["watch"](self._writable)

    def watch(self, on_writable: Callable[[], None]) -> None:
        """See :class:`Transport`."""
        self._on_writable = on_writable

    def _writable(self, is_writable: bool) -> None:
        self.is_writable = is_writable
        if is_writable:
            self._on_writable()

    def write(self, delivery: Delivery) -> None:
        """See :class:`Transport`."""
        frames = delivery.arrays if self._takes_arrays else delivery.single
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(frames)
        self._size += len(frames)
        if self._size > TURN_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Write what this turn brought."""
        if not self._pending:  # it was too much to wait
            return
        frames = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._drop()
        self._write(frames)

    def _drop(self) -> None:
        self._pending.clear()
        self._size = 0

    def close(self, code: int) -> None:
        """See :class:`Transport`."""
        self._flush()
        self._close(code)

    def abort(self) -> None:
        """See :class:`Transport`."""
        self._drop()
        self._abort()

    async def end(self) -> None:
        """See :class:`Transport`."""
        self._drop()


class ASGITransport:
    """For any other server: one task that awaits ``send``, a message at a time. It cannot abort a stalled line."""

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]], *, takes_arrays: bool) -> None:
        self.is_writable = True
        self._send = send
        self._takes_arrays = takes_arrays
        self._messages: deque[dict[str, Any]] = deque()  # one delivery and a goodbye: nothing else comes unasked
        self._wake = asyncio.Event()
        self._on_writable: Callable[[], None] = lambda: None
        self._task = asyncio.create_task(self._run(), name="socket-writer")

    def watch(self, on_writable: Callable[[], None]) -> None:
        """See :class:`Transport`."""
        self._on_writable = on_writable

    def write(self, delivery: Delivery) -> None:
        """See :class:`Transport`."""
        texts = delivery.texts(as_arrays=self._takes_arrays)
        self._put(*({"type": "websocket.send", "text": text} for text in texts))

    def close(self, code: int) -> None:
        """See :class:`Transport`."""
        self._put({"type": "websocket.close", "code": code, "reason": ""})

    def abort(self) -> None:
        """See :class:`Transport`."""
        self._task.cancel()

    def _put(self, *messages: dict[str, Any]) -> None:
        self._messages.extend(messages)
        self.is_writable = False
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._messages:
                await self._send(self._messages.popleft())
            self.is_writable = True
            self._on_writable()

    async def end(self) -> None:
        """See :class:`Transport`."""
        self._task.cancel()
        # Whatever a server raises for a line that is gone.
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task


def transport_for(
    scope: Mapping[str, Any], send: Callable[[dict[str, Any]], Awaitable[None]], *, takes_arrays: bool
) -> Transport:
    """The best that the server of this socket offers."""
    extension = scope.get("extensions", {}).get(EXTENSION)
    if extension is None:
        return ASGITransport(send, takes_arrays=takes_arrays)
    return DirectTransport(extension, takes_arrays=takes_arrays)
