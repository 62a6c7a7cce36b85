"""The suite finds what it is for: each planted fault breaks its rule, and the product as it is breaks none."""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from tests.chaos import dramas
from tests.chaos.planted import FAULTS, VARIABLE, Fault
from tests.chaos.stage import Outcome, PlantedServer, Stage, playing
from tests.engines import Engines
from tests.servers import Installations

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("REDIS_URL"), reason="two processes: python -m tests.engines -- ./script/test"
    ),
]


@dataclass(frozen=True)
class Drama:
    """A play and the settings it needs."""

    play: Callable[[Stage], Awaitable[None]]
    environment: Mapping[str, str] = field(default_factory=dict)


QUICK_PRESENCE = {"CHAT_LEASE_SECONDS": "2", "CHAT_LEASE_RENEWAL_SECONDS": "0.5", "CHAT_PRESENCE_SECONDS": "1"}
TALK = Drama(dramas.talk)
OTHERS = {
    "missing": Drama(dramas.silent_bell),
    "leak": Drama(dramas.removal),
    "ghost": Drama(dramas.crash, QUICK_PRESENCE),
    "stranger": Drama(dramas.pages),
    "excess": Drama(dramas.flood, {"CHAT_RATE_LIMITS": "on", "CHAT_LIMIT_MESSAGES": "10/36000 10"}),
}


@pytest.fixture(scope="module")
def stages(private_engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installations]:
    """Installations on engines that may be broken."""
    made = Installations(tmp_path_factory.mktemp("planted"), private_engines.environment)
    yield made
    made.close()


async def outcome_of(drama: Drama, engines: Engines, installations: Installations, fault: str = "") -> Outcome:
    """Play with a fault in both servers, or with none."""
    environment = dict(drama.environment) | {VARIABLE: fault}
    async with playing(
        "planted", 1, installations, engines, server_class=PlantedServer, environment=environment
    ) as stage:
        await drama.play(stage)
    return stage.outcome


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_planted_fault_is_found(fault: Fault, private_engines: Engines, stages: Installations) -> None:
    outcome = await outcome_of(OTHERS.get(fault.rule, TALK), private_engines, stages, fault.name)
    assert fault.rule in {violation.rule for violation in outcome.violations}, outcome.violations


@pytest.mark.parametrize("drama", [TALK, *OTHERS.values()], ids=["talk", *OTHERS])
async def test_the_product_breaks_no_rule(drama: Drama, private_engines: Engines, stages: Installations) -> None:
    outcome = await outcome_of(drama, private_engines, stages)
    assert outcome.violations == []
    history = outcome.history
    assert history.acks or history.presence or history.knocks
