"""Faults of server processes: killed, stopped, frozen, with a wrong clock."""

import asyncio

from tests.chaos.crowd import clock
from tests.chaos.stage import Stage, percentile
from tests.servers import ServerProcess


async def restart(server: ServerProcess) -> None:
    """Start a server that is gone, off the loop."""
    await asyncio.to_thread(server.start)


async def kills(stage: Stage, *, kills: int, clients: int, rate: float) -> None:
    """kill -9 of a random server again and again under load; it is started again within half a second."""
    await stage.gather(clients)
    talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
    for _ in range(kills):
        await asyncio.sleep(stage.chance.uniform(0.2, 1.2))
        victim = stage.chance.choice(stage.servers)
        stage.fault()
        await asyncio.to_thread(victim.kill)
        await asyncio.sleep(stage.chance.uniform(0, 0.5))
        await restart(victim)
    await asyncio.sleep(2)
    talking.cancel()
    await stage.settle()
    stage.outcome.claim("caught up, p99", stage.outcome.catch_up or 0.0, 5, slack=3)


async def rolling(stage: Stage, *, rounds: int, clients: int, rate: float) -> None:
    """SIGTERM of one server after the other under load, each started again."""
    await stage.gather(clients)
    talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
    statuses = []
    for place in range(rounds):
        victim = stage.servers[place % len(stage.servers)]
        stage.fault()
        stage.leaving.add(victim)
        statuses.append(await asyncio.to_thread(victim.stop))
        await restart(victim)
        stage.leaving.discard(victim)
        await asyncio.sleep(1)
    talking.cancel()
    await stage.settle()
    back = [time for witness in stage.crowd.witnesses for time in absences(witness.cut_at, witness.connected_at)]
    stage.outcome.claim("back after, p95", percentile(back, 0.95), 3, slack=3)
    stage.outcome.claim("ack, p99", percentile(stage.latencies(), 0.99), 5, slack=3)
    stage.outcome.claims["closes"] = str(stage.close_codes())
    stage.outcome.require(f"every server went within 15 s, not by force: {statuses}", None not in statuses)
    errors = {error["code"] for witness in stage.crowd.witnesses for error in witness.errors}
    stage.outcome.require(f"no client saw an error: {errors}", not errors)
    stage.outcome.require(f"sockets end with 1012: {stage.close_codes()}", set(stage.close_codes()) <= {1012})


def absences(ends: list[float], begins: list[float]) -> list[float]:
    """Seconds from each end of a line to the client's next beginning."""
    return [min(later) - end for end in ends if (later := [begin for begin in begins if begin > end])]


async def frozen(stage: Stage, *, seconds: float, clients: int, rate: float) -> None:
    """SIGSTOP of one server: its lines hang, and nobody is told."""
    await stage.gather(clients)
    talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
    await asyncio.sleep(1)
    victim = stage.chance.choice(stage.servers)
    stage.fault()
    victim.freeze()
    await asyncio.sleep(seconds)
    victim.thaw()
    thawed = clock()
    await asyncio.sleep(2)
    talking.cancel()
    await stage.settle()
    stage.outcome.claims["settled after thaw"] = f"{clock() - thawed:.1f} s"


async def wrong_clock(stage: Stage, *, seconds: float, clients: int, rate: float) -> None:
    """The clock of one server is a day ahead (patched in its process): order and delivery do not care."""
    await stage.gather(clients)
    stage.fault()
    await stage.crowd.talk(rate, seconds)
    await stage.settle()
    times = {entry.type for entry in stage.history.logs[stage.room]}
    stage.outcome.require("messages were stored", "message" in times)
