"""The offline checker: a history in, what is wrong with it out. Pure.

Each rule is one function and one name; ``RULES`` is the table of both.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from tests.chaos.history import Ack, History, Stored

FIRST = 5  # findings of one rule that are told; there may be thousands of one cause


class Violation(NamedTuple):
    """A broken promise: the rule's name, and an example."""

    rule: str
    what: str


Findings = Iterator[str]


def lost(history: History) -> Findings:
    """P2: what was acked is in the log, at the number that the ack said."""
    rows = _rows(history)
    for ack in history.acks:
        found = rows.get(_key(ack), [])
        if ack.number not in [row.number for row in found]:
            yield f"{ack.key} was acked as {ack.number}; in the log it is at {[row.number for row in found]}"


def phantom(history: History) -> Findings:
    """Nothing is in the log, or comes to anybody, that nobody sent."""
    sent = {(row.conversation, row.author, row.key): row.content for row in history.invokes}
    for conversation, rows in history.logs.items():
        known = {row.number: row.digest for row in rows}
        for row in rows:
            if row.type == "message" and sent.get((conversation, str(row.author), str(row.key))) != row.content:
                yield f"{row.key} at {row.number} says {row.content!r}, which nobody sent so"
        for line in history.lines:
            for number in line.numbers if line.conversation == conversation else ():
                if number not in known:
                    yield f"{line.observer} was given {number}, which is not in the log"


def twice(history: History) -> Findings:
    """P4: one row for each (author, message_id), and one number in all of its acks."""
    for (_, author, key), rows in _rows(history).items():
        if len(rows) > 1:
            yield f"{key} of {author} is stored {len(rows)} times"
    numbers: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for ack in history.acks:
        numbers[_key(ack)].add(ack.number)
    for (_, author, key), said in numbers.items():
        if len(said) > 1:
            yield f"{key} of {author} was acked as {sorted(said)}"


def hole(history: History) -> Findings:
    """P1: the numbers of a log are 1 to n."""
    for conversation, rows in history.logs.items():
        numbers = [row.number for row in rows]
        if numbers != list(range(1, len(rows) + 1)):
            wrong = [number for place, number in enumerate(numbers, start=1) if number != place]
            yield f"{conversation}: {len(rows)} rows, out of step from {wrong[:3]} on"


def disagree(history: History) -> Findings:
    """Any two observers, and the log, have the same entry under the same number."""
    seen: dict[tuple[str, int], str] = {}
    for conversation, rows in history.logs.items():
        for row in rows:
            if seen.setdefault((conversation, row.number), row.digest) != row.digest:
                yield f"the log has two entries {row.number}"
    for line in history.lines:
        for number, digest in zip(line.numbers, line.digests, strict=True):
            if seen.setdefault((line.conversation, number), digest) != digest:
                yield f"{line.observer} was given another entry {number} than others"


def order(history: History) -> Findings:
    """P3: on one socket the numbers rise by one, from where it began; nothing is missing in between."""
    for line in history.lines:
        if line.asked:
            yield f"{line.observer} saw a hole and had to ask for entries {line.asked} times"
            continue
        numbers = line.numbers if line.after is None else [line.after, *line.numbers]
        for last, number in pairwise(numbers):
            if number != last + 1:
                yield f"{line.observer} was given {number} after {last}"
                break


def shown(history: History) -> Findings:
    """What a client shows rises by one from where it began: nothing twice, no hole."""
    for observer in history.observers:
        wanted = list(range(observer.after + 1, observer.after + 1 + len(observer.shown)))
        if observer.shown != wanted:
            wrong = [pair for pair in zip(observer.shown, wanted, strict=True) if pair[0] != pair[1]]
            yield f"{observer.name} showed {wrong[0][0]} where {wrong[0][1]} was due"


def missing(history: History) -> Findings:
    """Whoever stayed to the end has seen everything."""
    for observer in history.observers:
        end = len(history.logs.get(observer.conversation, ()))
        last = observer.shown[-1] if observer.shown else observer.after
        if observer.stays and last < end:
            yield f"{observer.name} stopped at {last} of {end}"


def before(history: History) -> Findings:
    """An ack that came before a later send orders the two."""
    first: dict[tuple[str, str, str], Ack] = {}
    for ack in history.acks:
        first.setdefault(_key(ack), ack)
    for conversation in history.logs:
        moments: list[tuple[float, int, int, str]] = []
        for invoke in history.invokes:
            acked = first.get(_key(invoke))
            if acked is not None and invoke.conversation == conversation:
                moments += [(invoke.time, 1, acked.number, invoke.key), (acked.time, 0, acked.number, invoke.key)]
        highest = 0
        for _, is_invoke, number, key in sorted(moments):
            if is_invoke and number < highest:
                yield f"{key} was sent after {highest} had been acked, and became {number}"
            elif not is_invoke:
                highest = max(highest, number)


def stale(history: History) -> Findings:
    """A read that begins after an ack contains what was acked."""
    for read in history.reads:
        there = set(read.numbers)
        for ack in history.acks:
            if ack.conversation == read.conversation and ack.time < read.began and ack.number not in there:
                yield f"a read did not have {ack.number}, acked {read.began - ack.time:.3f} s earlier"


def leak(history: History) -> Findings:
    """P5: who may not read gets nothing later than the bound."""
    for loss in history.losses:
        for line in history.lines:
            if (line.observer, line.conversation) == (loss.observer, loss.conversation):
                late = [time for time in line.times if time > loss.time + loss.bound]
                if late:
                    yield f"{loss.observer} was given {len(late)} entries, the last {late[-1] - loss.time:.1f} s late"


def ghost(history: History) -> Findings:
    """Presence of a killed process is gone in time."""
    for row in history.presence:
        if row.gone is None or row.gone - row.killed > row.bound:
            yield f"{row.participant} was still shown {row.bound} s after their process was killed"


def stranger(history: History) -> Findings:
    """A cookie is good for the exact origins of ours, and only for those."""
    for knock in history.knocks:
        if knock.welcome != knock.entered:
            yield f"{knock.origin} was {'let in' if knock.entered else 'turned away'}"


def excess(history: History) -> Findings:
    """A limit over time is one for all processes."""
    for budget in history.budgets:
        if budget.accepted > budget.allowed:
            yield f"{budget.scope}: {budget.accepted} went through where {budget.allowed} may"


RULES: dict[str, Callable[[History], Findings]] = {
    "lost": lost,
    "phantom": phantom,
    "twice": twice,
    "hole": hole,
    "disagree": disagree,
    "order": order,
    "shown": shown,
    "missing": missing,
    "before": before,
    "stale": stale,
    "leak": leak,
    "ghost": ghost,
    "stranger": stranger,
    "excess": excess,
}


def check(history: History) -> list[Violation]:
    """Everything that is wrong, the first few of each rule; empty is what a run must be."""
    found: list[Violation] = []
    for name, rule in RULES.items():
        for place, what in enumerate(rule(history)):
            if place == FIRST:
                found.append(Violation(name, "and more"))
                break
            found.append(Violation(name, what))
    return found


def _key(row: object) -> tuple[str, str, str]:
    return row.conversation, row.author, row.key  # type: ignore[attr-defined]


def _rows(history: History) -> dict[tuple[str, str, str], list[Stored]]:
    """The messages of all logs by conversation, author and the author's key."""
    rows: dict[tuple[str, str, str], list[Stored]] = defaultdict(list)
    for conversation, entries in history.logs.items():
        for row in entries:
            if row.type == "message":
                rows[conversation, str(row.author), str(row.key)].append(row)
    return rows
