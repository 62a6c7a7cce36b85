"""Where a scenario plays: server processes on engines that may be broken, people, one conversation, a crowd in it."""

import asyncio
import math
import random
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.chaos.checker import Violation, check
from tests.chaos.crowd import Crowd, Witness, clock, keep_log
from tests.chaos.history import History
from tests.engines import Engines
from tests.servers import DEFECTS_IN_LOG, Installation, Installations, ServerProcess

SETTLE_SECONDS = 90
LIBRARY = '"logger": "channels_redis'  # logs the traceback of each lost connection to Redis; it connects anew


@dataclass
class Outcome:
    """What a run showed. ``claims`` are figures with what was promised; ``failures`` are broken claims."""

    scenario: str
    seed: int
    history: History
    faults: int = 0
    violations: list[Violation] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    claims: dict[str, str] = field(default_factory=dict)
    catch_up: float | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing was broken."""
        return not (self.violations or self.failures)

    def claim(self, what: str, value: float, bound: float, unit: str = "s", slack: float = 1.0) -> None:
        """Note a figure; over ``slack`` times the bound it fails. The slack is for machines that are busy otherwise."""
        mark = "" if value <= bound else " OVER"
        self.claims[what] = f"{value:.3g} {unit} (bound {bound:g}){mark}"
        if value > bound * slack:
            self.failures.append(f"{what}: {value:.3g} {unit}, bound {bound:g}")

    def require(self, what: str, holds: bool) -> None:
        """A claim without a figure."""
        if not holds:
            self.failures.append(what)


def percentile(values: Iterable[float], share: float) -> float:
    """The value that ``share`` of all do not exceed (nearest rank); 0 of nothing."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0


class PlantedServer(ServerProcess):
    """A server process that is given its fault by ``PLANTED`` in its environment; without one it is the product."""

    def command(self) -> list[str]:
        """Return the serve command by way of the module that plants."""
        return [sys.executable, "-m", "tests.chaos.planted", "serve"]


class Stage:
    """One run of one scenario. ``installation`` is new; servers are started by :func:`playing`."""

    def __init__(
        self, outcome: Outcome, installation: Installation, engines: Engines, servers: Sequence[ServerProcess]
    ) -> None:
        self.outcome, self.installation, self.engines, self.servers = outcome, installation, engines, list(servers)
        self.history = outcome.history
        self.chance = random.Random(outcome.seed)
        self.crowd = Crowd(self.history, self.chance)
        self.people: list[dict[str, str]] = []
        self.room = ""
        self.moments: list[float] = []  # of faults
        self.leaving: set[ServerProcess] = set()  # a balancer sends nobody there any more

    def provision(self, count: int) -> None:
        """Make people and the conversation that they are all members of."""
        names = [f"person{number}" for number in range(count)]
        members = dict.fromkeys(names, "member") | {names[0]: "owner"}
        data = {
            "participants": [{"username": name} for name in names],
            "conversations": [{"title": "Room", "visibility": "public", "members": members}],
        }
        made = self.installation.provision(data)
        self.people = [made["participants"][name] for name in names]
        self.room = made["conversations"]["Room"]

    def fault(self) -> None:
        """A fault happens now."""
        self.moments.append(clock())
        self.outcome.faults += 1

    def any_url(self) -> str:
        """The address of some running server, as a balancer picks it."""
        running = [server.ws_url for server in self.servers if server.is_running and server not in self.leaving]
        return self.chance.choice(running or [self.servers[0].ws_url])

    def witness(self, number: int, **options: Any) -> Witness:
        """The ``number``-th client: people take turns, and so have several devices."""
        chance = random.Random(f"{self.outcome.seed}-{number}")
        person = self.people[number % len(self.people)]
        url = options.pop("url", self.any_url)
        witness = Witness(self.history, person, self.room, url, name=f"client-{number}", chance=chance, **options)
        return self.crowd.add(witness)

    async def gather(self, count: int, **options: Any) -> None:
        """Let ``count`` clients in and wait until all are there."""
        for number in range(count):
            self.witness(number, **options)
            await asyncio.sleep(0.005)
        await self.crowd.all_connected()

    async def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait for all acks, then for everybody to have seen everything; read the log."""
        try:
            await self.crowd.all_acked(seconds)
        except TimeoutError:
            waiting = sum(len(witness.outbox) for witness in self.crowd.witnesses)
            self.outcome.failures.append(f"{waiting} messages were not acked in {seconds} s after the last fault")
        server = next(server for server in self.servers if server.is_running)
        end = await keep_log(server.url, self.people[0]["access"], self.history, self.room)
        await self.crowd.all_shown(end, seconds)
        self.outcome.catch_up = percentile(self.staleness(), 0.99)

    def staleness(self) -> list[float]:
        """For each fault and each client, how long in the worst case something acked was not yet shown to it."""
        first: dict[int, float] = {}
        for ack in self.history.acks:
            first[ack.number] = min(first.get(ack.number, ack.time), ack.time)
        edges = [*self.moments, math.inf]
        worst: list[float] = []
        for observer in self.history.observers:
            lags = [
                (time, time - first[number])
                for number, time in zip(observer.shown, observer.times, strict=True)
                if number in first
            ]
            for begin, end in pairwise(edges):
                inside = [lag for time, lag in lags if begin <= time < end]
                if inside:
                    worst.append(max(0.0, *inside))
        return worst

    def close_codes(self) -> dict[int, int]:
        """How sockets ended, so far."""
        codes: dict[int, int] = {}
        for witness in self.crowd.witnesses:
            for code in witness.closes:
                codes[code] = codes.get(code, 0) + 1
        return codes

    def latencies(self) -> list[float]:
        """Seconds from invoke to ack, of all messages."""
        return [latency for witness in self.crowd.witnesses for latency in witness.latencies]

    def judge(self) -> None:
        """Let the checker look at the history, and look for defects in the servers' logs."""
        self.outcome.violations = check(self.history)
        for server in self.servers:
            lines = [line for line in server.log_text().splitlines() if LIBRARY not in line]
            defects = [line for line in lines if DEFECTS_IN_LOG.search(line)]
            if defects:
                self.outcome.violations.append(Violation("log", f"{len(defects)} defects: {defects[0][:300]}"))


@asynccontextmanager
async def playing(
    scenario: str,
    seed: int,
    installations: Installations,
    engines: Engines,
    *,
    servers: int = 2,
    people: int = 20,
    server_class: type[ServerProcess] = ServerProcess,
    environment: Mapping[str, str] | None = None,
    own: Sequence[Mapping[str, str]] = (),
    start: bool = True,
) -> AsyncIterator[Stage]:
    """A stage with running servers; engines that were broken on it are whole again afterwards.

    ``environment`` is for the installation, ``own`` for one server each.
    """
    settings = {"ACCESS_TOKEN_SECONDS": "7200"} | dict(environment or {})
    installation = await asyncio.to_thread(installations.create, **settings)
    processes = [server_class(installation, **(own[place] if place < len(own) else {})) for place in range(servers)]
    stage = Stage(Outcome(scenario, seed, History(seed, scenario)), installation, engines, processes)
    try:
        await asyncio.to_thread(stage.provision, people)
        if start:
            await asyncio.gather(*(asyncio.to_thread(server.start) for server in processes))
        yield stage
    finally:
        await stage.crowd.stop()
        await asyncio.gather(*(asyncio.to_thread(server.stop) for server in processes))
        for engine in (engines.postgresql, *engines.valkeys):
            engine.thaw()
            if not engine.is_running:
                await asyncio.to_thread(engine.start)
    stage.judge()
