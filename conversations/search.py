"""Finding messages by their words: one way to ask, two engines that answer (see :mod:`conversations.search_schema`).

A question is words that must all be there, ``"several words"`` in that order, ``-word`` that must not, and ``or``
between alternatives. Words are found in their English forms too. What is found is what the reader may read now.
"""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, FloatField
from django.db.models.expressions import RawSQL

from conversations.models import Event, EventQuerySet
from conversations.plain import plain
from conversations.search_schema import DOCUMENT, EVENT, INDEX
from conversations.selectors import get_membership_for
from participants.models import Participant

TERMS = 32
FOUND = 1000
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
_FRAGMENT_WORDS = 32

_POSTGRESQL_QUERY = "(websearch_to_tsquery('simple', %s) || websearch_to_tsquery('english', %s))"


@dataclass(frozen=True, slots=True)
class Question:
    """Alternatives, of each what must and what must not be there."""

    alternatives: Sequence[tuple[Sequence[str], Sequence[str]]]

    @classmethod
    def parse(cls, text: str) -> "Question":
        """The question in a text; what has nothing that must be there is left out."""
        alternatives: list[tuple[list[str], list[str]]] = [([], [])]
        for match in list(_TERM.finditer(text))[:TERMS]:
            minus, phrase, word = match.groups()
            term = " ".join(re.findall(r"[^\W_]+", word if phrase is None else phrase))
            if phrase is None and word.lower() == "or":
                alternatives.append(([], []))
            elif term:
                alternatives[-1][bool(minus)].append(term)
        return cls([(wanted, unwanted) for wanted, unwanted in alternatives if wanted])

    def for_postgresql(self) -> str:
        """As ``websearch_to_tsquery`` takes it."""
        return " or ".join(
            " ".join([*(f'"{term}"' for term in wanted), *(f'-"{term}"' for term in unwanted)])
            for wanted, unwanted in self.alternatives
        )

    def for_sqlite(self) -> str:
        """As FTS5's ``MATCH`` takes it."""
        return " OR ".join(
            "(" + " AND ".join(f'"{term}"' for term in wanted) + "".join(f' NOT "{term}"' for term in unwanted) + ")"
            for wanted, unwanted in self.alternatives
        )


def messages_found(
    reader: Participant,
    question: Question,
    *,
    conversation: UUID | None = None,
    author: UUID | None = None,
    before: datetime | None = None,
    after: datetime | None = None,
) -> list[UUID]:
    """The messages that ``reader`` may read and that answer the question, the best first, of equals the newest.

    What more than ``FOUND`` messages answer is answered by the newest of them, one more than that: so a word that is
    everywhere costs what any other does. Raises NotFound, Forbidden ``not_a_participant`` for a conversation that is
    not theirs.
    """
    if conversation is None:
        rows = Event.objects.visible_in_all_of(reader)
    else:
        membership = get_membership_for(reader, conversation)
        rows = Event.objects.visible_to(membership, membership.conversation)
    rows = rows.messages().filter(deleted_at=None)
    filters: dict[str, Any] = {"author": author, "created_at__lt": before, "created_at__gt": after}
    rows = rows.filter(**{name: value for name, value in filters.items() if value is not None})
    if not question.alternatives:
        return []
    ranked = _ranked_by_sqlite if connection.vendor == "sqlite" else _ranked_by_postgresql
    return [key for _, _, key in sorted(ranked(rows, question), reverse=True)]


def messages_of(ids: Sequence[UUID]) -> list[Event]:
    """Those messages, in that order, with their people."""
    rows = Event.objects.filter(pk__in=ids).with_people().select_related("conversation")
    found = {row.pk: row for row in rows.order_by()}
    return [found[key] for key in ids if key in found]


Ranked = list[tuple[float, datetime, UUID]]


def _ranked_by_sqlite(rows: EventQuerySet, question: Question) -> Ranked:
    """FTS5 gives its documents newest first, and is asked no further than the bound."""
    found = rows.extra(  # noqa: S610 - constants; FTS5 answers only where its table is in the FROM clause
        select={"rank": f"-bm25({INDEX})"},
        tables=[INDEX, DOCUMENT],
        where=[f"{INDEX}.{INDEX} MATCH %s", f"{DOCUMENT}.id = {INDEX}.rowid", f"{EVENT}.id = {DOCUMENT}.event"],
        params=[question.for_sqlite()],
        order_by=[f"-{INDEX}.rowid"],
    )
    return list(found.values_list("rank", "created_at", "pk")[: FOUND + 1])


def _ranked_by_postgresql(rows: EventQuerySet, question: Question) -> Ranked:
    """In two steps: ranking is what costs, and the planner would rank all before it takes the newest."""
    asked = [question.for_postgresql()] * 2
    answers = RawSQL(f"{EVENT}.search @@ {_POSTGRESQL_QUERY}", asked, output_field=BooleanField())  # noqa: S611
    rank = RawSQL(f"ts_rank({EVENT}.search, {_POSTGRESQL_QUERY})", asked, output_field=FloatField())  # noqa: S611
    found = list(rows.filter(answers).order_by("-created_at").values_list("pk", flat=True)[: FOUND + 1])
    ranked = Event.objects.filter(pk__in=found).annotate(rank=rank).order_by()
    return list(ranked.values_list("rank", "created_at", "pk"))


def highlights(messages: Iterable[Event], question: Question) -> dict[UUID, str]:
    """A piece of each message as HTML: everything escaped, what was asked for in ``<mark>``. One query."""
    found = [message.pk for message in messages]
    if not found:
        return {}
    # Nobody can have written these: made for this one question.
    start, stop = f"b{secrets.token_hex(8)}", f"e{secrets.token_hex(8)}"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            places = ", ".join(["%s"] * len(found))
            cursor.execute(
                f"SELECT event, snippet({INDEX}, 0, %s, %s, '…', {_FRAGMENT_WORDS}) FROM {INDEX} JOIN {DOCUMENT} "  # noqa: S608
                f"ON {DOCUMENT}.id = {INDEX}.rowid WHERE {INDEX}.{INDEX} MATCH %s AND event IN ({places})",
                [start, stop, question.for_sqlite(), *(key.hex for key in found)],
            )
        else:
            options = f"StartSel={start}, StopSel={stop}, MaxWords={_FRAGMENT_WORDS}, MinWords=8"
            asked = [question.for_postgresql()] * 2
            cursor.execute(
                f"SELECT id, ts_headline('english', left(content, 100000), {_POSTGRESQL_QUERY}, %s) FROM {EVENT} "  # noqa: S608
                "WHERE id = ANY(%s)",
                [*asked, options, found],
            )
        rows = cursor.fetchall()
    return {UUID(str(key)): _marked(text, start, stop) for key, text in rows}


def _marked(text: str, start: str, stop: str) -> str:
    return escape(plain(text)).replace(start, "<mark>").replace(stop, "</mark>")
