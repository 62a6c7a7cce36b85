"""Frames on their way out: encoded once, however many sockets they go to. Pure.

A server frame is not masked (RFC 6455, section 5.1), so its bytes on the wire are the same for every reader.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson

from participants.encoding import encode

MESSAGE_BYTES = 1024 * 1024  # no message of ours is larger
_TEXT = 0x81  # FIN and opcode 1


def wire(payload: bytes) -> bytes:
    """One text message as one unmasked WebSocket frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 65_536:
        return b"".join((bytes((_TEXT, 126)), size.to_bytes(2, "big"), payload))
    return b"".join((bytes((_TEXT, 127)), size.to_bytes(8, "big"), payload))


def server_sent_event(payload: bytes) -> bytes:
    """One frame as an event: its type, its number if it has one, and itself on one line, as JSON of ours always is."""
    frame = orjson.loads(payload)
    number = b"id: %d\n" % frame["sequence_id"] if "sequence_id" in frame else b""
    return b"event: %b\n%bdata: %b\n\n" % (frame["type"].encode(), number, payload)


class Delivery:
    """Consecutive frames that go out together, ready for both kinds of clients; made on first use, then shared.

    ``conversation`` is the one whose readers alone may have them, if there is one.
    """

    def __init__(self, payloads: Sequence[bytes], conversation: UUID | None = None) -> None:
        self.payloads = payloads
        self.conversation = conversation
        self.size = sum(map(len, payloads))

    @classmethod
    def of(cls, frame: Any, conversation: UUID | None = None) -> "Delivery":
        """One frame from a JSON-ready value, or from its bytes."""
        return cls((frame if isinstance(frame, bytes) else encode(frame),), conversation)

    @cached_property
    def single(self) -> bytes:
        """On the wire, a message a frame."""
        return b"".join(map(wire, self.payloads))

    @cached_property
    def arrays(self) -> bytes:
        """On the wire, for clients that take several frames as one array."""
        return self.single if len(self.payloads) == 1 else b"".join(map(wire, self._arrays()))

    @cached_property
    def events(self) -> bytes:
        """As server-sent events, for streams."""
        return b"".join(map(server_sent_event, self.payloads))

    def texts(self, *, as_arrays: bool) -> list[str]:
        """The messages as text, for a server that frames them itself."""
        several = as_arrays and len(self.payloads) > 1
        return [payload.decode() for payload in (self._arrays() if several else self.payloads)]

    def _arrays(self) -> Iterator[bytes]:
        for part in parts(self.payloads, MESSAGE_BYTES):
            yield part[0] if len(part) == 1 else b"[%b]" % b",".join(part)


def parts(payloads: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    """Cut into runs of at most ``size`` bytes as an array; one that is larger stands alone."""
    part: list[bytes] = []
    room = size - 2
    for payload in payloads:
        if part and len(payload) + 1 > room:
            yield part
            part, room = [], size - 2
        part.append(payload)
        room -= len(payload) + 1
    if part:
        yield part
