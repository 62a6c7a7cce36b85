"""Those who take without reading, and those who send without end: they cost nobody else anything."""

import asyncio
import json

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.chaos.crowd import clock
from tests.chaos.history import Invoke
from tests.chaos.processes import resident_mib
from tests.chaos.stage import Stage, percentile
from tests.clients import RestClient, bearer, unread_socket
from tests.servers import ServerProcess

LONG = "x" * 9_000
FLOOD_FRAMES = 200_000


class Memory:
    """The highest resident memory of a server since it was watched."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.begin = self.peak = resident_mib(server)

    async def watch(self) -> None:
        """Look five times a second until cancelled."""
        while True:
            self.peak = max(self.peak, resident_mib(self.server))
            await asyncio.sleep(0.2)


async def flood(server: ServerProcess, conversation: str, access: str, kind: str) -> tuple[float, int, int | None]:
    """Send frames of a kind as fast as they go, reading nothing; seconds until the end, frames sent, close code."""
    frames = {
        "message": lambda number: {"type": "message", "content": "flood", "message_id": f"flood-{number}"},
        "ping": lambda number: {"type": "ping", "nonce": number},
    }
    address = f"{server.ws_url}/chat/ws/{conversation}"
    begun = clock()
    number = 0
    async with connect(address, additional_headers=bearer(access), compression=None, ping_interval=None) as line:
        try:
            while number < FLOOD_FRAMES:
                await line.send(json.dumps(frames[kind](number)))
                number += 1
        except ConnectionClosed:
            pass
        sent = clock() - begun
        return sent, number, line.close_code


async def say_much(stage: Stage, count: int, name: str = "long") -> None:
    """Say long things, ten at a time, and take down what they were."""
    author = stage.people[0]
    async with RestClient(stage.servers[0].url, author["access"]) as rest:
        for block in range(count // 10):
            keys = [f"{name}-{block}-{number}" for number in range(10)]
            for key in keys:
                stage.history.invokes.append(Invoke(clock(), stage.room, author["id"], key, LONG))
            await asyncio.gather(*(rest.say(stage.room, LONG, message_id=key) for key in keys))


async def never_reading(stage: Stage, *, stalled_readers: int, clients: int, rate: float, long: int) -> None:
    """Readers that never read, in a conversation where much is said; the others notice nothing."""
    await stage.gather(clients)
    await stage.crowd.talk(rate, 5)
    server = stage.servers[0]
    memory = Memory(server)
    watching = asyncio.create_task(memory.watch())
    calm = percentile(stage.latencies(), 0.99)
    await say_much(stage, long, "early")
    memory.begin = memory.peak  # what the same traffic takes without them is not the readers'
    people = stage.people[-stalled_readers:]
    lines = [await asyncio.to_thread(unread_socket, server.port, stage.room, person["access"]) for person in people]
    stage.fault()
    begun = clock()
    before = len(stage.latencies())
    talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
    await say_much(stage, long)
    while await open_sockets(server) > clients and clock() < begun + 90:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    cut_after = clock() - begun
    talking.cancel()
    await stage.settle()
    watching.cancel()
    for line in lines:
        line.close()
    stage.outcome.claim("stalled readers cut after", cut_after, 60)
    stage.outcome.claim("memory on top", memory.peak - memory.begin, 64, "MiB", slack=4)
    ratio = percentile(stage.latencies()[before:], 0.99) / max(calm, 0.005)
    stage.outcome.claims["ack p99 of the others"] = f"x {ratio:.2f} (long messages included)"


async def open_sockets(server: ServerProcess) -> int:
    """Sockets that the server counts."""
    async with RestClient(server.url) as rest:
        return int((await rest.get("/health/chat")).json()["active_connections"])


async def flooding(stage: Stage, *, clients: int, rate: float, kinds: list[str]) -> None:
    """One socket sends 200,000 frames as fast as it can, of each kind; the others talk on."""
    await stage.gather(clients)
    await stage.crowd.talk(rate, 5)
    calm = percentile(stage.latencies(), 0.99)
    for kind in kinds:
        memory = Memory(stage.servers[0])
        watching = asyncio.create_task(memory.watch())
        before = len(stage.latencies())
        stage.fault()
        talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
        flooder = stage.people[-1]
        seconds, frames, code = await flood(stage.servers[0], stage.room, flooder["access"], kind)
        for number in range(min(frames, 5_000)):  # far more than its limit lets through
            key = f"flood-{number}"
            stage.history.invokes.append(Invoke(clock(), stage.room, flooder["id"], key, "flood"))
        await asyncio.sleep(2)
        talking.cancel()
        watching.cancel()
        ratio = percentile(stage.latencies()[before:], 0.99) / max(calm, 0.005)
        stage.outcome.claims[f"{kind}: frames sent, code"] = f"{frames}, {code}"
        stage.outcome.claim(f"{kind}: flooder cut after", seconds, 2, slack=5)
        stage.outcome.claim(f"{kind}: memory on top", memory.peak - memory.begin, 64, "MiB", slack=2)
        stage.outcome.claims[f"{kind}: ack p99 of the others"] = f"x {ratio:.2f}"
        stage.outcome.require(f"{kind}: the flooder was told 4429: {code}", code in {4429, 1006})
    await stage.settle()
