"""Server-sent events: a conversation over plain HTTP, to read only. A stream is a socket with another transport.

Who may have one is decided by the view (realtime.api) behind all that REST has in front of it. The view leaves a
:class:`Start` in the request's scope; once Django is done with the request, and its thread free again, the stream
itself runs here, on the event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from participants.authentication import Credential
from participants.presence import Connection
from realtime import replay, subscriptions
from realtime.conf import conf
from realtime.delivery import Delivery
from realtime.hub import hub
from realtime.socket import Socket
from realtime.transport import EXTENSION, ASGITransport

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

START = "chat.stream"
OVER = "chat.stream.over"  # the request was given up: a stream that is granted from here on nobody runs
HEARTBEAT = b":\n\n"


@dataclass(frozen=True, slots=True)
class Start:
    """A stream that was granted: its lease is taken."""

    credential: Credential
    connection: Connection
    found: replay.Snapshot
    cursor: int | None
    since: int  # what ``hub.controls`` was before the rest was read


class StreamTransport(ASGITransport):
    """Deliveries as parts of an HTTP response, and a comment when there is nothing to say."""

    def __init__(self, send: Send, response: Message, abort: Callable[[], None]) -> None:
        super().__init__(send, takes_arrays=False)
        self._abort_line = abort
        retry = b"retry: %d\n\n" % (conf.reconnect_seconds * 1000)
        self._put(response, {"type": "http.response.body", "body": retry, "more_body": True})
        self._schedule()

    def write(self, delivery: Delivery) -> None:
        """See :class:`realtime.transport.Transport`."""
        self._put({"type": "http.response.body", "body": delivery.events, "more_body": True})

    def close(self, code: int) -> None:
        """See :class:`realtime.transport.Transport`: the code is for sockets, ``closing`` has said why."""
        self._put({"type": "http.response.body", "body": b"", "more_body": False})

    def abort(self) -> None:
        """See :class:`realtime.transport.Transport`."""
        super().abort()
        self._abort_line()

    def _schedule(self) -> None:
        self._heartbeat = asyncio.get_running_loop().call_later(conf.stream_heartbeat_seconds, self._beat)

    def _beat(self) -> None:
        if self.is_writable:
            self._put({"type": "http.response.body", "body": HEARTBEAT, "more_body": True})
        self._schedule()

    async def end(self) -> None:
        """See :class:`realtime.transport.Transport`."""
        self._heartbeat.cancel()
        await super().end()


class Streams:
    """ASGI: runs what the wrapped application has granted."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on; hold the answer back that is to become a stream."""
        held: list[Message] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start" and START in scope and message["status"] == 200:
                held.append(message)
            elif not held:
                await send(message)

        try:
            await self.application(scope, receive, hold)
        finally:
            scope[OVER] = not held
            start: Start | None = scope.pop(START, None)
            if start is not None and not held:  # gone meanwhile, or refused by what is behind the view
                hub.presence.release(start.connection)
        if start is not None and held:
            abort = scope.get("extensions", {}).get(EXTENSION, {}).get("abort", lambda: None)
            await run(start, StreamTransport(send, _endless(held[0]), abort), receive)


def _endless(response: Message) -> Message:
    headers = [(name, value) for name, value in response["headers"] if name.lower() != b"content-length"]
    return response | {"headers": headers}


async def run(start: Start, transport: StreamTransport, receive: Receive) -> None:
    """A stream's life until either side ends it."""
    socket = Socket(
        connection=start.connection,
        credential=start.credential,
        conversation=start.found.conversation,
        transport=transport,
        takes_pages=False,
    )
    try:
        subscriptions.begin(socket, start.found, start.cursor, since=start.since)
        hub.add(socket)
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        hub.remove(socket)
        await socket.end()
