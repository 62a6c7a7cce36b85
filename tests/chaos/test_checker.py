"""The checker passes what is good and finds what is spoilt, one rule for each way of spoiling it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos.checker import FIRST, RULES, check
from tests.chaos.history import History, Line
from tests.chaos.planted import FAULTS
from tests.chaos.synthetic import ROOM, SPOILT, good

histories = st.builds(good, st.integers(3, 40), st.integers(1, 5), st.integers(0, 10**6))


@settings(deadline=None)
@given(histories)
def test_a_good_history_breaks_no_rule(history: History) -> None:
    assert check(history) == []


@pytest.mark.parametrize(("rule", "spoil"), SPOILT, ids=[spoil.__name__.strip("_") for _, spoil in SPOILT])
@settings(deadline=None, max_examples=30)
@given(history=histories)
def test_a_spoilt_history_breaks_its_rule(rule: str, spoil: Callable[[History], None], history: History) -> None:
    spoil(history)
    assert rule in {violation.rule for violation in check(history)}


def test_every_rule_is_broken_by_something() -> None:
    assert {rule for rule, _ in SPOILT} == set(RULES)


def test_every_planted_fault_names_a_rule_and_there_are_enough_of_them() -> None:
    assert {fault.rule for fault in FAULTS.values()} <= set(RULES)
    assert len(FAULTS) >= 12


def test_many_findings_of_one_rule_are_cut_short() -> None:
    history = good(10, 1, 0)
    history.lines += [Line(f"observer-{place}", ROOM, 0, [2], ["digest-2"], [0.0]) for place in range(50)]
    assert len(check(history)) == FIRST + 1


def test_a_history_comes_back_from_its_file(tmp_path: Path) -> None:
    history = good(20, 3, 5)
    history.save(tmp_path / "history.json")
    assert History.load(tmp_path / "history.json") == history
