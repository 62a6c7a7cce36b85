"""The rules of delivery in static/js/session.js, by lists: no page, no socket."""

import pytest

from tests.browser.conftest import OpenWindow, Window


@pytest.fixture
def session(window: OpenWindow):
    """Runs messages through a session that stands at a cursor; gives its steps, and the cursor it ends at."""
    page: Window = window()
    page.page.goto("/sign-in")

    def run(cursor: int, *messages) -> tuple[list, int]:
        script = """async ([cursor, messages]) => {
            const { Session } = await import("/static/js/session.js");
            const session = new Session(cursor);
            return [messages.map((message) => session.receive(message)).flat(), session.cursor];
        }"""
        steps, end = page.page.evaluate(script, [cursor, list(messages)])
        return [shortened(step) for step in steps], end

    return run


def shortened(step: dict):
    match step["do"]:
        case "show":
            return step["entry"]["sequence_id"]
        case "send":
            return step["command"]
        case "tell":
            return step["frame"]["type"]
    return step["do"]


def entry(number: int) -> dict:
    return {"type": "message", "sequence_id": number}


def page(*numbers: int, first: int = 1, more: bool = False) -> dict:
    return {"type": "sync", "events": [entry(n) for n in numbers], "first_sequence_id": first, "has_more": more}


def ask(cursor: int) -> dict:
    return {"type": "sync", "last_sequence_id": cursor}


def test_entries_are_shown_in_order_and_once(session):
    assert session(0, entry(1), entry(2), entry(2), entry(1), entry(3)) == ([1, 2, 3], 3)


def test_an_array_of_frames_is_many_frames(session):
    assert session(4, [entry(5), entry(6)], entry(7)) == ([5, 6, 7], 7)


def test_a_hole_asks_for_the_log_once(session):
    assert session(1, entry(3), entry(4), entry(5)) == ([ask(1)], 1)


def test_a_hole_is_filled_by_the_log(session):
    assert session(1, entry(3), page(2, 3), entry(4)) == ([ask(1), "sync", 2, 3, 4], 4)


def test_after_a_filled_hole_the_next_one_asks_again(session):
    steps, cursor = session(1, entry(3), page(2, 3), entry(5))
    assert steps == [ask(1), "sync", 2, 3, ask(3)]
    assert cursor == 3


def test_while_pages_follow_nothing_is_asked_again(session):
    assert session(0, entry(9), page(1, 2, more=True), entry(10), page(3)) == ([ask(0), "sync", 1, 2, "sync", 3], 3)


def test_what_is_hidden_is_no_hole(session):
    assert session(0, page(7, 8, first=7)) == (["sync", 7, 8], 8)


def test_an_ack_has_a_number_and_is_no_entry(session):
    assert session(1, {"type": "message_ack", "sequence_id": 9}) == (["message_ack"], 1)


def test_transient_frames_are_told(session):
    assert session(1, {"type": "typing"}, {"type": "presence"}) == (["typing", "presence"], 1)


def test_an_entry_of_an_unknown_kind_moves_the_cursor(session):
    assert session(1, {"type": "something_new", "sequence_id": 2}, entry(3)) == ([2, 3], 3)


def test_a_log_that_is_shorter_than_the_page_means_to_load_anew(session):
    assert session(9, {"type": "error", "code": "sequence_ahead"}) == (["reload"], 9)


def test_what_is_no_longer_kept_is_no_hole(session):
    gone = {"type": "error", "code": "sequence_too_old", "first_sequence_id": 50}
    assert session(3, gone, page(50, 51, first=50)) == (["error", "sync", 50, 51], 51)


def test_waiting_grows_to_half_a_minute_and_half_of_it_is_chance(window: OpenWindow):
    tab = window()
    tab.page.goto("/sign-in")
    script = """async (chance) => {
        const { delay } = await import("/static/js/socket.js");
        return [0, 1, 2, 3, 4, 5, 6, 99].map((attempt) => delay(attempt, chance) / 1000);
    }"""
    assert tab.page.evaluate(script, 1) == [1, 2, 4, 8, 16, 30, 30, 30]
    assert tab.page.evaluate(script, 0) == [0.5, 1, 2, 4, 8, 15, 15, 15]
