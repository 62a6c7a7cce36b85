"""A WebSocket client that costs little: no task, no queue, no copy of what is only compared.

What a socket does with a text is decided by subclasses (see :mod:`benchmarks.sockets`).
"""

import asyncio
import base64
import secrets
from typing import cast

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
# A client masks its frames (RFC 6455, section 5.3); with a mask of zeros the payload stays as it is, and the server's
# work the same.
_NO_MASK = b"\0\0\0\0"


class HandshakeRefused(Exception):
    """The server did not answer 101; the message holds what it said."""


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One masked frame of at most 64 KiB."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, 0x80 | size)) + _NO_MASK + payload
    return bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big") + _NO_MASK + payload


def upgrade_request(host: str, path: str, headers: dict[str, str]) -> bytes:
    """The request that opens a socket."""
    fields = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        **headers,
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def header(data: bytes, start: int) -> tuple[int, int]:
    """Where the payload of the frame at ``start`` begins and ends; (0, 0) if its header is not all there.

    Frames with a mask have four bytes between the two.
    """
    available = len(data) - start
    if available < 2:
        return 0, 0
    size = data[start + 1] & 0x7F
    if size < 126:
        return start + 2, start + 2 + size
    if size == 126:
        if available < 4:
            return 0, 0
        return start + 4, start + 4 + (data[start + 2] << 8 | data[start + 3])
    if available < 10:
        return 0, 0
    return start + 10, start + 10 + int.from_bytes(data[start + 2 : start + 10], "big")


class ClientSocket(asyncio.Protocol):
    """One client connection. ``ready`` is done once messages will come, and fails if the server refuses."""

    transport: asyncio.Transport

    def __init__(self, request: bytes) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.bytes_received = 0
        self._request = request
        self._is_open = False
        self._parts: list[bytes] = []
        self._missing = 0
        self._close_code = 1006

    # --- for subclasses -----------------------------------------------------------------------------------------------

    def opened(self) -> None:
        """The server accepted."""
        self.ready.set_result(None)

    def skip_known(self, data: bytes, position: int) -> int:
        """Move over frames that are known byte for byte; returns where the first other one begins."""
        return position

    def received(self, payload: bytes, frame: bytes) -> None:
        """One text message, and the bytes it came as."""
        raise NotImplementedError

    # --- what servers of load use -------------------------------------------------------------------------------------

    def write(self, payload: bytes) -> None:
        """Send one text message."""
        self.transport.write(client_frame(payload))

    def close(self) -> None:
        """Drop the line."""
        self.transport.abort()

    # --- the protocol -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.ready.done():
            self.ready.set_exception(HandshakeRefused(f"closed with {self._close_code} before it was ready"))
        if not self.closed.done():
            self.closed.set_result(self._close_code)

    def data_received(self, data: bytes) -> None:
        """Take what came; the beginning of a frame waits for its rest."""
        self.bytes_received += len(data)
        if self._parts:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._parts)
            self._parts.clear()
        if not self._is_open:
            data = self._open(data)
        self._take(data)

    def _open(self, data: bytes) -> bytes:
        """Read the answer to the upgrade; returns what follows it."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._keep(data, 1)
            return b""
        if not head.startswith(b"HTTP/1.1 101"):
            if not self.ready.done():
                self.ready.set_exception(HandshakeRefused((head + rest)[:500].decode(errors="replace")))
            self.transport.abort()
            return b""
        self._is_open = True
        self.opened()
        return rest

    def _take(self, data: bytes) -> None:
        position, size = 0, len(data)
        while position < size:
            position = self.skip_known(data, position)
            if position == size:
                return
            start, end = header(data, position)
            if not end or end > size:
                self._keep(data[position:], end - size if end else 1)
                return
            self._frame(data[position] & 0x0F, data[start:end], data[position:end])
            position = end

    def _keep(self, beginning: bytes, missing: int) -> None:
        self._parts.append(beginning)
        self._missing = missing

    def _frame(self, opcode: int, payload: bytes, frame: bytes) -> None:
        if opcode == TEXT:
            self.received(payload, frame)
        elif opcode == PING:
            self.transport.write(client_frame(payload, PONG))
        elif opcode == CLOSE:
            self._close_code = int.from_bytes(payload[:2], "big") if payload else 1005
            self.transport.close()
