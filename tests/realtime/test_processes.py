"""Several server processes over Redis: one log, one order, whoever is connected where."""

import asyncio
import contextlib
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import InvalidStatus

from tests.clients import Frame, SocketClient
from tests.realtime.conftest import NAMES, MakeTalk, until_offline
from tests.servers import ServerProcess

SENDERS, EACH = 8, 150


async def speak(socket: SocketClient, name: str, count: int) -> list[Frame]:
    """Say ``count`` things, each after the ack of the one before."""
    return [await socket.say(f"{name} {number}") for number in range(count)]


async def test_eight_senders_on_two_processes_give_every_observer_the_same_log(
    server_pair: tuple[ServerProcess, ServerProcess], talk: MakeTalk
) -> None:
    names = NAMES[:SENDERS]
    made = await talk(*names)
    sides = [made, made.on(server_pair[1])]
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(sides[place % 2].socket(name)) for place, name in enumerate(names)]
        for socket in sockets:
            await socket.until_type("connected")
        spoken = await asyncio.gather(*(speak(socket, name, EACH) for socket, name in zip(sockets, names, strict=True)))
        end = SENDERS + SENDERS * EACH
        for socket in sockets:
            await socket.until_entry(end)
        stored = await made.rest("ann").log(made.id)
        assert [entry["sequence_id"] for entry in stored] == list(range(1, end + 1))
        for socket in sockets:
            assert socket.entries == stored[SENDERS:]
        acked = {ack["id"]: ack["sequence_id"] for acks in spoken for ack in acks}
        assert acked == {entry["id"]: entry["sequence_id"] for entry in stored[SENDERS:]}


async def typing_seen(typist: SocketClient, watcher: SocketClient) -> Frame:
    """Type until the watcher sees it: unlike entries, typing is not sent again to who was not yet subscribed."""
    for _ in range(20):
        await typist.send("typing", is_typing=True)
        with contextlib.suppress(AssertionError):
            return await watcher.until_type("typing", timeout=1)
        await typist.send("typing", is_typing=False)
    raise AssertionError("typing was never seen")


async def test_typing_and_presence_cross_processes(
    server_pair: tuple[ServerProcess, ServerProcess], talk: MakeTalk
) -> None:
    made = await talk("ann", "ben")
    await until_offline(made, "ben")
    async with made.socket("ann") as ann:
        await ann.until_type("connected")
        async with made.on(server_pair[1]).socket("ben") as ben:
            await ben.until_type("connected")
            came = await ann.until_type("presence")
            assert (came["participant_id"], came["status"]) == (made.people["ben"]["id"], "online")
            assert (await typing_seen(ben, ann))["participant"]["username"] == "ben"
        gone = await ann.until_type("presence")
        assert (gone["participant_id"], gone["status"]) == (made.people["ben"]["id"], "offline")
        assert gone["last_seen_at"] is not None


async def test_sockets_are_counted_over_processes(
    server_pair: tuple[ServerProcess, ServerProcess], talk: MakeTalk
) -> None:
    made = await talk("ann", "ben")
    sides = [made, made.on(server_pair[1])]
    async with AsyncExitStack() as stack:
        for number in range(10):
            await stack.enter_async_context(sides[number % 2].socket("ann"))
        for side in sides:
            with pytest.raises(InvalidStatus) as refused:
                await stack.enter_async_context(side.socket("ann"))
            assert refused.value.response.status_code == 429


async def test_sockets_and_presence_of_a_killed_process_lapse(
    server_pair: tuple[ServerProcess, ServerProcess], talk: MakeTalk
) -> None:
    made = await talk("ann", "ben")
    await until_offline(made, "ben")
    with server_pair[0].sibling() as doomed:
        async with made.socket("ann") as ann, AsyncExitStack() as stack:
            await ann.until_type("connected")
            for _ in range(10):
                await stack.enter_async_context(made.on(doomed).socket("ben"))
            await ann.until(lambda frame: frame["type"] == "presence" and frame["status"] == "online")
            doomed.kill()
            gone = await ann.until(
                lambda frame: frame["type"] == "presence" and frame["status"] == "offline", timeout=60
            )
            assert gone["participant_id"] == made.people["ben"]["id"]
            async with made.socket("ben") as again:  # those of a dead process no longer count
                await again.until_type("connected")
