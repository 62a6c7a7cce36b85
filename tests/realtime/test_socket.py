"""One socket's writer, without a server: it ends when it is told to, whatever it was doing at that moment."""

import asyncio
from typing import Any

import pytest

from participants.authentication import Credential
from participants.models import Participant, SignIn
from participants.presence import Connection
from realtime.close_codes import CloseCode
from realtime.socket import Socket
from realtime.transport import ASGITransport


class Wire:
    """Where a socket's frames go; ``gate`` holds them up until it opens."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.gate = asyncio.Event()
        self.reached = asyncio.Event()
        self.closed = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        self.reached.set()
        await self.gate.wait()
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self.closed.set()


def socket_on(wire: Wire) -> Socket:
    participant = Participant(username="ann")
    return Socket(
        connection=Connection("process", "id", participant.pk),
        credential=Credential(participant, SignIn(), expires_at=float("inf")),
        conversation=None,
        transport=ASGITransport(wire.send, takes_arrays=False),
    )


@pytest.mark.parametrize("turns", range(6))
async def test_a_peer_that_goes_just_as_a_frame_is_sent_leaves_nothing_behind(turns: int) -> None:
    wire = Wire()
    socket = socket_on(wire)
    socket.put_frame({"type": "pong"})
    await wire.reached.wait()
    wire.gate.set()
    for _ in range(turns):  # the cancellation meets the writer at each of its steps
        await asyncio.sleep(0)
    end = asyncio.create_task(socket.end())
    done, _ = await asyncio.wait({end}, timeout=5)
    assert done
    assert socket.is_closed


async def test_a_goodbye_comes_after_what_waits_and_before_the_code() -> None:
    wire = Wire()
    wire.gate.set()
    socket = socket_on(wire)
    socket.put_frame({"type": "pong"})
    socket.close(CloseCode.DONE, "left")
    socket.put_frame({"type": "pong"})
    await wire.closed.wait()
    await socket.end()
    assert [message.get("text", message.get("code")) for message in wire.sent] == [
        '{"type":"pong"}',
        '{"type":"closing","reason":"left"}',
        1000,
    ]
