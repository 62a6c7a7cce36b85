"""What the built-in tools read: messages of one conversation, between the bounds of a question. Synchronous.

The bounds are those of the least privileged reader of the answer (``question.first``) and of the moment the question
was asked (``question.up_to``); the agent's own membership is asked for as well, as with anybody. Nothing deleted, and
not the question itself, which would be the best answer to every search.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from agents.steps import Question
from conversations import selectors
from conversations.models import Event, EventQuerySet
from conversations.search import Question as Search
from conversations.search import messages_found
from participants.models import Participant

MOST = 50
LINE_CHARACTERS = 500
_MOST_SUMMARISED = 2_000
_WORD = re.compile(r"[^\W\d_]{4,}")
_COMMON_TEXT = """
about after again also because been before being both came come could does done down each even ever every from gets give
good have having here into just know like made make many maybe more most much must need only other over really said same
should some still such sure take than thank thanks that their them then there these they thing think this those through
time under very want well were what when where which while will with would your yours
"""
_COMMON = frozenset(_COMMON_TEXT.split())
_PRESENCE = {True: "online", False: "offline", None: "presence unknown"}


def found(question: Question, query: str, limit: int) -> str:
    """The messages that answer a search, the best first."""
    asked = Search.parse(query)
    ids = messages_found(_agent(question), asked, conversation=question.conversation)
    rows = {row.pk: row for row in _of_others(question).filter(pk__in=ids)}
    hits = [rows[key] for key in ids if key in rows]
    if not hits:
        return f"No message here has {query!r} in it."
    return f"{_number(len(hits), 'message')} found, the best first.\n" + _lines(hits[: _bounded(limit)])


def page(question: Question, *, after: int | None, before: int | None, limit: int) -> str:
    """Messages in their order: behind a number, before one, or the newest."""
    rows = _visible(question).with_people()
    if after is not None:
        hits = list(rows.filter(sequence__gt=after, **_before(before)).order_by("sequence")[: _bounded(limit)])
    else:
        hits = list(rows.filter(**_before(before)).order_by("-sequence")[: _bounded(limit)])[::-1]
    return _lines(hits) if hits else "There are no messages there."


def digest(question: Question, *, first: int | None, last: int | None) -> str:
    """Who said how much in a range, about what, and how it began and ended; of the newest where there is too much."""
    rows = _of_others(question)
    if first is not None:
        rows = rows.filter(sequence__gte=first)
    if last is not None:
        rows = rows.filter(sequence__lte=last)
    hits = list(rows.order_by("-sequence")[:_MOST_SUMMARISED])[::-1]
    if not hits:
        return "There are no messages there."
    authors = Counter(_name(row) for row in hits)
    telling = _telling(hits)
    words = ", ".join(word for word, _ in _words(hits).most_common(8))
    said = ", ".join(f"{name} ({count})" for name, count in authors.most_common(10))
    period = f"from {_when(hits[0])} to {_when(hits[-1])}"
    parts = [
        f"{_number(len(hits), 'message')}, {hits[0].sequence} to {hits[-1].sequence}, {period}.",
        f"Written by: {said}.",
        f"Frequent words: {words}." if words else "",
        f"The most telling:\n{_lines(telling)}",
    ]
    return "\n".join(part for part in parts if part)


def members(question: Question) -> str:
    """Who is in the conversation, online first."""
    membership = selectors.get_membership_for(_agent(question), question.conversation)
    shown = selectors.members_of(membership.conversation, limit=100)
    lines = [
        f"- {row['display_name']} (@{row['username']}), {row['kind']}, {row['role']}, "
        f"{_presence(row)}joined {row['joined_at']:%Y-%m-%d}"
        for row in shown
    ]
    return f"{_number(len(lines), 'participant')}.\n" + "\n".join(lines)


def _agent(question: Question) -> Participant:
    return Participant.objects.get(pk=question.agent)


def _visible(question: Question) -> EventQuerySet:
    membership = selectors.get_membership_for(_agent(question), question.conversation)
    rows = Event.objects.visible_to(membership, membership.conversation).messages()
    rows = rows.filter(sequence__range=(question.first, question.up_to), deleted_at=None)
    return rows.exclude(sequence=question.lines[-1].sequence) if question.lines else rows


def _of_others(question: Question) -> EventQuerySet:
    """Without the agent's own answers, which quote what they found the last time."""
    return _visible(question).exclude(author=question.agent).with_people()


def _presence(row: dict[str, Any]) -> str:
    """Agents are not connected: they are there when they are asked."""
    return "" if row["kind"] == Participant.Kind.AGENT else f"{_PRESENCE[row['is_online']]}, "


def _before(before: int | None) -> dict[str, int]:
    return {} if before is None else {"sequence__lt": before}


def _bounded(limit: int) -> int:
    return max(1, min(limit, MOST))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _name(row: Event) -> str:
    return (row.author.display_name or row.author.username) if row.author else "the site"


def _when(row: Event) -> str:
    return f"{row.created_at:%Y-%m-%d %H:%M} UTC"


def _lines(rows: Iterable[Event]) -> str:
    return "\n".join(f"[{row.sequence}] {_when(row)} {_name(row)}: {_head(row.content)}" for row in rows)


def _head(content: str) -> str:
    return content if len(content) <= LINE_CHARACTERS else f"{content[:LINE_CHARACTERS]}…"


def _words(rows: Iterable[Event]) -> Counter[str]:
    """How many messages have each word."""
    counted: Counter[str] = Counter()
    for row in rows:
        counted.update({word for word in _WORD.findall(row.content[:2_000].lower()) if word not in _COMMON})
    return counted


def _telling(rows: list[Event]) -> list[Event]:
    """The first, the last, and those between that have the most of the frequent words, in their order."""
    words = dict(_words(rows).most_common(20))
    weights = {
        row.pk: sum(words.get(word, 0) for word in set(_WORD.findall(row.content[:2_000].lower()))) for row in rows
    }
    best = sorted(rows[1:-1], key=lambda row: weights[row.pk], reverse=True)[:5]
    chosen = {row.pk for row in (rows[0], rows[-1], *best)}
    return [row for row in rows if row.pk in chosen]
