"""Who is here: away after a while, gone with the last device, shown once and to those who read."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from tests.clients import Frame, SocketClient
from tests.conftest import StartServer
from tests.realtime.conftest import NAMES, MakeTalk, make_talk, provision_people, until_offline
from tests.servers import ServerProcess


def of(person: str, status: str) -> Callable[[Frame], bool]:
    """Whether a frame says so."""
    return lambda frame: (
        (frame["type"], frame.get("participant_id"), frame.get("status"))
        == (
            "presence",
            person,
            status,
        )
    )


async def test_away_after_a_while_and_back_with_a_command(start_server: StartServer) -> None:
    server = start_server(CHAT_AWAY_SECONDS="3", CHAT_PRESENCE_SECONDS="0.5")
    made = await make_talk(server, provision_people(server), "ann", "ben", "cid")
    ben = made.people["ben"]["id"]
    async with made.socket("ann") as watching, made.socket("ben") as idle:
        await watching.until(of(ben, "online"))
        await idle.send("ping")  # what a program sends by itself is no sign of life
        away = await watching.until(of(ben, "away"))
        assert away["last_seen_at"] is None
        async with made.rest("ann") as rest:
            assert (await rest.get(f"/api/v1/participants/{ben}")).json()["is_online"] is True
        async with made.socket("cid") as late:  # connected says that ben is here, the frame after it that he is away
            await late.until(of(ben, "away"))
        await idle.send("typing", is_typing=True)
        await watching.until(of(ben, "online"))


async def test_gone_only_with_the_last_device(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    ben = made.people["ben"]["id"]
    await until_offline(made, "ben")
    async with made.socket("ann") as watching:
        await watching.until_type("connected")
        async with made.socket("ben") as first:
            await watching.until(of(ben, "online"))
            async with SocketClient(made.all_url, made.people["ben"]["access"]) as second:
                await second.until_type("connected")
            await first.say("one is still here")
            await watching.until(lambda frame: frame.get("content") == "one is still here")
        gone = await watching.until(of(ben, "offline"))
        assert gone["last_seen_at"] is not None
        shown = [frame["status"] for frame in watching.of_type("presence") if frame["participant_id"] == ben]
        assert shown == ["online", "offline"]
        async with made.rest("ann") as rest:
            profile = (await rest.get(f"/api/v1/participants/{ben}")).json()
            assert (profile["is_online"], profile["last_seen_at"] is None) == (False, False)


async def test_a_reload_is_no_going_away(start_server: StartServer) -> None:
    server = start_server(CHAT_PRESENCE_GRACE_SECONDS="8")  # the reloads of a busy machine take a while
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.socket("ann") as watching:
        async with made.socket("ben"):
            await watching.until(of(made.people["ben"]["id"], "online"))
        for _ in range(4):
            async with made.socket("ben") as reloaded:
                await reloaded.until_type("connected")
        await watching.until(of(made.people["ben"]["id"], "offline"))
        assert [frame["status"] for frame in watching.of_type("presence")] == ["online", "offline"]


async def subscribe(server_socket: SocketClient, conversation: str, **fields: bool) -> Frame:
    """Follow a conversation."""
    await server_socket.send("subscribe", conversation_id=conversation, **fields)
    return await server_socket.until_following(conversation)


async def test_large_conversations_show_presence_to_those_who_ask(start_server: StartServer) -> None:
    server = start_server(CHAT_PRESENCE_MEMBERS="3", CHAT_PRESENCE_SECONDS="0.5")
    made = await make_talk(server, provision_people(server), *NAMES[:5])
    cid = made.people["cid"]["id"]
    async with (
        SocketClient(made.all_url, made.people["ann"]["access"]) as asking,
        SocketClient(made.all_url, made.people["ben"]["access"]) as silent,
    ):
        await subscribe(asking, made.id, presence=True)
        await subscribe(silent, made.id)
        async with made.socket("cid") as socket:
            await asking.until(of(cid, "online"))
            await socket.say("here I am")
        await asking.until(of(cid, "offline"))
        await silent.until_entry(6)
        await silent.send("ping", nonce="end")
        await silent.until(lambda frame: frame.get("nonce") == "end")
        assert silent.of_type("presence") == []


@pytest.mark.slow
@pytest.mark.chaos
async def test_a_killed_process_with_a_hundred_sockets_leaves_no_ghost(
    server_pair: tuple[ServerProcess, ServerProcess], talk: MakeTalk
) -> None:
    people = NAMES[:10]
    made = await talk("ann", *people[1:])
    everybody = {made.people[name]["id"] for name in people[1:]}
    with server_pair[0].sibling() as doomed:
        async with made.socket("ann") as watching, AsyncExitStack() as stack, made.rest("ann") as rest:
            await watching.until_type("connected")
            side = made.on(doomed)
            for _ in range(10):
                for name in people[1:]:
                    await stack.enter_async_context(side.socket(name))
                await stack.enter_async_context(SocketClient(side.all_url, made.people["ann"]["access"]))
            for _ in everybody:
                await watching.until_type("presence")
            doomed.kill()
            gone: set[str] = set()
            async with asyncio.timeout(60):
                while gone != everybody:
                    frame = await watching.until(lambda frame: frame.get("status") == "offline", timeout=60)
                    gone.add(frame["participant_id"])
            path = f"/api/v1/conversations/{made.id}/participants"
            shown = (await rest.get(path, params={"limit": 100})).json()["participants"]
            assert {member["id"]: member["is_online"] for member in shown} == {
                made.people["ann"]["id"]: True
            } | dict.fromkeys(everybody, False)
            for name in people[1:]:  # their places are free again: all ten of each
                for _ in range(10):
                    again = await stack.enter_async_context(made.socket(name))
                    await again.until_type("connected")
