"""Slow readers and a broken Redis: they cost the ones concerned some time, and nobody a message."""

import asyncio
import os
import socket as sockets
import time
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients import Frame, SocketClient, unread_socket
from tests.conftest import StartServer
from tests.engines import Engines
from tests.realtime.conftest import MakeTalk, Talk, make_talk, provision_people
from tests.servers import ServerProcess

LONG = "x" * 9_000


def narrow_line(server: ServerProcess) -> sockets.socket:
    """A connection that takes little in advance: the kernel would keep megabytes for a reader that does not read."""
    host, port = server.url.removeprefix("http://").split(":")
    line = sockets.socket()
    line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    line.connect((host, int(port)))
    line.setblocking(False)
    return line


async def say_much(talk: Talk, count: int) -> None:
    """Say ``count`` long things, ten at a time."""
    async with talk.rest("ann") as rest:
        for _ in range(count // 10):
            await asyncio.gather(*(rest.say(talk.id, LONG) for _ in range(10)))


def resident_mib(process: ServerProcess) -> int:
    """Resident memory of a process in MiB."""
    pages = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 2**20


async def test_readers_that_never_read_slow_nobody_and_are_cut(start_server: StartServer) -> None:
    server = start_server(CHAT_SEND_SECONDS="2", CHAT_CLOSE_SECONDS="1")
    made = await make_talk(server, provision_people(server), "ann", "ben", "cid")
    stalled = [
        await asyncio.to_thread(unread_socket, made.server.port, made.id, made.people["cid"]["access"])
        for _ in range(5)
    ]
    async with made.socket("ann") as ann, made.socket("ben") as ben:
        await ben.until_type("connected")
        before = resident_mib(server)
        await say_much(made, 300)
        await asyncio.gather(ann.until_entry(303), ben.until_entry(303))
        assert ben.sequences == list(range(4, 304))
        assert resident_mib(server) - before <= 64
        async with made.rest("ann") as rest:
            # They hold no socket any more: the limit of ten a participant lets ten new ones in.
            for _ in range(100):
                health = (await rest.get("/health/chat")).json()
                if health["active_connections"] == 2:
                    break
                await asyncio.sleep(0.2)
            assert health["active_connections"] == 2
    for line in stalled:
        line.close()


async def test_a_reader_that_is_too_slow_is_told_and_resumes(start_server: StartServer) -> None:
    server = start_server(CHAT_OUTBOX_BYTES="40000", CHAT_SEND_SECONDS="5")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    ben = SocketClient(made.url, made.people["ben"]["access"], sock=narrow_line(server))
    async with ben:
        await ben.until_type("connected")
        ben.stop_reading()  # it stops reading for a while
        await say_much(made, 400)
        ben.read_on()
        code = await ben.until_closed(timeout=40)
        assert code in {4408, 1006}
        if code == 4408:
            assert ben.frames[-1]["reason"] == "too_slow"
        async with made.socket("ben", last_sequence_id=ben.sequences[-1]) as again:
            await again.until_entry(402)
            assert ben.sequences + again.sequences == list(range(3, 403))


async def test_pongs_do_not_pile_up_for_who_never_reads(start_server: StartServer) -> None:
    server = start_server(CHAT_RATE_LIMITS="off")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    line = await asyncio.to_thread(unread_socket, made.server.port, made.id, made.people["ben"]["access"])
    pings = (b"\x89\xfd" + bytes(4) + bytes(125)) * 1_000  # masked, with the longest payload there is
    async with made.socket("ann") as ann:
        await ann.until_type("connected")
        before = resident_mib(server)
        for _ in range(300):  # 39 MB of pongs
            await asyncio.to_thread(line.sendall, pings)
        await ann.say("all were read by now")
        assert resident_mib(server) - before <= 16
    line.close()


@pytest.mark.chaos
async def test_a_killed_redis_closes_no_socket_and_loses_nothing(
    start_private_server: StartServer, private_engines: Engines
) -> None:
    one = start_private_server()
    made = await make_talk(one, provision_people(one), "ann", "ben")
    with one.sibling() as two:
        async with made.socket("ann") as ann, made.on(two).socket("ben") as ben:
            await ann.until_type("connected")
            await ben.until_type("connected")
            await ann.say("before")
            private_engines.valkeys[0].kill()
            for number in range(10):
                await ann.say(f"meanwhile {number}")
            await ben.until_entry(13, timeout=15)
            private_engines.valkeys[0].start()
            for number in range(10):
                await ben.say(f"after {number}")
            await ann.until_entry(23, timeout=15)
            await ben.until_entry(23, timeout=15)
            assert ann.sequences == ben.sequences == list(range(3, 24))
            assert ann.entries == ben.entries


@pytest.mark.chaos
async def test_a_server_starts_and_talks_without_redis(
    start_private_server: StartServer, private_engines: Engines
) -> None:
    private_engines.valkeys[0].kill()
    server = start_private_server()
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.socket("ann") as ann, made.socket("ben") as ben:
        await ben.until_type("connected")
        await ann.say("in the dark")
        await ben.until_entry(3)
        private_engines.valkeys[0].start()
        with server.sibling() as late:
            async with made.on(late).socket("ben") as other:
                await other.until_type("connected")
                await ann.say("and light")
                await other.until_entry(4, timeout=15)


async def test_idle_sockets_stay_open(server: ServerProcess, talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ann") as ann:
        await ann.until_type("connected")
        with pytest.raises(AssertionError, match="not received"):  # 8 s: redis-py 8 ended them after 5
            await ann.until_type("closing", timeout=8)
        await ann.send("ping", nonce=7)
        assert (await ann.until_type("pong"))["nonce"] == 7


async def test_sends_over_the_queues_bound_are_told_so(start_server: StartServer) -> None:
    server = start_server(CHAT_QUEUED_SENDS="1", CHAT_RATE_LIMITS="off")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.socket("ann") as one, made.socket("ann") as other:
        clients = {"one": one, "other": other}
        for client in clients.values():
            await client.until_type("connected")
        for number in range(100):
            for name, client in clients.items():
                await client.send("message", content="now", message_id=f"{name}-{number}")
        answers = [await client.until(is_answer) for client in clients.values() for _ in range(100)]
    refused = [answer for answer in answers if answer["type"] == "error"]
    acked = [answer for answer in answers if answer["type"] == "message_ack"]
    assert {answer["code"] for answer in refused} == {"queue_full"}
    for answer in refused:
        assert (answer["retry_after"], answer["queue_size"], answer["queue_limit"]) == (1, 1, 1)
    assert len(acked) + len(refused) == 200
    stored = [entry for entry in await made.rest("ann").log(made.id) if entry["type"] == "message"]
    assert {entry["message_id"] for entry in stored} == {answer["message_id"] for answer in acked}


def is_answer(frame: Frame) -> bool:
    return frame["type"] in {"message_ack", "error"}


@pytest.mark.parametrize("is_reading", [True, False], ids=["reads", "never-reads"])
async def test_a_socket_that_sends_without_end_is_warned_and_let_go(
    start_server: StartServer, *, is_reading: bool
) -> None:
    server = start_server(CHAT_RATE_LIMITS="on", CHAT_FRAMES_BURST="100")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.socket("ann") as ann:
        await ann.until_type("connected")
        if not is_reading:
            ann.stop_reading()
        begun = time.monotonic()
        with suppress(ConnectionClosed):
            for number in range(200_000):
                await ann.send("ping", nonce=number)
                if is_reading and number % 20 == 0:
                    await asyncio.sleep(0.001)
        assert time.monotonic() - begun < 20
        if is_reading:
            assert await ann.until_closed() in {4429, 1006}
            assert "rate_limited" in {error["code"] for error in ann.of_type("error")}
        else:
            assert ann.connection.close_code in {4429, 1006}
            ann.read_on()
    async with made.socket("ben") as ben:
        await ben.until_type("connected")
