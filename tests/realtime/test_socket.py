"""One socket's writer, without a server: it ends when it is told to, whatever it was doing at that moment."""

import asyncio
import uuid

import pytest

from participants.authentication import Credential
from participants.models import Participant, SignIn
from realtime.close_codes import CloseCode
from realtime.delivery import Delivery
from tests.realtime.wire import Wire, socket_on


def anns() -> Credential:
    return Credential(Participant(username="ann"), SignIn(), expires_at=float("inf"))


@pytest.mark.parametrize("turns", range(6))
async def test_a_peer_that_goes_just_as_a_frame_is_sent_leaves_nothing_behind(turns: int) -> None:
    wire = Wire()
    socket = socket_on(wire, anns())
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
    socket = socket_on(wire, anns())
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


async def test_what_waits_of_a_conversation_that_is_lost_is_not_sent() -> None:
    wire = Wire()
    socket = socket_on(wire, anns())
    lost, kept = uuid.uuid4(), uuid.uuid4()
    socket.put_frame({"type": "pong"})
    await wire.reached.wait()  # its reader takes nothing more: the rest waits
    for conversation in (lost, kept, lost):
        socket.put(Delivery.of({"type": "message", "conversation_id": conversation}, conversation))
    socket.withdraw(lost)
    socket.put_frame({"type": "unsubscribed", "conversation_id": lost})
    wire.gate.set()
    await asyncio.wait_for(socket.drained(), 20)
    socket.close(CloseCode.DONE, "left")
    await wire.closed.wait()
    await socket.end()
    shown = [(frame["type"], frame.get("conversation_id")) for frame in wire.frames]
    assert shown == [("pong", None), ("message", str(kept)), ("unsubscribed", str(lost)), ("closing", None)]
