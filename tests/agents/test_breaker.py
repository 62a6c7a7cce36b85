"""A breaker keeps everybody away from a provider that fails, and finds out when it is back."""

from hypothesis import given
from hypothesis import strategies as st

from agents.breaker import Breaker, State

FAILURES, WINDOW, PAUSE = 3, 10.0, 30.0

steps = st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["fails", "succeeds", "is silent"])), max_size=60)


def breaker() -> Breaker:
    return Breaker(FAILURES, WINDOW, PAUSE)


def opened(at: float) -> Breaker:
    broken = breaker()
    for _ in range(FAILURES):
        broken.failed(at)
    return broken


def test_enough_failures_within_the_window_open_it():
    broken = breaker()
    broken.failed(1)
    broken.failed(2)
    assert broken.admits(2)
    broken.failed(3)
    assert not broken.admits(3)
    assert broken.state(3) is State.OPEN


def test_failures_far_apart_do_not_open_it():
    slow = breaker()
    for when in range(0, 100, 5):
        slow.failed(when)
        assert slow.state(when) is State.CLOSED


def test_a_success_forgets_the_failures_before_it():
    mixed = breaker()
    for when in range(20):
        mixed.failed(when)
        mixed.failed(when)
        mixed.succeeded()
        assert mixed.state(when) is State.CLOSED


def test_after_the_pause_one_tries_and_the_others_wait():
    broken = opened(at=0)
    assert not broken.admits(PAUSE - 0.1)
    assert broken.admits(PAUSE)
    assert not broken.admits(PAUSE)
    broken.succeeded()
    assert broken.admits(PAUSE + 1)
    assert broken.state(PAUSE + 1) is State.CLOSED


def test_a_try_that_fails_opens_it_again():
    broken = opened(at=0)
    assert broken.admits(PAUSE)
    broken.failed(PAUSE + 1)
    assert not broken.admits(PAUSE + PAUSE)
    assert broken.admits(PAUSE + PAUSE + 1)


def test_who_tries_and_never_tells_is_replaced():
    broken = opened(at=0)
    assert broken.admits(PAUSE)
    assert not broken.admits(2 * PAUSE - 0.1)
    assert broken.admits(2 * PAUSE)


@given(steps)
def test_it_is_open_only_after_failures_and_never_for_longer_than_a_pause(script):
    subject, now, last_failure = breaker(), 0.0, None
    refused_since = None
    for wait, outcome in script:
        now += wait
        if not subject.admits(now):
            assert last_failure is not None
            refused_since = now if refused_since is None else refused_since
            assert now - refused_since < PAUSE
            continue
        refused_since = None
        if outcome == "fails":
            subject.failed(now)
            last_failure = now
        elif outcome == "succeeds":
            subject.succeeded()
            assert subject.state(now) is State.CLOSED


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=40))
def test_closed_it_remembers_no_more_than_it_needs(gaps):
    subject, now = breaker(), 0.0
    for gap in gaps:
        now += gap
        if subject.admits(now):
            subject.failed(now)
        assert len(subject._failed_at) < FAILURES
