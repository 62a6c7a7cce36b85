"""Histories made up by a model of a good server, and ways to spoil one."""

import random
from collections.abc import Callable
from itertools import pairwise

from tests.chaos.history import (
    Ack,
    Budget,
    History,
    Invoke,
    Knock,
    Line,
    Loss,
    Observer,
    Presence,
    Read,
    Stored,
)

ROOM = "room"


def good(count: int, observers: int, seed: int) -> History:
    """Everything as it should be: ``count`` messages, some sent again, seen by some over several sockets each."""
    chance = random.Random(seed)
    history = History(seed, "synthetic")
    rows = []
    now = 0.0
    for number in range(1, count + 1):
        now += chance.uniform(0.01, 1)
        author, key = f"author-{chance.randrange(3)}", f"key-{number}"
        history.invokes.append(Invoke(now, ROOM, author, key, f"text {number}"))
        for _ in range(chance.choice((1, 1, 1, 2))):
            now += chance.uniform(0.001, 0.1)
            history.acks.append(Ack(now, ROOM, author, key, number))
        rows.append(Stored(number, "message", author, key, f"text {number}", f"digest-{number}"))
        if chance.random() < 0.2:
            history.reads.append(Read(now + 0.001, ROOM, [row.number for row in rows]))
    history.logs[ROOM] = rows
    for place in range(observers):
        _observe(history, f"observer-{place}", count, chance)
    history.losses.append(Loss(now, ROOM, "somebody", 1.0))
    history.presence.append(Presence("author-0", now, now + 5, 60))
    history.knocks += [Knock("https://here", True, True), Knock("https://there", False, False)]
    history.budgets.append(Budget("messages", 10, 10))
    return history


def _observe(history: History, name: str, count: int, chance: random.Random) -> None:
    after = chance.randrange(count + 1)
    observer = Observer(name, ROOM, after, list(range(after + 1, count + 1)))
    observer.times = [float(number) for number in observer.shown]
    history.observers.append(observer)
    edges = sorted({after, count, *(chance.randrange(after, count + 1) for _ in range(2))})
    for begin, end in pairwise(edges):
        numbers = list(range(begin + 1, end + 1))
        digests = [f"digest-{number}" for number in numbers]
        history.lines.append(Line(name, ROOM, begin, numbers, digests, [float(number) for number in numbers]))


def _lose_a_row(history: History) -> None:
    del history.logs[ROOM][-1]


def _ack_another_number(history: History) -> None:
    history.acks[-1].number += 1


def _store_a_stranger(history: History) -> None:
    end = len(history.logs[ROOM])
    history.logs[ROOM].append(Stored(end + 1, "message", "author-9", "key-x", "boo", "digest-x"))


def _change_a_text(history: History) -> None:
    history.logs[ROOM][0].content = "something else"


def _deliver_what_is_not_there(history: History) -> None:
    number = len(history.logs[ROOM]) + 1
    history.lines.append(Line("observer-x", ROOM, number - 1, [number], ["digest-y"], [0.0]))


def _store_twice(history: History) -> None:
    first = history.logs[ROOM][0]
    end = len(history.logs[ROOM])
    history.logs[ROOM].append(Stored(end + 1, "message", first.author, first.key, first.content, "digest-z"))


def _ack_a_repetition_anew(history: History) -> None:
    first = history.acks[0]
    history.acks.append(Ack(10**6, ROOM, first.author, first.key, first.number + 1))


def _skip_a_number(history: History) -> None:
    history.logs[ROOM][-1].number += 1


def _give_a_number_twice(history: History) -> None:
    history.logs[ROOM][-1].number -= 1


def _show_another_entry(history: History) -> None:
    history.lines.append(Line("observer-x", ROOM, 0, [1], ["digest-other"], [0.0]))


def _leave_one_out(history: History) -> None:
    history.lines.append(Line("observer-x", ROOM, 0, [1, 3], ["digest-1", "digest-3"], [0.0, 0.0]))


def _begin_too_late(history: History) -> None:
    history.lines.append(Line("observer-x", ROOM, 0, [2], ["digest-2"], [0.0]))


def _deliver_twice(history: History) -> None:
    history.lines.append(Line("observer-x", ROOM, 0, [1, 1], ["digest-1", "digest-1"], [0.0, 0.0]))


def _deliver_in_disorder(history: History) -> None:
    history.lines.append(Line("observer-x", ROOM, 0, [1, 3, 2], ["digest-1", "digest-3", "digest-2"], [0.0] * 3))


def _make_a_client_ask(history: History) -> None:
    history.lines.append(Line("observer-x", ROOM, 0, asked=1))


def _show_twice(history: History) -> None:
    history.observers.append(Observer("observer-x", ROOM, 0, [1, 1], [0.0, 0.0], stays=False))


def _stop_short(history: History) -> None:
    history.observers.append(Observer("observer-x", ROOM, 0, [1], [0.0]))


def _turn_an_order_round(history: History) -> None:
    history.acks[0].number, history.acks[-1].number = history.acks[-1].number, history.acks[0].number


def _read_something_old(history: History) -> None:
    history.reads.append(Read(10**6, ROOM, [row.number for row in history.logs[ROOM][:-1]]))


def _leak(history: History) -> None:
    history.losses.append(Loss(0.0, ROOM, "observer-x", 1.0))
    history.lines.append(Line("observer-x", ROOM, 0, [1], ["digest-1"], [1.5]))


def _leave_a_ghost(history: History) -> None:
    history.presence.append(Presence("author-1", 0.0, 61.0, 60))


def _never_tell(history: History) -> None:
    history.presence.append(Presence("author-1", 0.0, None, 60))


def _let_a_stranger_in(history: History) -> None:
    history.knocks.append(Knock("https://evil-here", False, True))


def _let_too_many_through(history: History) -> None:
    history.budgets.append(Budget("messages", 10, 11))


SPOILT: list[tuple[str, Callable[[History], None]]] = [
    ("lost", _lose_a_row),
    ("lost", _ack_another_number),
    ("phantom", _store_a_stranger),
    ("phantom", _change_a_text),
    ("phantom", _deliver_what_is_not_there),
    ("twice", _store_twice),
    ("twice", _ack_a_repetition_anew),
    ("hole", _skip_a_number),
    ("hole", _give_a_number_twice),
    ("disagree", _show_another_entry),
    ("order", _leave_one_out),
    ("order", _begin_too_late),
    ("order", _deliver_twice),
    ("order", _deliver_in_disorder),
    ("order", _make_a_client_ask),
    ("shown", _show_twice),
    ("missing", _stop_short),
    ("before", _turn_an_order_round),
    ("stale", _read_something_old),
    ("leak", _leak),
    ("ghost", _leave_a_ghost),
    ("ghost", _never_tell),
    ("stranger", _let_a_stranger_in),
    ("excess", _let_too_many_through),
]
