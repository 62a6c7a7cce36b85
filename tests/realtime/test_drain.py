"""SIGTERM: readiness goes, acks in flight come, sockets are told when to return, and the process is gone in time."""

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.clients import SocketClient, unread_socket
from tests.conftest import StartServer
from tests.realtime.conftest import Talk, make_talk, provision_people
from tests.servers import ServerProcess

GONE_SECONDS = 15

pytestmark = pytest.mark.usefixtures("needs_uvicorn")


@pytest.fixture
def needs_uvicorn(asgi_server: str) -> None:
    """Daphne offers no orderly end (docs/architecture.md)."""
    if asgi_server != "uvicorn":
        pytest.skip("an orderly end is uvicorn's")


async def until(reached: Callable[[], bool]) -> None:
    """Wait for what happens meanwhile."""
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110 - it is counted elsewhere
            await asyncio.sleep(0.02)


async def stop(server: ServerProcess) -> tuple[int | None, float]:
    """SIGTERM; the exit status and how long it took."""
    start = time.monotonic()
    status = await asyncio.to_thread(server.stop)
    return status, time.monotonic() - start


async def until_refused(server: ServerProcess) -> list[int]:
    """What /health/ready answers until nobody listens."""
    seen = []
    async with httpx.AsyncClient(base_url=server.url, timeout=5) as client:
        with contextlib.suppress(httpx.TransportError):
            while True:
                seen.append((await client.get("/health/ready")).status_code)
                await asyncio.sleep(0.02)
    return seen


async def test_sockets_are_told_when_to_return_and_the_process_ends(start_server: StartServer) -> None:
    server = start_server()
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(made.socket("ann")) for _ in range(5)]
        sockets.append(await stack.enter_async_context(SocketClient(made.all_url, made.people["ben"]["access"])))
        for socket in sockets:
            await socket.until_type("connected")
        readiness = asyncio.create_task(until_refused(server))
        status, seconds = await stop(server)
        assert (status, seconds < GONE_SECONDS) == (0, True)
        for socket in sockets:
            assert await socket.until_closed() == 1012
            closing = socket.frames[-1]
            assert (closing["type"], closing["reason"]) == ("closing", "server_restart")
            assert 0 <= closing["reconnect_in"] <= 2
        assert len({socket.frames[-1]["reconnect_in"] for socket in sockets}) > 1
        seen = await readiness
        assert seen[-1] == 503  # not ready came before not listening
    server.assert_clean_log()


async def test_what_was_sent_before_the_end_is_acked_or_not_stored(start_server: StartServer) -> None:
    server = start_server()
    made = await make_talk(server, provision_people(server), "ann", "ben")
    acked: set[str] = set()

    async def talk_on(socket: SocketClient) -> None:
        with contextlib.suppress(AssertionError, ConnectionClosed):
            while True:
                acked.add((await socket.say("now", uuid.uuid4().hex))["message_id"])

    async with made.socket("ann") as ann, made.socket("ben") as ben:
        talking = [asyncio.create_task(talk_on(socket)) for socket in (ann, ben)]
        await ann.until_entry(20)
        status, _ = await stop(server)
        await asyncio.gather(*talking)
        assert status == 0
        assert (await ann.until_closed(), await ben.until_closed()) == (1012, 1012)
    server.start()
    stored = [entry["message_id"] for entry in await made.rest("ann").log(made.id) if entry["type"] == "message"]
    assert len(stored) == len(set(stored))
    assert set(stored) == acked


async def test_requests_in_work_are_finished(start_server: StartServer) -> None:
    server = start_server()
    made = await make_talk(server, provision_people(server), "ann", "ben")
    results: list[Any] = []
    keys: list[str] = []

    async def post() -> None:
        async with made.rest("ann") as rest:
            while True:
                key = uuid.uuid4().hex
                try:
                    answer = await rest.say(made.id, "word", message_id=key)
                except httpx.ConnectError:
                    return
                except httpx.TransportError as error:
                    results.append(error)
                    return
                results.append(answer.status_code)
                keys.append(key)

    posting = [asyncio.create_task(post()) for _ in range(6)]
    await until(lambda: len(results) >= 30)
    status, seconds = await stop(server)
    await asyncio.gather(*posting)
    assert (status, seconds < GONE_SECONDS) == (0, True)
    # Linux resets what its queue holds as a listener closes: a connection of that moment may be cut before any answer.
    assert {result for result in results if isinstance(result, int)} == {201}
    assert len([result for result in results if not isinstance(result, int)]) <= len(posting)
    server.start()
    stored = {entry.get("message_id") for entry in await made.rest("ann").log(made.id)}
    assert set(keys) <= stored


async def test_an_idle_server_ends_soon(start_server: StartServer) -> None:
    status, seconds = await stop(start_server(CHAT_DRAIN_NOTICE_SECONDS="0.1"))
    assert (status, seconds < GONE_SECONDS) == (0, True)


async def test_a_reader_that_takes_nothing_does_not_hold_the_end_up(start_server: StartServer) -> None:
    from tests.realtime.test_faults import say_much

    server = start_server()
    made = await make_talk(server, provision_people(server), "ann", "ben")
    line = await asyncio.to_thread(unread_socket, made.server.port, made.id, made.people["ben"]["access"])
    await say_much(made, 300)
    _, seconds = await stop(server)
    assert seconds < GONE_SECONDS
    line.close()


async def test_every_child_drains(start_server: StartServer) -> None:
    if not os.environ.get("REDIS_URL"):
        pytest.skip("several processes need REDIS_URL: python -m tests.engines -- ./script/test …")
    server = start_server(WEB_CONCURRENCY="2")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(made.socket(name)) for name in ("ann", "ben") for _ in range(8)]
        for socket in sockets:
            await socket.until_type("connected")
        async with httpx.AsyncClient(base_url=server.url) as client:  # whichever child answers, all are counted
            async with asyncio.timeout(20):
                while (await client.get("/health/chat")).json()["active_connections"] != len(sockets):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        status, seconds = await stop(server)
        assert (status, seconds < GONE_SECONDS) == (0, True)
        for socket in sockets:
            assert await socket.until_closed() == 1012
            assert socket.frames[-1]["reason"] == "server_restart"
    server.assert_clean_log()


class Sender:
    """A client that keeps one key until it is acked, over whichever server takes it."""

    def __init__(self, sides: list[Talk], name: str) -> None:
        self.sides = sides
        self.name = name
        self.acked: dict[str, int] = {}
        self.surprises: list[str] = []
        self.is_done = False

    async def run(self) -> None:
        """Send until told to stop; note what a client should never see."""
        turn, cursor = 0, None
        key = uuid.uuid4().hex
        while not self.is_done:
            turn += 1
            query: dict[str, int] = {} if cursor is None else {"last_sequence_id": cursor}
            try:
                async with self.sides[turn % len(self.sides)].socket(self.name, **query) as socket:
                    while not self.is_done:
                        ack = await socket.say("on and on", key)
                        self.acked[key] = ack["sequence_id"]
                        key = uuid.uuid4().hex
                        cursor = max([cursor or 0, *socket.sequences])
            except (ConnectionRefusedError, ConnectionClosed):
                await asyncio.sleep(0.05)
            except AssertionError:  # closed while waiting
                if socket.close_code not in {1012}:
                    self.surprises.append(f"closed with {socket.close_code}")
            except InvalidStatus as error:
                if error.response.status_code != 503:
                    self.surprises.append(f"refused with {error.response.status_code}")
                await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_a_rolling_restart_under_load_loses_nothing(start_server: StartServer) -> None:
    if not os.environ.get("REDIS_URL"):
        pytest.skip("two servers need REDIS_URL: python -m tests.engines -- ./script/test …")
    one = start_server()
    made = await make_talk(one, provision_people(one), "ann", "ben", "cid", "dee")
    with one.sibling() as two:
        senders = [Sender([made, made.on(two)], name) for name in ("ann", "ben", "cid", "dee")]
        running = [asyncio.create_task(sender.run()) for sender in senders]
        for server in (one, two, one):
            before = sum(len(sender.acked) for sender in senders)
            await until(lambda: sum(len(sender.acked) for sender in senders) >= before + 40)  # noqa: B023 - awaited here
            status, seconds = await stop(server)
            assert (status, seconds < GONE_SECONDS) == (0, True)
            await asyncio.to_thread(server.start)
        for sender in senders:
            sender.is_done = True
        await asyncio.gather(*running)
        assert [sender.surprises for sender in senders] == [[]] * len(senders)
        log = await made.rest("ann").log(made.id)
        assert [entry["sequence_id"] for entry in log] == list(range(1, len(log) + 1))
        stored = {entry["message_id"]: entry["sequence_id"] for entry in log if entry["type"] == "message"}
        acked = {key: number for sender in senders for key, number in sender.acked.items()}
        assert acked.items() <= stored.items()
        one.assert_clean_log()
        two.assert_clean_log()
