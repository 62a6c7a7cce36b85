"""The command tells what there is, what a run showed, and how to repeat one that failed."""

from pathlib import Path

import pytest

from tests.chaos import __main__ as command
from tests.chaos.checker import check
from tests.chaos.history import History
from tests.chaos.planted import FAULTS
from tests.chaos.stage import Outcome, percentile
from tests.chaos.suite import BY_NAME, SCENARIOS
from tests.chaos.synthetic import SPOILT, good


def spoilt_outcome() -> Outcome:
    """A run in which something was lost."""
    history = good(10, 2, seed=7)
    dict(SPOILT)["lost"](history)
    return Outcome("server-kills", 7, history, violations=check(history))


def test_the_list_names_every_scenario_and_every_planted_fault(capsys: pytest.CaptureFixture[str]) -> None:
    command.list_all()
    printed = capsys.readouterr().out
    for name in [*BY_NAME, *FAULTS]:
        assert name in printed
    assert len(BY_NAME) == len(SCENARIOS)


def test_a_good_run_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    command.report(Outcome("burst", 1, good(10, 2, 1)), 3.0)
    printed = capsys.readouterr().out
    assert printed.startswith("burst")
    assert printed.rstrip().endswith("ok")


def test_a_failed_run_says_why_and_how_to_repeat_it_and_keeps_its_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = spoilt_outcome()
    command.report(outcome, 3.0)
    command.keep(outcome, tmp_path)
    printed = capsys.readouterr().out
    assert "FAILED" in printed
    assert "BROKEN lost" in printed
    assert "./script/chaos --scenario server-kills --seed 7" in printed
    (kept,) = tmp_path.glob("*.json")
    assert check(History.load(kept)) == outcome.violations


def test_a_claim_is_told_when_it_is_over_its_bound_and_fails_with_its_slack_used_up() -> None:
    outcome = Outcome("burst", 1, History())
    outcome.claim("late", 4, 2, slack=3)
    assert outcome.ok
    assert "OVER" in outcome.claims["late"]
    outcome.claim("later", 7, 2, slack=3)
    assert outcome.failures == ["later: 7 s, bound 2"]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2), (0.75, 3), (0.99, 4), (1.0, 4)])
def test_a_percentile_is_one_of_the_values(share: float, expected: int) -> None:
    assert percentile([4, 1, 3, 2], share) == expected
    assert percentile([], share) == 0
