"""The server's end of a socket inside the test process: what is sent lands in a list, as slowly as a test wants."""

import asyncio
import json
from typing import Any
from uuid import UUID

from participants.authentication import Credential
from participants.presence import Connection
from realtime.socket import Socket
from realtime.transport import ASGITransport

PATIENCE = 20


class Wire:
    """Where a socket's frames go; ``gate`` holds them up until it opens."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.gate = asyncio.Event()
        self.reached = asyncio.Event()
        self.closed = asyncio.Event()
        self._changed = asyncio.Event()
        if is_open:
            self.gate.set()

    async def send(self, message: dict[str, Any]) -> None:
        self.reached.set()
        await self.gate.wait()
        self.sent.append(message)
        self._changed.set()
        if message["type"] == "websocket.close":
            self.closed.set()

    @property
    def frames(self) -> list[dict[str, Any]]:
        """What was sent, without the close code."""
        return [json.loads(message["text"]) for message in self.sent if "text" in message]

    async def until(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The frame that is the ``count``-th of its type."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if len(found := [frame for frame in self.frames if frame["type"] == kind]) >= count:
                    return found[count - 1]
                self._changed.clear()
                await self._changed.wait()


def socket_on(wire: Wire, credential: Credential, conversation: UUID | None = None) -> Socket:
    """A socket for one conversation or for many whose frames go to ``wire``."""
    return Socket(
        connection=Connection("process", "id", credential.participant.pk),
        credential=credential,
        conversation=conversation,
        transport=ASGITransport(wire.send, takes_arrays=False),
    )
