"""Bad lines between clients and servers, made by the proxy."""

import asyncio
import re
from contextlib import ExitStack

from tests.chaos.proxy import Faults, Proxy
from tests.chaos.stage import Stage

ACKS = re.compile(rb'\{"type":"message_ack"')


async def flaky(
    stage: Stage, *, rounds: int, every: float, cut: float, corrupt: float, clients: int, rate: float
) -> None:
    """Every ``every`` seconds each line is cut with probability ``cut``; 100 to 500 ms of latency, damaged chunks."""
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(server.port, stage.chance)) for server in stage.servers]
        await stage.gather(clients, url=lambda: stage.chance.choice(proxies).url, stubborn=True)
        for proxy in proxies:
            proxy.faults = Faults(delay=0.1, jitter=0.4, corrupt=corrupt)
        talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
        for number in range(rounds):
            await asyncio.sleep(every)
            stage.fault()
            for proxy in proxies:
                (proxy.half_close if number % 4 == 3 else proxy.cut)(cut)
        talking.cancel()
        for proxy in proxies:
            proxy.faults = Faults()
        await stage.settle()
        stage.outcome.claims["damaged chunks"] = str(sum(proxy.corrupted for proxy in proxies))
        stage.outcome.claims["closes"] = str(stage.close_codes())


async def blackhole(stage: Stage, *, seconds: float, clients: int, rate: float) -> None:
    """All lines take everything and pass nothing on; both sides find out by their pings alone."""
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(server.port, stage.chance)) for server in stage.servers]
        await stage.gather(clients, url=lambda: stage.chance.choice(proxies).url, ping_seconds=3.0)
        talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
        await asyncio.sleep(2)
        stage.fault()
        proxies[0].faults = Faults(blackhole=True)
        await asyncio.sleep(seconds)
        proxies[0].faults = Faults()
        await asyncio.sleep(2)
        talking.cancel()
        await stage.settle()


async def swallowed_acks(stage: Stage, *, seconds: float, clients: int, rate: float, share: float) -> None:
    """Acks vanish on the way: their messages are sent again, and have the same number each time."""
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(server.port, stage.chance)) for server in stage.servers]
        for proxy in proxies:
            proxy.faults = Faults(swallow=ACKS, swallow_share=share)
        await stage.gather(clients, url=lambda: stage.chance.choice(proxies).url)
        stage.fault()
        await stage.crowd.talk(rate, seconds)
        await stage.settle()
        swallowed = sum(proxy.swallowed for proxy in proxies)
        stage.outcome.claims["swallowed acks"] = str(swallowed)
        stage.outcome.require("acks were swallowed", swallowed > 0)
        stage.outcome.require("each message has a row", len(stage.history.invokes) == messages(stage))


def messages(stage: Stage) -> int:
    """Messages in the log."""
    return sum(row.type == "message" for row in stage.history.logs[stage.room])
