"""Faults of Redis, PostgreSQL and SQLite. Servers live through all of them."""

import asyncio
from collections.abc import Callable

import psycopg
import redis

from tests.chaos.crowd import clock
from tests.chaos.prober import Prober
from tests.chaos.stage import Stage, percentile

PROMPT_SECONDS = 2.0


async def under_load(stage: Stage, clients: int, rate: float) -> asyncio.Task[None]:
    """A crowd that talks until the task is cancelled."""
    await stage.gather(clients)
    return asyncio.create_task(stage.crowd.talk(rate, seconds=3600))


def claim_redis_is_a_doorbell(stage: Stage) -> None:
    """Without Redis sends are acked as ever, and no socket is closed."""
    latencies = stage.latencies()
    late = sum(latency > PROMPT_SECONDS for latency in latencies) / max(1, len(latencies))
    stage.outcome.claim("acks later than 2 s", 100 * late, 1, "%", slack=5)
    stage.outcome.require(f"no socket is closed: {stage.close_codes()}", not stage.close_codes())


async def redis_kills(stage: Stage, *, outages: list[float], clients: int, rate: float) -> None:
    """Redis: kill -9 with outages, each followed by FLUSHALL under load. It keeps nothing on disk."""
    talking = await under_load(stage, clients, rate)
    valkey = stage.engines.valkeys[0]
    for seconds in outages:
        await asyncio.sleep(1)
        stage.fault()
        await asyncio.to_thread(valkey.kill)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(valkey.start)
        await asyncio.sleep(2)
        stage.fault()
        with redis.Redis.from_url(valkey.url) as client:
            client.flushall()
    await asyncio.sleep(3)
    talking.cancel()
    await stage.settle()
    claim_redis_is_a_doorbell(stage)


async def redis_frozen(stage: Stage, *, seconds: float, clients: int, rate: float) -> None:
    """Redis: SIGSTOP. It swallows what it is sent, and neither answers nor refuses."""
    talking = await under_load(stage, clients, rate)
    await asyncio.sleep(1)
    stage.fault()
    stage.engines.valkeys[0].freeze()
    await asyncio.sleep(seconds)
    stage.engines.valkeys[0].thaw()
    await asyncio.sleep(3)
    talking.cancel()
    await stage.settle()
    claim_redis_is_a_doorbell(stage)


async def redis_absent(stage: Stage, *, seconds: float, clients: int, rate: float) -> None:
    """Redis is not there when the servers start, and comes later."""
    valkey = stage.engines.valkeys[0]
    await asyncio.to_thread(valkey.kill)
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in stage.servers))
    talking = await under_load(stage, clients, rate)
    stage.fault()
    await asyncio.sleep(seconds)
    await asyncio.to_thread(valkey.start)
    stage.fault()
    await asyncio.sleep(seconds)
    talking.cancel()
    await stage.settle()
    claim_redis_is_a_doorbell(stage)


async def postgres(stage: Stage, how: Callable[[Stage], None], mend: Callable[[Stage], None], **dose: float) -> None:
    """Break PostgreSQL under load, ``times`` times for ``seconds``; is it told honestly, and mended soon?"""
    talking = await under_load(stage, int(dose["clients"]), dose["rate"])
    prober = Prober(stage.history, stage.servers[0].url, stage.room, stage.people[-1])
    probing = asyncio.create_task(prober.run())
    recovered = []
    for _ in range(int(dose["times"])):
        await asyncio.sleep(2)
        stage.fault()
        await asyncio.to_thread(how, stage)
        await asyncio.sleep(dose["seconds"])
        await asyncio.to_thread(mend, stage)
        mended, count = clock(), len(prober.accepted_at)
        while len(prober.accepted_at) == count and clock() < mended + 60:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        recovered.append(clock() - mended)
    await asyncio.sleep(2)
    talking.cancel()
    probing.cancel()
    await stage.settle()
    stage.outcome.claim("recovered after, at most", max(recovered), 10, slack=3)
    stage.outcome.claims["refusals over REST"] = str(
        {kind: prober.refusals.count(kind) for kind in set(prober.refusals)}
    )
    stage.outcome.require(f"refusals are 503 with retry_after: {prober.odd[:5]}", not prober.odd)
    codes = {error["code"] for witness in stage.crowd.witnesses for error in witness.errors}
    stage.outcome.require(f"sockets hear of nothing but unavailable: {codes}", codes <= {"unavailable", "queue_full"})


async def postgres_kills(stage: Stage, *, times: int, clients: int, rate: float) -> None:
    """PostgreSQL: kill -9 under load, started again at once, with its recovery."""
    database = stage.engines.postgresql
    await postgres(
        stage,
        lambda _: database.kill(),
        lambda _: database.start(),
        times=times,
        seconds=0.5,
        clients=clients,
        rate=rate,
    )


async def postgres_terminated(stage: Stage, *, times: int, clients: int, rate: float) -> None:
    """PostgreSQL: pg_terminate_backend of every connection of the servers, under load."""
    await postgres(stage, terminate, lambda _: None, times=times, seconds=0, clients=clients, rate=rate)


def terminate(stage: Stage) -> None:
    """End every connection to the database of this stage."""
    name = stage.installation.environment["DATABASE_URL"].rpartition("/")[2]
    stage.engines.postgresql.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - our own name
    )


async def postgres_frozen(stage: Stage, *, seconds: float, clients: int, rate: float) -> None:
    """PostgreSQL: SIGSTOP of all of its processes under load."""
    database = stage.engines.postgresql
    dose = {"times": 1, "seconds": seconds, "clients": clients, "rate": rate}
    await postgres(stage, lambda _: database.freeze(), lambda _: database.thaw(), **dose)


def connections(stage: Stage) -> int:
    """Connections to the database of this stage."""
    with psycopg.connect(stage.installation.environment["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchone()
        assert row is not None
        return int(row[0]) - 1


async def sqlite(stage: Stage, *, kills: int, writers: int, rate: float) -> None:
    """SQLite: many writers, and kill -9 of the one server in the middle of them."""
    await stage.gather(writers)
    talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
    for _ in range(kills):
        await asyncio.sleep(stage.chance.uniform(0.3, 1.0))
        stage.fault()
        await asyncio.to_thread(stage.servers[0].kill)
        await asyncio.to_thread(stage.servers[0].start)
        await stage.crowd.all_connected()
    await asyncio.sleep(1)
    talking.cancel()
    await stage.settle()
    errors = [error for witness in stage.crowd.witnesses for error in witness.errors]
    stage.outcome.require(f"no client is told of a lock: {errors[:3]}", not errors)
    stage.outcome.require("the log has no lock", "database is locked" not in stage.servers[0].log_text())
    stage.outcome.claims["ack, p99"] = f"{percentile(stage.latencies(), 0.99):.1f} s, the restarts included"
