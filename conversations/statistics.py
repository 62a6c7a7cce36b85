"""Figures of one conversation, or of all of them: derived from the log, with what is connected now."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from conversations.models import Event, Membership
from conversations.selectors import get_membership_for
from participants.models import Participant
from participants.presence import connections_or_unknown


def conversation_figures(participant: Participant, conversation_id: UUID) -> dict[str, Any]:
    """Of a conversation that one is in. Raises NotFound, Forbidden ``not_a_participant``."""
    membership = get_membership_for(participant, conversation_id)
    members = list(
        Membership.objects.filter(conversation=membership.conversation).values_list("participant", flat=True)
    )
    rows = Event.objects.visible_to(membership, membership.conversation)
    return _messages(rows) | _people(members)


def site_figures() -> dict[str, Any]:
    """Of the whole site, for its staff."""
    people = list(Participant.objects.filter(is_active=True).values_list("pk", flat=True))
    return _messages(Event.objects.all()) | _people(people)


def _people(participants: list[UUID]) -> dict[str, int | None]:
    """How many they are, how many of them are online, and with how many sockets; null while that is not known."""
    connected = connections_or_unknown(participants)
    return {
        "participant_count": len(participants),
        "online_count": None if connected is None else sum(count > 0 for count in connected),
        "connection_count": None if connected is None else sum(connected),
    }


def _messages(rows: QuerySet[Event]) -> dict[str, Any]:
    is_agent = Q(author__kind=Participant.Kind.AGENT)
    found = rows.filter(message_id__isnull=False, deleted_at=None).order_by()
    answers = found.filter(is_agent).values_list("data", flat=True)
    counts = found.aggregate(total=Count("pk"), ai=Count("pk", filter=is_agent))
    return {
        "human_messages": counts["total"] - counts["ai"],
        "ai_messages": counts["ai"],
        "total_messages": counts["total"],
        "tokens": sum(data.get("run", {}).get("tokens") or 0 for data in answers.iterator()),
    }
