"""Reads of participants that are not plain querysets."""

import uuid

from django.db.models import Q, QuerySet

from participants.models import Participant


def participants_named(search: str) -> QuerySet[Participant]:
    """Active participants whose username or display name contains ``search`` (all when empty)."""
    found = Participant.objects.filter(is_active=True)
    if search:
        found = found.filter(Q(username__icontains=search) | Q(display_name__icontains=search))
    return found


def _as_id(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(name)
    except ValueError:
        return None


def find_participants(names: list[str]) -> dict[str, Participant]:
    """Active participants by id or username (any case), in one query; keys are the names as given.

    What is somebody's id means them, even if another one has taken it as their username.
    """
    wanted = Q(pk__in=[identity for name in names if (identity := _as_id(name))])
    for name in names:
        wanted |= Q(username__iexact=name)
    rows = list(Participant.objects.filter(wanted, is_active=True))
    by_id = {row.pk: row for row in rows}
    by_username = {row.username.lower(): row for row in rows}
    found = {name: by_id.get(_as_id(name)) or by_username.get(name.lower()) for name in names}  # type: ignore[arg-type]
    return {name: row for name, row in found.items() if row is not None}


def known_to(viewer: Participant, participants: list[uuid.UUID]) -> set[uuid.UUID]:
    """Those of ``participants`` who share a conversation with ``viewer`` (or are the viewer): one query.

    The relation is the one that conversations' memberships add to a participant; nothing of that app is imported.
    """
    shared = Participant.objects.filter(
        pk__in=participants, memberships__conversation__memberships__participant=viewer
    ).values_list("pk", flat=True)
    return {viewer.pk, *shared}
