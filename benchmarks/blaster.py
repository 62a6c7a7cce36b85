"""A server that does nothing but send: what it gets through is what the load client can take.

It speaks as much of the product's protocol as the client needs. A first message begins the blast: numbered messages of
the product's size, the same bytes to every socket, as fast as the sockets take them. With ``echo`` each message is
answered with its ack instead. `python -m benchmarks.blaster PORT lone|coalesced|arrays|echo`
"""

import asyncio
import sys
from typing import cast

import orjson
import uvloop

from benchmarks.wire import header
from realtime.delivery import wire

AT_ONCE = {"lone": 1, "coalesced": 20, "arrays": 20}
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
CONNECTED = wire(orjson.dumps({"type": "connected", "current_sequence_id": 0}))
MASK_BYTES = 4
BODY = b"x" * 600  # with it a frame is about as long as one of the product's


class Blast:
    """The sockets and the number reached."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.sockets: list[Peer] = []
        self.paused = 0
        self.number = 0
        self.is_going = False

    def go(self) -> None:
        """Send the next messages to all, unless one of them has no room, and go on in the loop's next turn."""
        if self.paused or not self.sockets:
            self.is_going = False
            return
        self.is_going = True
        frames = [self.message() for _ in range(AT_ONCE[self.kind])]
        together = [b"[%b]" % b",".join(frames)] if self.kind == "arrays" else frames
        data = b"".join(map(wire, together))
        for socket in self.sockets:
            socket.transport.write(data)
        asyncio.get_running_loop().call_soon(self.go)

    def message(self) -> bytes:
        """The next message."""
        self.number += 1
        return b'{"type":"message","sequence_id":%d,"message_id":"blast-%d","html":"%b"}' % (
            self.number,
            self.number,
            BODY,
        )


class Peer(asyncio.Protocol):
    """One socket."""

    transport: asyncio.Transport

    def __init__(self, blast: Blast) -> None:
        self._blast = blast
        self._is_open = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """One fewer."""
        if self in self._blast.sockets:
            self._blast.sockets.remove(self)

    def data_received(self, data: bytes) -> None:
        """The request, or messages."""
        if not self._is_open:
            self._is_open = True
            self.transport.write(ACCEPTED + CONNECTED)
            self._blast.sockets.append(self)
        elif self._blast.kind == "echo":
            self._answer(self._rest + data)
        elif not self._blast.is_going:
            self._blast.go()

    def pause_writing(self) -> None:
        """No room: everybody waits."""
        self._blast.paused += 1

    def resume_writing(self) -> None:
        """Room again."""
        self._blast.paused -= 1
        if not self._blast.paused and not self._blast.is_going:
            self._blast.go()

    def _answer(self, data: bytes) -> None:
        """Ack every message; the client's mask is zeros."""
        position, answers = 0, []
        while position < len(data):
            start, end = header(data, position)
            if not end or end + MASK_BYTES > len(data):
                break
            position = end + MASK_BYTES
            key = data[start:position].rpartition(b'"message_id":"')[2].rstrip(b'"}')
            answers.append(wire(b'{"type":"message_ack","message_id":"%b"}' % key))
        self._rest = data[position:]
        self.transport.write(b"".join(answers))


async def serve(port: int, kind: str) -> None:
    """Serve until killed."""
    blast = Blast(kind)
    server = await asyncio.get_running_loop().create_server(lambda: Peer(blast), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
