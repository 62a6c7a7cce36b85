"""Clients of the product as outsiders see it: REST by httpx, sockets by websockets. Every frame is kept and checked."""

import asyncio
import json
import socket as sockets
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from conversations import events
from realtime import frames

ENTRY_TYPES = {events.type_of(entry) for entry in events.ENTRIES}
TRANSIENT = {events.type_of(event): event for event in events.TRANSIENT}
TIMEOUT = 20.0

Frame = dict[str, Any]


def bearer(access: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {access}"}


def check(frame: Frame) -> None:
    """Raise unless a frame is one that the protocol declares."""
    if frame["type"] in ENTRY_TYPES:
        events.ENTRY.validate_python(frame)
    elif frame["type"] in TRANSIENT:
        TRANSIENT[frame["type"]].model_validate(frame)
    else:
        frames.SERVER_FRAME.validate_python(frame)
    for entry in frame.get("events", []) if frame["type"] == "sync" else []:
        events.ENTRY.validate_python(entry)


class SocketClient:
    """One socket. Everything received is in ``frames``; ``entries`` are those of the log, from ``sync`` or live."""

    def __init__(self, url: str, access: str | None = None, **options: Any) -> None:
        self.url = url
        self.frames: list[Frame] = []
        self.close_code: int | None = None
        self._options = {"compression": None, "max_size": None, **options}
        if access:
            self._options["additional_headers"] = bearer(access) | self._options.get("additional_headers", {})
        self._changed = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._read = 0
        self.connection: ClientConnection

    async def __aenter__(self) -> Self:
        self.connection = await connect(self.url, **self._options)
        self._reader = asyncio.create_task(self._receive())
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.connection.close()
        assert self._reader is not None
        await self._reader

    async def _receive(self) -> None:
        try:
            async for raw in self.connection:
                data = json.loads(raw)
                for frame in data if isinstance(data, list) else [data]:
                    check(frame)
                    self.frames.append(frame)
                self._changed.set()
        except ConnectionClosed:
            pass
        self.close_code = self.connection.close_code
        self._changed.set()

    def stop_reading(self) -> None:
        """Leave what comes in the transport, as a frozen client does."""
        if self._reader is not None:
            self._reader.cancel()

    def read_on(self) -> None:
        """Read again after :meth:`stop_reading`."""
        self._reader = asyncio.create_task(self._receive())

    # --- sending ------------------------------------------------------------------------------------------------------

    async def send(self, kind: str, **fields: Any) -> None:
        """Send one command."""
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def send_raw(self, raw: str | bytes) -> None:
        """Send whatever it is."""
        await self.connection.send(raw)

    async def say(self, content: str, message_id: str | None = None, **fields: Any) -> Frame:
        """Send a message and wait for its ack."""
        key = message_id or uuid.uuid4().hex
        await self.send("message", content=content, message_id=key, **fields)
        return await self.until(lambda frame: frame["type"] == "message_ack" and frame["message_id"] == key)

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def until(self, wanted: Callable[[Frame], bool], *, timeout: float = TIMEOUT) -> Frame:
        """The first frame not yet waited for that is wanted; raises AssertionError when none comes."""
        seen = self._read

        async def find() -> Frame:
            nonlocal seen
            while True:
                while seen < len(self.frames):
                    frame = self.frames[seen]
                    seen += 1
                    if wanted(frame):
                        self._read = seen
                        return frame
                assert self.close_code is None, f"closed with {self.close_code} while waiting; got {self.frames[-3:]}"
                self._changed.clear()
                await self._changed.wait()

        try:
            return await asyncio.wait_for(find(), timeout)
        except TimeoutError:
            raise AssertionError(f"not received in {timeout} s; the last were {self.frames[-5:]}") from None

    async def until_following(self, conversation: str) -> Frame:
        """Wait for the ``connected`` of a conversation on a socket for many; other frames about it may come first."""
        return await self.until(
            lambda frame: frame["type"] == "connected" and frame.get("conversation_id") == conversation
        )

    async def until_type(self, kind: str, *, timeout: float = TIMEOUT) -> Frame:
        """The next frame of a type."""
        return await self.until(lambda frame: frame["type"] == kind, timeout=timeout)

    async def until_entry(self, sequence: int, *, timeout: float = TIMEOUT) -> None:
        """Until the log up to ``sequence`` is here."""

        async def reached() -> None:
            while not self.entries or self.entries[-1]["sequence_id"] < sequence:
                assert self.close_code is None, f"closed with {self.close_code} at {self.sequences[-3:]}"
                self._changed.clear()
                await self._changed.wait()

        try:
            await asyncio.wait_for(reached(), timeout)
        except TimeoutError:
            raise AssertionError(f"not at {sequence} in {timeout} s but at {self.sequences[-5:]}") from None

    async def until_closed(self, *, timeout: float = TIMEOUT) -> int:
        """The close code."""
        assert self._reader is not None
        await asyncio.wait_for(asyncio.shield(self._reader), timeout)
        assert self.close_code is not None
        return self.close_code

    # --- what came ----------------------------------------------------------------------------------------------------

    @property
    def entries(self) -> list[Frame]:
        """Entries of the log in the order of arrival."""
        found: list[Frame] = []
        for frame in self.frames:
            if frame["type"] == "sync":
                found.extend(frame["events"])
            elif "sequence_id" in frame and frame["type"] in ENTRY_TYPES:
                found.append(frame)
        return found

    @property
    def sequences(self) -> list[int]:
        """Their numbers."""
        return [entry["sequence_id"] for entry in self.entries]

    def of_type(self, kind: str) -> list[Frame]:
        """All frames of a type so far."""
        return [frame for frame in self.frames if frame["type"] == kind]


class RestClient(httpx.AsyncClient):
    """REST as one participant."""

    def __init__(self, url: str, access: str | None = None) -> None:
        super().__init__(base_url=url, headers=bearer(access) if access else {}, timeout=30)

    async def say(self, conversation: str, content: str, **fields: Any) -> httpx.Response:
        """Send a message."""
        return await self.post(f"/api/v1/conversations/{conversation}/messages", json={"content": content, **fields})

    async def log(self, conversation: str) -> list[Frame]:
        """The whole log, page by page."""
        found: list[Frame] = []
        while True:
            after = found[-1]["sequence_id"] if found else 0
            path = f"/api/v1/conversations/{conversation}/events"
            page = (await self.get(path, params={"after": after, "limit": 300})).json()
            found.extend(page["events"])
            if not page["has_more"]:
                return found


def socket_request(port: int, conversation: str, access: str) -> bytes:
    """What a client sends to this machine's server to have a socket opened."""
    return (
        f"GET /chat/ws/{conversation} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {access}\r\n\r\n"
    ).encode()


def unread_socket(port: int, conversation: str, access: str) -> sockets.socket:
    """A socket of this machine's server that is opened and never read from; raises ConnectionError if refused."""
    line = sockets.create_connection(("127.0.0.1", port))
    line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    line.sendall(socket_request(port, conversation, access))
    if line.recv(12) != b"HTTP/1.1 101":
        raise ConnectionError("the handshake of a stalled reader was refused")
    return line
