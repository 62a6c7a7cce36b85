"""How far people have read, for many of them at once: what unread counts are told from."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet

from conversations.models import Event, Membership, Mention, bounded_count


class Position(NamedTuple):
    """Where a conversation ends, and up to where its member has read; ``active_at`` is when something last came."""

    last: int
    read: int
    active_at: datetime


class Counts(NamedTuple):
    """What somebody has not read; one past the bound means more."""

    unread: int
    mentioned: int
    last: int


Key = tuple[UUID, UUID]  # participant, conversation


def positions_of(participants: Collection[UUID]) -> dict[Key, Position]:
    """All conversations of ``participants``: one query."""
    rows = Membership.objects.filter(participant__in=participants).order_by()
    fields = (
        "participant",
        "conversation",
        "conversation__last_sequence",
        "last_read_sequence",
        "conversation__active_at",
    )
    return {(who, where): Position(*position) for who, where, *position in rows.values_list(*fields)}


def counts_in(conversations: Collection[UUID], participants: Collection[UUID]) -> dict[Key, Counts]:
    """What each of ``participants`` who is in has not read there: one query of bounded counts."""
    rows = Membership.objects.filter(conversation__in=conversations, participant__in=participants).order_by()
    found = with_counts(rows).annotate(last=F("conversation__last_sequence"))
    fields = ("participant", "conversation", "unread", "mentioned", "last")
    return {(who, where): Counts(*counts) for who, where, *counts in found.values_list(*fields)}


def with_counts(rows: QuerySet[Membership]) -> Any:
    """Memberships with ``unread`` and ``mentioned``.

    Nobody has read less than the entry that made them a member, so what is hidden from them is not counted.
    """
    behind = {"conversation": OuterRef("conversation"), "sequence__gt": OuterRef("last_read_sequence")}
    said = Event.objects.filter(deleted_at=None, **behind).messages().exclude(author=OuterRef("participant"))
    named = Mention.objects.filter(Q(participant=OuterRef("participant")) | Q(participant=None), **behind)
    named = named.exclude(author=OuterRef("participant"))
    return rows.annotate(
        unread=bounded_count(said.values("sequence")),
        mentioned=bounded_count(named.values("sequence").distinct()),
    )
