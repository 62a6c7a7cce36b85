"""Whatever happens to a run, in whatever order, it ends at most once and stays ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.lifecycle import ENDS, TRANSITIONS, Happening, IllegalTransition, Status, after

HAPPENINGS = st.lists(st.sampled_from(Happening), max_size=30)


@given(HAPPENINGS)
def test_any_history_has_at_most_one_end_and_nothing_after_it(happenings: list[Happening]) -> None:
    """Refused happenings change nothing, as on a locked row."""
    status, ends = Status.QUEUED, 0
    for happening in happenings:
        try:
            following = after(status, happening)
        except IllegalTransition:
            continue
        assert status not in ENDS
        ends += following in ENDS
        status = following
    assert ends == (status in ENDS)


@given(HAPPENINGS)
def test_nothing_completes_that_was_not_claimed(happenings: list[Happening]) -> None:
    """An answer comes from a run that somebody took."""
    status, claimed = Status.QUEUED, False
    for happening in happenings:
        try:
            status = after(status, happening)
        except IllegalTransition:
            continue
        claimed |= happening is Happening.CLAIM
    assert claimed or status in {Status.QUEUED, Status.FAILED, Status.CANCELLED}


def test_the_ends_are_completed_failed_and_cancelled() -> None:
    """And every one of them can be reached from a run that is under way."""
    assert {Status.COMPLETED, Status.FAILED, Status.CANCELLED} == ENDS
    assert set(TRANSITIONS[Status.RUNNING].values()) >= ENDS


@pytest.mark.parametrize("happening", list(Happening))
@pytest.mark.parametrize("end", sorted(ENDS))
def test_an_ended_run_refuses_everything(end: Status, happening: Happening) -> None:
    """Also the same end once more."""
    with pytest.raises(IllegalTransition):
        after(end, happening)
