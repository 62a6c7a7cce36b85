"""A long run at an even load: nothing grows."""

import asyncio
from dataclasses import dataclass

from tests.chaos.crowd import clock
from tests.chaos.processes import descriptors, resident_mib
from tests.chaos.scenarios.engines import connections
from tests.chaos.stage import Stage, percentile


@dataclass
class Sample:
    """What the servers use at one moment, together."""

    memory: float
    descriptors: int
    connections: int
    latency: float


async def even(stage: Stage, *, minutes: float, clients: int, rate: float) -> None:
    """Talk for ``minutes``; compare the second quarter with the last one (the first warms up)."""
    await stage.gather(clients)
    talking = asyncio.create_task(stage.crowd.talk(rate, seconds=3600))
    samples: list[Sample] = []
    until = clock() + 60 * minutes
    counts = [0] * clients
    while clock() < until:
        await asyncio.sleep(min(5.0, 60 * minutes / 20))
        fresh: list[float] = []
        for place, witness in enumerate(stage.crowd.witnesses):
            fresh += witness.latencies[counts[place] :]
            counts[place] = len(witness.latencies)
        samples.append(
            Sample(
                sum(map(resident_mib, stage.servers)),
                sum(map(descriptors, stage.servers)),
                await asyncio.to_thread(connections, stage),
                percentile(fresh, 0.5),
            )
        )
    talking.cancel()
    await stage.settle()
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    growth = mean([row.memory for row in late]) - mean([row.memory for row in early])
    drift = mean([row.latency for row in late]) / mean([row.latency for row in early])
    stage.outcome.claim("memory grew by", growth, 16, "MiB", slack=2)
    stage.outcome.claim("descriptors grew by", max_of(late, early, "descriptors"), 10, "files")
    stage.outcome.claim("database connections grew by", max_of(late, early, "connections"), 4, "connections")
    stage.outcome.claim("latency drift", drift, 1.2, "times", slack=2)
    stage.outcome.claims["memory of both servers"] = f"{samples[0].memory:.0f} to {samples[-1].memory:.0f} MiB"
    p50, p99 = (1000 * percentile(stage.latencies(), share) for share in (0.5, 0.99))
    stage.outcome.claims["ack"] = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"


def mean(values: list[float]) -> float:
    """Their mean."""
    return sum(values) / max(1, len(values))


def max_of(late: list[Sample], early: list[Sample], name: str) -> float:
    """How much the highest of the late ones is above the highest of the early ones."""
    return float(max(getattr(row, name) for row in late) - max(getattr(row, name) for row in early))
