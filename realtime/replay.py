"""Reads of the log and of access for sockets: synchronous, a few queries each, called in one thread hop."""

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from redis import RedisError

from conversations import presentation, publish, selectors
from conversations.conf import conf as conversation_conf
from conversations.models import Conversation, Event, Membership
from conversations.policy import Situation
from conversations.publish import Encoded
from participants.encoding import encode
from participants.models import Participant, SignIn
from participants.presence import Connection, Status, get_presence
from realtime import running
from realtime.conf import conf
from realtime.session import Line
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
    runs: list[dict[str, Any]]


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
    members = _members(conversation)
    return Snapshot(
        conversation=conversation.pk,
        current=conversation.last_sequence,
        first=membership.first_visible(conversation),
        retained=conversation.first_sequence,
        participants=members.shown,
        members=members.ids,
        online=members.online,
        situation=membership.situation(conversation),
        capacity=conversation.max_participants,
        runs=running.read(conversation),
    )


# By conversation: what its members were, and until when that may be shown. Whoever joins, leaves or changes their role
# appends to the log, so only presence and read markers can be old, by half a second; frames tell of both.
_known_members: dict[UUID, tuple[int, float, "Members"]] = {}
_KNOWN_SECONDS = 0.5
_KNOWN_CONVERSATIONS = 1000


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a conversation: the first page as clients see it, and the ids of all."""

    shown: list[dict[str, Any]]
    ids: frozenset[UUID]
    online: frozenset[UUID]


def _members(conversation: Conversation) -> Members:
    """The members; read once for all who connect at the same time, as after a restart."""
    at, until, members = _known_members.get(conversation.pk, (0, 0.0, None))
    now = time.monotonic()
    if members is None or at != conversation.last_sequence or until < now:
        found = selectors.members_of(conversation)
        members = Members(
            shown=found[: conversation_conf.participants_shown],
            ids=frozenset(member["id"] for member in found),
            online=frozenset(member["id"] for member in found if member["is_online"]),
        )
        if len(_known_members) >= _KNOWN_CONVERSATIONS:
            _known_members.clear()
        _known_members[conversation.pk] = (conversation.last_sequence, now + _KNOWN_SECONDS, members)
    return members


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


def page_from(line: Line[Encoded], found: Snapshot, after: int, members: list[dict[str, Any]] | None) -> Page | None:
    """The same from what the process has in memory, for whom ``found`` was read; None if that does not reach back.

    Its entries are encoded, and nothing is asked of the database. They are as they were when they came: not where a
    later one changes an older one, or says that somebody left, who may have closed their account, name and all.
    """
    missed = None if line.position < found.current else line.since(after)
    if missed is None or any(entry.about or entry.leaver for entry in missed):
        return None
    entries: list[bytes] = []
    size = 0
    for entry in missed[: conversation_conf.page_events]:
        size += entry.size + 1
        if entries and size > conversation_conf.page_bytes:
            break
        entries.append(entry.text)
    return Page(entries, after + len(entries), found.first, line.position, len(entries) < len(missed), members)


def entries_after(conversation_id: UUID, position: int) -> list[Encoded]:
    """The next entries of the log for the hub, whoever may read them."""
    rows = Event.objects.filter(conversation_id=conversation_id, sequence__gt=position).order_by("sequence")
    entries = selectors.entries_of(rows[: conversation_conf.page_events])
    return [publish.encoded(event, presentation.entry_frame(event)) for event in entries]


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


def member_ids(conversations: Mapping[UUID, bool]) -> dict[UUID, set[UUID]]:
    """Who is in each conversation: two queries. Those too large for presence only if their value is True."""
    rows = Membership.objects.filter(conversation__in=list(conversations)).order_by()
    counts = rows.values("conversation_id").annotate(number=Count("pk")).values_list("conversation_id", "number")
    members: dict[UUID, set[UUID]] = {
        conversation: set()
        for conversation, number in counts
        if number <= conf.presence_members or conversations[conversation]
    }
    pairs = rows.filter(conversation__in=list(members)).values_list("conversation_id", "participant_id")
    for conversation, participant in pairs:
        members[conversation].add(participant)
    return members


def presence_of(conversations: Mapping[UUID, bool]) -> tuple[dict[UUID, set[UUID]], dict[UUID, Status]]:
    """The members of each conversation (see :func:`member_ids`), and the status of all of them."""
    members = member_ids(conversations)
    return members, get_presence().statuses(set().union(*members.values()))


def leases_close(connections: Sequence[Connection]) -> set[UUID]:
    """Take connections off; the participants whose last one was among them, who were then seen last now."""
    gone = get_presence().close(*connections)
    last_seen_note(gone)
    return gone


def last_seen_note(participants: Iterable[UUID]) -> None:
    """Note that these were here now. Rows that somebody else holds are left out: it is noted again in a minute."""
    with transaction.atomic():
        rows = Participant.objects.filter(pk__in=list(participants)).order_by("pk")
        free = list(rows.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
        if free:
            Participant.objects.filter(pk__in=free).update(last_seen_at=timezone.now())
