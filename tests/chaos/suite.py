"""The table of scenarios: which fault, how much of it in a short run and in a whole one, and on what it plays."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.planted import VARIABLE
from tests.chaos.scenarios import engines, lines, readers, servers, soak, storms
from tests.chaos.stage import PlantedServer


@dataclass(frozen=True)
class Scenario:
    """``short`` is what continuous integration runs (None: nothing of it). ``stage`` is for :func:`stage.playing`."""

    name: str
    fault: str
    play: Callable[..., Awaitable[None]]
    short: Mapping[str, Any] | None
    whole: Mapping[str, Any]
    stage: Mapping[str, Any] = field(default_factory=dict)
    is_sqlite: bool = False


FLOOD_LIMITS = {
    "CHAT_RATE_LIMITS": "on",
    "CHAT_LIMIT_MESSAGES": "600/60 100",
    "CHAT_LIMIT_ADDRESSES": "10000/60",  # all of them come from one
}

SCENARIOS = [
    Scenario(
        "server-kills",
        "kill -9 of a random server under load",
        servers.kills,
        {"kills": 20, "clients": 40, "rate": 20},
        {"kills": 100, "clients": 200, "rate": 40},
    ),
    Scenario(
        "rolling-sigterm",
        "SIGTERM of one server after the other, under load",
        servers.rolling,
        {"rounds": 4, "clients": 60, "rate": 20},
        {"rounds": 20, "clients": 200, "rate": 20},
    ),
    Scenario(
        "server-frozen",
        "SIGSTOP of a server",
        servers.frozen,
        {"seconds": 5, "clients": 40, "rate": 20},
        {"seconds": 15, "clients": 100, "rate": 20},
    ),
    Scenario(
        "redis-kills",
        "Redis: kill -9 with outages, and FLUSHALL",
        engines.redis_kills,
        {"outages": [1, 3], "clients": 40, "rate": 20},
        {"outages": [1, 5, 20, 2, 10], "clients": 100, "rate": 20},
    ),
    Scenario(
        "redis-absent",
        "Redis is not there as the servers start",
        engines.redis_absent,
        {"seconds": 4, "clients": 40, "rate": 20},
        {"seconds": 20, "clients": 100, "rate": 20},
        {"start": False},
    ),
    Scenario(
        "redis-frozen",
        "Redis: SIGSTOP, takes everything and answers nothing",
        engines.redis_frozen,
        {"seconds": 5, "clients": 40, "rate": 20},
        {"seconds": 15, "clients": 100, "rate": 20},
    ),
    Scenario(
        "postgres-kills",
        "PostgreSQL: kill -9",
        engines.postgres_kills,
        {"times": 2, "clients": 40, "rate": 20},
        {"times": 10, "clients": 100, "rate": 20},
    ),
    Scenario(
        "postgres-terminated",
        "PostgreSQL: pg_terminate_backend of all connections",
        engines.postgres_terminated,
        {"times": 2, "clients": 40, "rate": 20},
        {"times": 20, "clients": 100, "rate": 20},
    ),
    Scenario(
        "postgres-frozen",
        "PostgreSQL: SIGSTOP",
        engines.postgres_frozen,
        {"seconds": 3, "clients": 40, "rate": 20},
        {"seconds": 15, "clients": 100, "rate": 20},
    ),
    Scenario(
        "sqlite-kills",
        "SQLite: 20 writers, kill -9 of the server",
        engines.sqlite,
        {"kills": 3, "writers": 20, "rate": 40},
        {"kills": 50, "writers": 20, "rate": 40},
        {"servers": 1},
        is_sqlite=True,
    ),
    Scenario(
        "flaky-lines",
        "every line cut again and again, late and damaged (1 % of chunks)",
        lines.flaky,
        {"rounds": 3, "every": 4, "cut": 0.35, "corrupt": 0.01, "clients": 30, "rate": 10},
        {"rounds": 12, "every": 10, "cut": 0.35, "corrupt": 0.01, "clients": 60, "rate": 10},
    ),
    Scenario(
        "bad-lines",
        "the same, half of the lines each time and 10 % of the chunks damaged",
        lines.flaky,
        {"rounds": 2, "every": 4, "cut": 0.5, "corrupt": 0.1, "clients": 20, "rate": 5},
        {"rounds": 12, "every": 10, "cut": 0.5, "corrupt": 0.1, "clients": 40, "rate": 10},
    ),
    Scenario(
        "blackhole",
        "lines that take everything and pass nothing on",
        lines.blackhole,
        {"seconds": 5, "clients": 30, "rate": 10},
        {"seconds": 30, "clients": 60, "rate": 20},
    ),
    Scenario(
        "swallowed-acks",
        "10 % of the acks vanish on their way",
        lines.swallowed_acks,
        {"seconds": 8, "clients": 20, "rate": 30, "share": 0.1},
        {"seconds": 120, "clients": 60, "rate": 40, "share": 0.1},
    ),
    Scenario(
        "never-reading",
        "20 readers that never read, in a conversation where much is said",
        readers.never_reading,
        {"stalled_readers": 20, "clients": 20, "rate": 10, "long": 300},
        {"stalled_readers": 20, "clients": 60, "rate": 10, "long": 2000},
        {"servers": 1, "people": 40},
    ),
    Scenario(
        "flooding",
        "one socket sends 200,000 frames as fast as it can",
        readers.flooding,
        {"clients": 20, "rate": 10, "kinds": ["message", "ping"]},
        {"clients": 60, "rate": 10, "kinds": ["message", "ping"]},
        {"servers": 1, "environment": FLOOD_LIMITS, "people": 40},
    ),
    Scenario(
        "comeback",
        "all sockets cut at once, each with 50 entries missed",
        storms.comeback,
        {"clients": 100, "missed": 50},
        {"clients": 1000, "missed": 50},
        {"people": 100},
    ),
    Scenario(
        "burst",
        "200 new connections at the same moment",
        storms.burst,
        {"connections": 200},
        {"connections": 200},
        {"people": 40},
    ),
    Scenario(
        "coming-and-going",
        "people join and leave over both servers while others talk",
        storms.coming_and_going,
        {"people": 10, "rounds": 5, "clients": 10},
        {"people": 40, "rounds": 20, "clients": 40},
        {"people": 60},
    ),
    Scenario(
        "wrong-clock",
        "the clock of one server is a day ahead",
        servers.wrong_clock,
        {"seconds": 5, "clients": 20, "rate": 20},
        {"seconds": 60, "clients": 60, "rate": 20},
        {
            "server_class": PlantedServer,
            "own": [{}, {VARIABLE: "clock-ahead"}],
            "environment": {"ACCESS_TOKEN_SECONDS": "200000"},
        },
    ),
    Scenario(
        "soak",
        "none: an even load for a long time",
        soak.even,
        None,
        {"minutes": 15, "clients": 100, "rate": 20},
    ),
]
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
