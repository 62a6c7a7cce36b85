"""A Redis that is replaced, absent, frozen, flushed or one of several: seconds of latency, no socket, no message."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.clients import SocketClient
from tests.conftest import StartServer, starter
from tests.engines import Engines, running_engines
from tests.realtime.conftest import Talk, make_talk, provision_people
from tests.servers import Installations, ServerProcess

RECOVERY_SECONDS = 60  # on a machine that is busy; by itself it is a few
BY_LAYER_ALONE = {"CHAT_POSITION_SECONDS": "3600"}  # what arrives then came through Redis

pytestmark = pytest.mark.chaos


@asynccontextmanager
async def two_sides(one: ServerProcess) -> AsyncIterator[tuple[Talk, SocketClient, SocketClient]]:
    """ann on one server, ben on another."""
    made = await make_talk(one, provision_people(one), "ann", "ben")
    with one.sibling() as two:
        async with made.socket("ann") as ann, made.on(two).socket("ben") as ben:
            await ann.until_type("connected")
            await ben.until_type("connected")
            yield made, ann, ben


async def until_heard(speaker: SocketClient, listener: SocketClient) -> None:
    """Speak until the listener hears something of it: a later entry shows what was missed."""
    async with asyncio.timeout(RECOVERY_SECONDS):
        heard = len(listener.entries)
        while len(listener.entries) == heard:
            await speaker.say(f"can you hear me? {uuid.uuid4().hex}")
            with contextlib.suppress(AssertionError):
                await listener.until_type("message", timeout=0.5)
    await listener.until_entry(speaker.sequences[-1])


async def test_a_restarted_redis_is_joined_anew(start_private_server: StartServer, private_engines: Engines) -> None:
    async with two_sides(start_private_server(**BY_LAYER_ALONE)) as (_, ann, ben):
        await until_heard(ann, ben)
        private_engines.valkeys[0].restart()
        await until_heard(ann, ben)
        await until_heard(ben, ann)
        assert ann.sequences == ben.sequences == list(range(3, ann.sequences[-1] + 1))


async def test_doorbells_lost_in_redis_cost_time_and_nothing_else(
    start_private_server: StartServer, private_engines: Engines
) -> None:
    """Every subscription is cut again and again while people talk."""
    client = redis.Redis.from_url(private_engines.valkeys[0].url)
    async with two_sides(start_private_server()) as (_, ann, ben):
        for number in range(60):
            if number % 5 == 0:
                client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await ann.say(f"line {number}")
        await ben.until_entry(2 + 60, timeout=RECOVERY_SECONDS)
        assert ben.sequences == list(range(3, 63))
        assert ben.entries == ann.entries


async def test_a_redis_that_comes_later_is_joined(start_private_server: StartServer, private_engines: Engines) -> None:
    private_engines.valkeys[0].kill()
    async with two_sides(start_private_server(**BY_LAYER_ALONE)) as (_, ann, ben):
        private_engines.valkeys[0].start()
        await until_heard(ann, ben)
        await until_heard(ben, ann)


async def test_a_frozen_redis_closes_no_socket_and_loses_nothing(
    start_private_server: StartServer, private_engines: Engines
) -> None:
    async with two_sides(start_private_server()) as (made, ann, ben):
        await until_heard(ann, ben)
        private_engines.valkeys[0].freeze()
        try:
            for number in range(5):
                await ann.say(f"meanwhile {number}")
            await ben.until_entry(ann.sequences[-1], timeout=RECOVERY_SECONDS)
            async with made.socket("ben") as late:  # a handshake waits for it only so long
                await late.until_type("connected")
        finally:
            private_engines.valkeys[0].thaw()
        await until_heard(ben, ann)
        assert ann.sequences == ben.sequences


async def test_who_is_online_is_known_again_after_a_flush(
    start_private_server: StartServer, private_engines: Engines
) -> None:
    async with two_sides(start_private_server()) as (made, ann, ben), made.rest("ann") as rest:
        redis.Redis.from_url(private_engines.valkeys[0].url).flushall()
        async with asyncio.timeout(RECOVERY_SECONDS):
            while True:
                shown = (await rest.get(f"/api/v1/conversations/{made.id}/participants")).json()["participants"]
                if all(member["is_online"] for member in shown):
                    break
                await asyncio.sleep(0.2)
        await until_heard(ann, ben)
        gone = [frame for frame in ann.of_type("presence") if frame["status"] == "offline"]
        assert gone == []


@pytest.fixture(scope="module")
def shards() -> Iterator[Engines]:
    """PostgreSQL and two Valkeys."""
    with running_engines(shards=2) as engines:
        yield engines


@pytest.fixture
def start_sharded(shards: Engines, tmp_path: Path, asgi_server: str) -> Iterator[StartServer]:
    """Start servers on two Valkeys."""
    with contextlib.ExitStack() as stack:
        yield starter(stack, Installations(tmp_path, shards.environment), asgi_server)


@asynccontextmanager
async def talks_on_all(one: ServerProcess, shards: Engines) -> AsyncIterator[list[tuple[SocketClient, SocketClient]]]:
    """Conversations between two servers, so many that each Redis has some: which one has which is chance."""
    people = provision_people(one)
    with one.sibling() as two:
        async with AsyncExitStack() as stack:
            pairs: list[tuple[SocketClient, SocketClient]] = []
            while len(pairs) < 8 or not all(groups_on(shards)):
                made = await make_talk(one, people, "ann", "ben")
                ann = await stack.enter_async_context(made.socket("ann"))
                ben = await stack.enter_async_context(made.on(two).socket("ben"))
                await ann.until_type("connected")
                await ben.until_type("connected")
                pairs.append((ann, ben))
            yield pairs


def groups_on(shards: Engines) -> list[int]:
    """How many conversations are followed through each Redis."""
    found = []
    for valkey in shards.valkeys:
        channels: Any = redis.Redis.from_url(valkey.url).pubsub_channels("*conversation*")
        found.append(len(channels))
    return found


async def test_every_conversation_finds_its_shard(start_sharded: StartServer, shards: Engines) -> None:
    async with talks_on_all(start_sharded(**BY_LAYER_ALONE), shards) as pairs:
        for ann, ben in pairs:
            await until_heard(ann, ben)
        used = groups_on(shards)
        assert all(used)
        assert sum(used) == len(pairs)


@pytest.mark.slow
async def test_a_dead_shard_leaves_the_other_alone_and_is_joined_anew(
    start_sharded: StartServer, shards: Engines
) -> None:
    async with talks_on_all(start_sharded(), shards) as pairs:
        shards.valkeys[1].kill()
        try:
            for ann, _ in pairs:
                await ann.say("half of it is gone")
            for _, ben in pairs:
                await ben.until_entry(3, timeout=RECOVERY_SECONDS)
        finally:
            shards.valkeys[1].start()
        await asyncio.gather(*(until_heard(ben, ann) for ann, ben in pairs))
        async with asyncio.timeout(RECOVERY_SECONDS):
            while sum(groups_on(shards)) < len(pairs):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.2)
