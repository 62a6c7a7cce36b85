"""``./script/chaos``: play scenarios against real processes, check what was seen, and tell it in a table."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos import planted
from tests.chaos.stage import Outcome, playing
from tests.chaos.suite import BY_NAME, SCENARIOS, Scenario
from tests.engines import Engines, running_engines
from tests.servers import Installations

HEADER = (
    "scenario",
    "faults",
    "invokes",
    "acks",
    "deliveries",
    "lost",
    "twice",
    "holes",
    "catch-up p99",
    "seconds",
    "",
)
WIDTHS = (20, 6, 7, 6, 10, 4, 5, 5, 12, 7, 6)


def tell(*cells: object) -> None:
    """One line of the table."""
    line = "  ".join(str(cell).ljust(width) for cell, width in zip(cells, WIDTHS, strict=False))
    sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.flush()


async def play(
    scenario: Scenario, seed: int, installations: Installations, engines: Engines, *, whole: bool
) -> Outcome:
    """One run of one scenario."""
    options = dict(scenario.stage)
    if scenario.is_sqlite:
        options["environment"] = {"DATABASE_URL": sqlite_url(), "REDIS_URL": ""}
    dose = scenario.whole if whole or scenario.short is None else scenario.short
    async with playing(scenario.name, seed, installations, engines, **options) as stage:
        await scenario.play(stage, **dose)
    return stage.outcome


def sqlite_url() -> str:
    """A new file for a database."""
    return f"sqlite:///{Path(tempfile.mkdtemp(prefix='chat-chaos-')) / 'chat.sqlite3'}"


def report(outcome: Outcome, seconds: float) -> None:
    """The line of a run, and what is behind it."""
    history = outcome.history
    rules = [violation.rule for violation in outcome.violations]
    catch_up = "" if outcome.catch_up is None else f"{outcome.catch_up:.2f} s"
    deliveries = sum(len(line.numbers) for line in history.lines)
    holes = rules.count("hole") + rules.count("order") + rules.count("missing")
    verdict = "ok" if outcome.ok else "FAILED"
    tell(
        outcome.scenario,
        outcome.faults,
        len(history.invokes),
        len(history.acks),
        deliveries,
        rules.count("lost"),
        rules.count("twice") + rules.count("shown"),
        holes,
        catch_up,
        f"{seconds:.0f}",
        verdict,
    )
    for what, figure in outcome.claims.items():
        sys.stdout.write(f"    {what}: {figure}\n")
    for violation in outcome.violations:
        sys.stdout.write(f"    BROKEN {violation.rule}: {violation.what}\n")
    for failure in outcome.failures:
        sys.stdout.write(f"    FAILED {failure}\n")


def keep(outcome: Outcome, directory: Path) -> None:
    """Keep the history of a failed run, and say how to repeat it."""
    path = directory / f"{outcome.scenario}-{outcome.seed}.json"
    outcome.history.save(path)
    sys.stdout.write(f"    seed {outcome.seed}, history in {path}\n")
    sys.stdout.write(f"    again: ./script/chaos --scenario {outcome.scenario} --seed {outcome.seed}\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./script/chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="what decides when and whom faults hit (random)")
    parser.add_argument("--scenario", action="append", choices=sorted(BY_NAME), help="only this one; may be repeated")
    parser.add_argument(
        "--minutes", type=float, help="begin no further run after so many minutes, and repeat until then"
    )
    parser.add_argument("--whole", action="store_true", help="the long doses instead of the short ones")
    parser.add_argument("--list", action="store_true", help="tell scenarios and planted faults, and end")
    return parser.parse_args()


def list_all() -> None:
    """What there is."""
    for scenario in SCENARIOS:
        sys.stdout.write(f"{scenario.name:22}{scenario.fault}\n")
    sys.stdout.write("\nplanted faults, and the rule that each must break (tests/chaos/test_planted.py):\n")
    for fault in planted.FAULTS.values():
        sys.stdout.write(f"{fault.name:22}{fault.rule:10}{fault.what}\n")


def main() -> int:
    """Play; 0 if nothing was broken."""
    chosen = arguments()
    if chosen.list:
        list_all()
        return 0
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    usual = [scenario for scenario in SCENARIOS if chosen.whole or scenario.short]
    scenarios = [BY_NAME[name] for name in chosen.scenario] if chosen.scenario else usual
    directory = Path(tempfile.mkdtemp(prefix="chat-chaos-"))
    sys.stdout.write(f"seed {seed}\n")
    tell(*HEADER)
    failed = 0
    begun = time.monotonic()
    with running_engines() as engines:
        installations = Installations(directory, engines.environment)
        while True:
            for scenario in scenarios:
                if chosen.minutes and time.monotonic() - begun > 60 * chosen.minutes:
                    break
                started = time.monotonic()
                outcome = asyncio.run(play(scenario, seed, installations, engines, whole=chosen.whole))
                report(outcome, time.monotonic() - started)
                if not outcome.ok:
                    failed += 1
                    keep(outcome, directory)
            seed += 1
            if not chosen.minutes or time.monotonic() - begun > 60 * chosen.minutes:
                break
    sys.stdout.write(f"{failed} failed\n")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
