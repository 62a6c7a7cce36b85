"""Reads of the log and of access for sockets: synchronous, a few queries each, called in one thread hop."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.utils import timezone
from redis import RedisError

from conversations import presentation, publish, selectors
from conversations.conf import conf as conversation_conf
from conversations.models import Conversation, Event, Membership
from conversations.policy import Situation
from conversations.publish import Encoded
from participants.encoding import encode
from participants.models import Participant, SignIn
from participants.presence import Connection, get_presence
from realtime.conf import conf
from realtime.socket import Reading


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A conversation as one member finds it: what ``connected`` says, and what delivery starts from."""

    conversation: UUID
    current: int
    first: int
    retained: int
    participants: list[dict[str, Any]]
    members: frozenset[UUID]
    online: frozenset[UUID]
    situation: Situation
    capacity: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the log, encoded; ``last`` is the cursor behind it."""

    entries: list[bytes]
    last: int
    first: int
    current: int
    has_more: bool
    participants: list[dict[str, Any]] | None

    def frame(self, conversation: UUID, *, has_more: bool) -> bytes:
        """The ``sync`` frame, encoded."""
        frame: dict[str, Any] = {
            "type": "sync",
            "conversation_id": conversation,
            "events": [orjson.Fragment(entry) for entry in self.entries],
            "first_sequence_id": self.first,
            "current_sequence_id": self.current,
            "has_more": has_more,
        }
        if self.participants is not None:
            frame["participants"] = self.participants
        return encode(frame)


def snapshot(participant: Participant, conversation_id: UUID) -> Snapshot:
    """What a member's subscription starts from. Raises NotFound, Forbidden ``not_a_participant``."""
    return _snapshot(selectors.get_membership_for(participant, conversation_id))


def _snapshot(membership: Membership) -> Snapshot:
    conversation = membership.conversation
    members = selectors.members_of(conversation)
    return Snapshot(
        conversation=conversation.pk,
        current=conversation.last_sequence,
        first=membership.first_visible(conversation),
        retained=conversation.first_sequence,
        participants=members[: conversation_conf.participants_shown],
        members=frozenset(member["id"] for member in members),
        online=frozenset(member["id"] for member in members if member["is_online"]),
        situation=membership.situation(conversation),
        capacity=conversation.max_participants,
    )


def open_socket(connection: Connection, participant: Participant, conversation_id: UUID | None) -> Snapshot | None:
    """Everything a handshake needs from stores: the right to read, then a lease within the limits.

    Raises NotFound, Forbidden, TooManySockets. A presence store that does not answer refuses nobody.
    """
    membership = selectors.get_membership_for(participant, conversation_id) if conversation_id else None
    lease_open(connection)
    return _snapshot(membership) if membership else None


def lease_open(connection: Connection) -> None:
    """List a connection; a store that does not answer is no reason to refuse it. Raises TooManySockets."""
    with contextlib.suppress(RedisError, OSError):
        get_presence().open(connection)


def page(participant: Participant, conversation_id: UUID, after: int, *, with_participants: bool) -> Page:
    """Entries behind ``after`` as this participant may read them now. Raises as :func:`snapshot` does."""
    membership = selectors.get_membership_for(participant, conversation_id)
    conversation = membership.conversation
    first = membership.first_visible(conversation)
    rows, has_more = selectors.entry_page(membership, after=max(after, first - 1), limit=conversation_conf.page_events)
    members = selectors.members_of(conversation, conversation_conf.participants_shown) if with_participants else None
    last = rows[-1][0].sequence if rows else max(after, first - 1)
    return Page([text for _, text in rows], last, first, conversation.last_sequence, has_more, members)


def entries_after(conversation_id: UUID, position: int) -> list[Encoded]:
    """The next entries of the log for the hub, whoever may read them."""
    rows = Event.objects.filter(conversation_id=conversation_id, sequence__gt=position).order_by("sequence")
    rows = rows.with_people()[: conversation_conf.page_events]
    return [publish.encoded(event, presentation.entry_frame(event)) for event in rows]


def positions(conversation_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The newest number of each conversation, in one query; one that is gone is left out."""
    rows = Conversation.objects.filter(pk__in=list(conversation_ids)).order_by()
    return dict(rows.values_list("pk", "last_sequence"))


@dataclass(frozen=True, slots=True)
class Access:
    """What the sockets of a process may still do."""

    sign_ins: set[UUID]
    conversations: set[UUID]
    readings: dict[tuple[UUID, UUID], Reading]


def access(sign_ins: Iterable[UUID], participants: Iterable[UUID], conversations: Iterable[UUID]) -> Access:
    """Which sign-ins are live, which conversations there are, and what each member may do: three queries for all."""
    live = set(SignIn.objects.live().filter(pk__in=list(sign_ins)).order_by().values_list("pk", flat=True))
    found = Conversation.objects.in_bulk(list(conversations))
    rows = Membership.objects.filter(conversation__in=found, participant__in=list(participants)).order_by()
    readings = {}
    for row in rows:
        conversation = found[row.conversation_id]
        reading = Reading(row.situation(conversation), row.first_visible(conversation))
        readings[row.participant_id, row.conversation_id] = reading
    return Access(live, set(found), readings)


def member_ids(conversations: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Who is in each conversation, in one query; those too large for presence are left out."""
    members: dict[UUID, set[UUID]] = {conversation: set() for conversation in conversations}
    rows = Membership.objects.filter(conversation__in=list(members)).order_by()
    for conversation, participant in rows.values_list("conversation_id", "participant_id"):
        members[conversation].add(participant)
    return {conversation: ids for conversation, ids in members.items() if len(ids) <= conf.presence_members}


def presence_of(conversations: Iterable[UUID]) -> tuple[dict[UUID, set[UUID]], set[UUID]]:
    """The members of each conversation, and who of all of them is online."""
    members = member_ids(conversations)
    return members, get_presence().online(set().union(*members.values()))


def lease_close(connection: Connection) -> bool:
    """Take a connection off; whether it was the participant's last, who was then seen last now."""
    last = get_presence().close(connection)
    if last:
        Participant.objects.filter(pk=connection.participant).update(last_seen_at=timezone.now())
    return last
