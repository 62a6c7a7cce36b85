"""The rules of delivery, with lists instead of sockets: once, in order, no hole, whatever the layer does."""

from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.session import PENDING, Bucket, Expiry, Line, Patience, Subscription

RECENT = 8

patient = settings(max_examples=200, deadline=None)  # a busy machine is no defect


@dataclass(frozen=True)
class Entry:
    sequence: int
    size: int = 10


def entries(*numbers: int) -> list[Entry]:
    return [Entry(number) for number in numbers]


def line_at(position: int) -> Line[Entry]:
    return Line(position, RECENT, 10 * RECENT)


def numbers(found: object) -> list[int]:
    return [entry.sequence for entry in found]  # type: ignore[attr-defined]


# --- the line ---------------------------------------------------------------------------------------------------------


@st.composite
def bells(draw: st.DrawFn) -> tuple[int, int, list[list[int]]]:
    """A start, an end, and what rings: any numbers of the log in any order, repeated or lost, in batches."""
    start = draw(st.integers(0, 5))
    end = start + draw(st.integers(1, 40))
    rung = st.integers(max(1, start - 2), end)
    return start, end, draw(st.lists(st.lists(rung, max_size=8), max_size=20))


@patient
@given(bells(), st.data())
def test_whatever_rings_all_is_delivered_once_in_order(
    rung: tuple[int, int, list[list[int]]], data: st.DataObject
) -> None:
    start, end, batches = rung
    line = line_at(start)
    delivered: list[int] = []
    for batch in batches:
        delivered += numbers(line.accept(entries(*batch)))
        if line.has_hole and data.draw(st.booleans()):
            page = data.draw(st.integers(1, 5))
            delivered += numbers(line.accept(entries(*range(line.position + 1, min(end, line.position + page) + 1))))
        assert delivered == list(range(start + 1, line.position + 1))
    delivered += numbers(line.accept(entries(*range(line.position + 1, end + 1))))
    assert delivered == list(range(start + 1, end + 1))
    assert not line.has_hole


@patient
@given(st.permutations(range(1, 30)), st.lists(st.integers(1, 29)))
def test_any_order_without_a_loss_needs_no_log(order: list[int], again: list[int]) -> None:
    line = line_at(0)
    delivered = [number for given_ in [*order, *again] for number in numbers(line.accept(entries(given_)))]
    assert delivered == list(range(1, 30))
    assert not line.has_hole


def test_a_hole_is_known_until_it_closes() -> None:
    line = line_at(4)
    assert numbers(line.accept(entries(5))) == [5]
    assert not line.has_hole
    assert numbers(line.accept(entries(8, 7))) == []
    assert line.has_hole
    assert line.position == 5
    assert numbers(line.accept(entries(6))) == [6, 7, 8]
    assert not line.has_hole
    assert numbers(line.accept(entries(5, 6, 7, 8, 1))) == []


def test_what_waits_is_bounded_and_the_log_gives_the_rest() -> None:
    line = line_at(0)
    assert line.accept(entries(*range(2, PENDING + 50))) == []
    assert numbers(line.accept(entries(1))) == list(range(1, PENDING + 2))
    assert not line.has_hole
    assert numbers(line.accept(entries(*range(2, PENDING + 50)))) == list(range(PENDING + 2, PENDING + 50))


@patient
@given(st.integers(0, 30), st.integers(0, 40), st.integers(-1, 80))
def test_since_gives_all_behind_a_cursor_or_says_that_it_cannot(start: int, count: int, cursor: int) -> None:
    line = line_at(start)
    line.accept(entries(*range(start + 1, start + count + 1)))
    found = line.since(cursor)
    oldest = line.position - min(RECENT, count)
    if cursor < oldest:
        assert found is None
    else:
        assert numbers(found) == list(range(cursor + 1, line.position + 1))


# --- one subscription -------------------------------------------------------------------------------------------------


class Reader:
    """A subscription as a socket drives it, and the numbers that its owner was given."""

    def __init__(self, line: Line[Entry], cursor: int) -> None:
        self.line = line
        self.subscription = Subscription(cursor)
        self.start = cursor
        self.given: list[int] = []

    def hand_out(self, passed: list[Entry]) -> None:
        """What the line let through is offered to everybody."""
        self.given += numbers(self.subscription.take(passed))

    def read_page(self, log: int, size: int) -> None:
        """Read a page of the log, which may be ahead of the line, and go live where that is allowed."""
        if self.subscription.live:
            return
        last = min(log, self.subscription.cursor + size)
        self.given += range(self.subscription.cursor + 1, last + 1)
        self.subscription.page(last)
        self.subscription.go_live(self.line)

    def rewind(self, cursor: int) -> None:
        """The owner asks for everything behind ``cursor`` again."""
        assert self.given == list(range(self.start + 1, self.subscription.cursor + 1))
        self.subscription.rewind(cursor)
        self.start, self.given = cursor, []


@patient
@given(st.data())
def test_pages_then_live_give_every_number_after_the_start_once(data: st.DataObject) -> None:
    log = data.draw(st.integers(0, 10))
    line = line_at(data.draw(st.integers(0, log)))
    reader = Reader(line, data.draw(st.integers(0, log)))
    for step in data.draw(st.lists(st.sampled_from(["append", "ring", "lose", "page", "rewind"]), max_size=60)):
        if step == "append":
            log += 1
        elif step == "ring":
            first = data.draw(st.integers(1, log + 1))
            last = data.draw(st.integers(first - 1, log))
            reader.hand_out(line.accept(entries(*range(first, last + 1))))
        elif step == "page":
            reader.read_page(log, data.draw(st.integers(1, 6)))
        elif step == "rewind":
            reader.rewind(data.draw(st.integers(0, log)))
        assert reader.given == list(range(reader.start + 1, reader.subscription.cursor + 1))
    reader.hand_out(line.accept(entries(*range(line.position + 1, log + 1))))
    while not reader.subscription.live:
        reader.read_page(log, 3)
    reader.hand_out(line.accept(entries(log + 1)))
    assert reader.given == list(range(reader.start + 1, log + 2))


def test_nothing_live_is_given_before_the_pages_reach_the_line() -> None:
    line = line_at(10)
    subscription = Subscription(4)
    assert subscription.take(entries(11)) == ()
    subscription.page(9)
    assert subscription.go_live(line) is False
    assert subscription.take(line.accept(entries(11))) == ()
    subscription.page(11)
    assert subscription.go_live(line) is True
    assert numbers(subscription.take(line.accept(entries(12, 13)))) == [12, 13]


def test_a_page_ahead_of_the_line_is_not_repeated_live() -> None:
    line = line_at(3)
    subscription = Subscription(3)
    subscription.page(6)
    assert subscription.go_live(line) is True
    assert numbers(subscription.take(line.accept(entries(4, 5)))) == []
    assert numbers(subscription.take(line.accept(entries(6, 7)))) == [7]


def test_a_hole_offered_to_a_live_subscription_is_a_defect_that_shows() -> None:
    with pytest.raises(AssertionError):
        Subscription(3, live=True).take(entries(5))


def test_after_a_rewind_live_waits_until_the_pages_are_there_again() -> None:
    line = line_at(5)
    subscription = Subscription(5, live=True)
    subscription.rewind(2)
    assert subscription.take(line.accept(entries(6))) == ()
    subscription.page(6)
    assert subscription.go_live(line) is True
    assert subscription.cursor == 6


# --- patience and expiry ----------------------------------------------------------------------------------------------

TALK = UUID(int=1)


@pytest.mark.parametrize("count", ["malformed", "warned"])
@patient
@given(gaps=st.lists(st.floats(0, 30), min_size=1, max_size=60), limit=st.integers(1, 12))
def test_patience_ends_with_the_last_one_that_is_borne_in_a_minute(count: str, gaps: list[float], limit: int) -> None:
    counted = getattr(Patience(limit, 3, limit), count)
    now = 0.0
    before = []
    for gap in gaps:
        now += gap
        before.append(now)
        assert counted(now) is (len([at for at in before if at > now - 60]) >= limit)


def test_bad_frames_and_warnings_count_apart() -> None:
    patience = Patience(2, 3, 2)
    assert [patience.malformed(1), patience.warned(1), patience.malformed(1)] == [False, False, True]


def test_typing_is_passed_on_once_in_three_seconds_and_stopping_at_once() -> None:
    patience = Patience(10, 3)
    assert patience.typing(TALK, True, 100.0)
    assert not patience.typing(TALK, True, 102.9)
    assert patience.typing(TALK, True, 103.0)
    assert patience.typing(TALK, False, 103.1)
    assert not patience.typing(TALK, False, 103.2)
    assert not patience.typing(TALK, True, 104.0)
    assert patience.typing(TALK, True, 106.0)


def test_stopping_without_having_typed_is_no_news_and_conversations_count_apart() -> None:
    patience = Patience(10, 3)
    assert not patience.typing(TALK, False, 1.0)
    assert patience.typing(TALK, True, 1.0)
    assert patience.typing(uuid4(), True, 1.0)


@patient
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 4)), max_size=40))
def test_typing_never_passes_twice_within_three_seconds(steps: list[tuple[bool, float]]) -> None:
    patience = Patience(10, 3)
    now, passed = 0.0, []
    for is_typing, gap in steps:
        now += gap
        if patience.typing(TALK, is_typing, now) and is_typing:
            passed.append(now)
    assert all(later - earlier >= 3 for earlier, later in pairwise(passed))


def test_notice_comes_once_then_the_end() -> None:
    expiry = Expiry(1000.0, 10.0)
    assert [expiry.due(at) for at in (0, 989.9, 990, 990, 995, 999.9)] == [None, None, "notice", None, None, None]
    assert [expiry.due(at) for at in (1000, 1001)] == ["closed", "closed"]


def test_a_renewed_credential_gets_a_notice_of_its_own() -> None:
    expiry = Expiry(1000.0, 10.0)
    assert expiry.due(995) == "notice"
    expiry.renew(2000.0)
    assert [expiry.due(at) for at in (1000, 1500, 1990, 1995, 2000)] == [None, None, "notice", None, "closed"]


@given(gaps=st.lists(st.floats(0, 2), max_size=200), rate=st.floats(1, 50), burst=st.integers(1, 20))
def test_a_bucket_never_lets_more_through_than_its_burst_and_rate(gaps: list[float], rate: float, burst: int) -> None:
    bucket = Bucket(rate, burst)
    now, passed = 0.0, []
    for gap in gaps:
        now += gap
        if bucket.take(now) == 0:
            passed.append(now)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - start) * rate + 1e-6


def test_a_bucket_says_when_there_is_room_again() -> None:
    bucket = Bucket(rate=2, burst=3)
    assert [bucket.take(10.0) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(10.0) == pytest.approx(0.5)
    assert bucket.take(10.25) == pytest.approx(0.25)
    assert bucket.take(10.5) == 0
