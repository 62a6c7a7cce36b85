"""Reads of conversations that are not plain querysets, each with its access rule inside."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.db.models.functions import TruncMinute

from conversations import policy, presentation
from conversations.conf import conf
from conversations.models import Attachment, Conversation, Event, EventQuerySet, Invitation, Membership, Reaction
from conversations.policy import Action
from participants import audit
from participants.encoding import encode
from participants.errors import Gone, NotFound
from participants.models import Participant
from participants.presence import online_or_unknown
from participants.presentation import participant_profile
from participants.rows import Shape, fetch, instances, parameter, select, wanted

_CONVERSATION = Shape(Conversation, "c")
_ENTRY = Shape(Event, "e")
_MEMBERSHIP = Shape(Membership, "m")
_PERSON = Shape(Participant, "p", only={"id", "username", "display_name", "kind", "last_seen_at"})
_MEMBERSHIP_FOR = (
    f"SELECT {_MEMBERSHIP.columns}, {_CONVERSATION.columns} FROM {_MEMBERSHIP.table}"  # noqa: S608 - names of models
    f" JOIN {_CONVERSATION.table} ON c.id = m.conversation_id WHERE m.conversation_id = %s AND m.participant_id = %s"
)
_MEMBERS = f"SELECT {_MEMBERSHIP.columns}, {_PERSON.columns} FROM "  # noqa: S608 - names of models
_PEOPLE = f"JOIN {_PERSON.table} ON p.id = m.participant_id"
_ACTIVE_MEMBERSHIPS = (
    f"{_MEMBERS} wanted CROSS JOIN {_MEMBERSHIP.table} {_PEOPLE} WHERE p.is_active"
    " AND m.conversation_id = wanted.conversation AND m.participant_id = wanted.participant"
)
_MEMBERS_OF = f"{_MEMBERS} {_MEMBERSHIP.table} {_PEOPLE} WHERE m.conversation_id = %s"
_SENT_MESSAGES = (
    "SELECT e.id FROM wanted CROSS JOIN conversations_event e WHERE e.conversation_id = wanted.conversation"
    " AND e.author_id = wanted.author AND e.message_id = wanted.message"
)


@audit.watched("participant")
def get_membership_for(participant: Participant, conversation_id: UUID, action: Action = Action.READ) -> Membership:
    """The participant's membership, with its conversation, if they may do ``action``: one query.

    Raises NotFound, or Forbidden as the policy says (``not_a_participant`` from outside).
    """
    parameters = [parameter(conversation_id), parameter(participant.pk)]
    for found, conversation in select(_MEMBERSHIP_FOR, parameters, _MEMBERSHIP, _CONVERSATION):
        membership: Membership = found
        membership.conversation, membership.participant = conversation, participant
        policy.require(action, membership.situation(conversation))
        return membership
    outside = Conversation.objects.filter(pk=conversation_id).first()
    if outside is None:
        raise NotFound("There is no such conversation.")
    policy.require(action, outside.situation(outside.outside))
    raise AssertionError("the policy lets an outsider through where a membership is needed")


def get_message_for(participant: Participant, message_id: UUID) -> Event:
    """One message; NotFound also for what the participant may not read."""
    event = Event.objects.messages().with_people().filter(pk=message_id).first()
    if event is not None:
        membership = (
            Membership.objects.filter(conversation_id=event.conversation_id, participant=participant)
            .select_related("conversation")
            .first()
        )
        if membership and event.sequence >= membership.first_visible(membership.conversation):
            return event
    raise NotFound


def members_of(conversation: Conversation, limit: int | None = None) -> list[dict[str, Any]]:
    """Member objects, online first, then by how long they have been in: one query and one presence call."""
    rows: list[Membership] = []
    for membership, participant in select(_MEMBERS_OF, [parameter(conversation.pk)], _MEMBERSHIP, _PERSON):
        membership.participant = participant
        rows.append(membership)
    online = online_or_unknown(row.participant_id for row in rows)
    rows.sort(key=lambda row: (not online[row.participant_id], row.joined_at, row.pk))
    return [presentation.member_object(row, is_online=online[row.participant_id]) for row in rows[:limit]]


def counted(participant: Participant, conversation_id: UUID) -> Any:
    """One conversation with counts and the participant's reading; for presentation.conversation_summary.

    Raises NotFound for one that was deleted since the participant was found to be in it.
    """
    rows = Conversation.objects.with_counts().with_reading_of(participant).with_preview_for(participant)
    row = rows.filter(pk=conversation_id).first()
    if row is None:
        raise NotFound("There is no such conversation.")
    return row


def counted_or_none(participant: Participant, conversation_id: UUID) -> Any:
    """The same for a conversation that the participant may have left since; then None."""
    rows = Conversation.objects.of(participant).with_counts().with_reading_of(participant)
    return rows.with_preview_for(participant).filter(pk=conversation_id).first()


def conversation_detail(participant: Participant, conversation_id: UUID) -> dict[str, Any]:
    """The conversation's object for a member, with members and newest messages. Raises NotFound, Forbidden."""
    membership = get_membership_for(participant, conversation_id)
    row = counted(participant, conversation_id)
    newest, _ = message_page(membership, limit=conf.messages_shown)
    return presentation.conversation_summary(row) | {
        "first_sequence_id": membership.first_visible(membership.conversation),
        "participants": members_of(row, conf.participants_shown),
        "messages": message_objects(participant, newest),
    }


def entries_of(rows: EventQuerySet) -> list[Event]:
    """Entries with author, subject and target (and whose that is), as ``with_people`` gives them, for whole pages.

    At most three queries instead of one: joined, each entry has its people made anew, which takes most of its time.
    """
    return _furnished(_bare(rows))


def _bare(rows: EventQuerySet) -> list[Event]:
    return [_ENTRY.instance(row) for row in fetch(*rows.query.sql_with_params())]


def _furnished(found: list[Event]) -> list[Event]:
    named = {entry.target_id for entry in found if entry.target_id is not None}
    targets: dict[Any, Event] = {row.pk: row for row in Event.objects.filter(pk__in=named).order_by()} if named else {}
    entries = [*found, *targets.values()]
    people: dict[Any, Participant] = Participant.objects.in_bulk(
        {each for row in entries for each in (row.author_id, row.subject_id) if each}
    )
    for entry in entries:
        entry._state.fields_cache.update(
            author=people.get(entry.author_id),
            subject=people.get(entry.subject_id),
            target=targets.get(entry.target_id),
        )
    return found


def message_page(
    membership: Membership,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 50,
) -> tuple[list[Event], bool]:
    """Messages in ascending order, and whether there are more in the direction asked for (newest page by default)."""
    rows = Event.objects.visible_to(membership, membership.conversation).messages()
    if around is not None:
        older = _bare(rows.filter(sequence__lte=around).order_by("-sequence")[: limit // 2 + 1])
        newer = _bare(rows.filter(sequence__gt=around)[: limit - min(len(older), limit // 2) + 1])
        page = [*reversed(older[: limit // 2]), *newer[: limit - len(older[: limit // 2])]]
        return _furnished(page), len(older) + len(newer) > len(page)
    if after is not None:
        page = entries_of(rows.filter(Q(sequence__gt=after), *_before(before))[: limit + 1])
        return page[:limit], len(page) > limit
    page = entries_of(rows.filter(*_before(before)).order_by("-sequence")[: limit + 1])
    return page[:limit][::-1], len(page) > limit


def _before(before: int | None) -> list[Q]:
    return [] if before is None else [Q(sequence__lt=before)]


def require_kept(membership: Membership, *, after: int) -> None:
    """Raise Gone ``sequence_too_old`` if retention took what follows ``after``; without a cursor one starts later."""
    conversation = membership.conversation
    if membership.has_lost_after(after, conversation):
        raise Gone(
            "What follows this number is no longer kept. Read from the first one that is.",
            code="sequence_too_old",
            first_sequence_id=membership.first_visible(conversation),
        )


def entry_page(membership: Membership, *, after: int, limit: int) -> tuple[list[tuple[Event, bytes]], bool]:
    """Entries behind ``after`` with their encoded frames, and whether there are more: within the page's bounds.

    ``limit`` counts entries; a page also ends at ``CHAT_PAGE_BYTES``, but has one entry at least.
    """
    rows = Event.objects.visible_to(membership, membership.conversation).after(after)[: limit + 1]
    page: list[tuple[Event, bytes]] = []
    size = 0
    first = membership.first_visible(membership.conversation)
    for event in entries_of(rows):
        hidden = 0 < presentation.about(event) < first
        frame = presentation.withheld_frame(event.conversation_id, event.sequence) if hidden else None
        text = encode(frame or presentation.entry_frame(event))
        size += len(text) + 1
        if page and (len(page) == limit or size > conf.page_bytes):
            return page, True
        page.append((event, text))
    return page, False


def unread_of(participant: Participant, conversation_id: UUID) -> tuple[int, int]:
    """Messages of others behind the participant's marker, and those that name them; one past the bound means more."""
    row: Any = Conversation.objects.with_reading_of(participant).filter(pk=conversation_id).first()
    if row is None:
        raise NotFound("There is no such conversation.")
    return int(row.unread), int(row.mentioned)


def message_objects(reader: Participant, events: Iterable[Event], *, whole: bool = False) -> list[dict[str, Any]]:
    """Messages as REST shows them to ``reader``: which reactions are theirs takes one query, if there are any."""
    rows = list(events)
    reacted = [row.pk for row in rows if "reactions" in row.data]
    mine: dict[UUID, set[str]] = {row.pk: set() for row in rows}
    if reacted:
        found = Reaction.objects.filter(message__in=reacted, participant=reader)
        for reaction in found:
            mine[reaction.message_id].add(reaction.emoji)
    return [presentation.message_object(row, whole=whole, mine=mine[row.pk]) for row in rows]


def message_object_for(reader: Participant, event: Event) -> dict[str, Any]:
    """The whole of one message as REST shows it."""
    return message_objects(reader, [event], whole=True)[0]


def get_attachment_for(reader: Participant, attachment_id: UUID) -> Attachment:
    """A file of a message that one may read, or one's own that is in none yet, of a conversation that one is in.

    Raises NotFound.
    """
    row = Attachment.objects.filter(pk=attachment_id).first()
    if row is None:
        raise NotFound
    if row.message_id is not None:
        get_message_for(reader, row.message_id)
    elif (
        row.uploader_id != reader.pk
        or not Membership.objects.filter(conversation=row.conversation_id, participant=reader).exists()
    ):
        raise NotFound
    return row


def loose_attachments(ids: Collection[UUID]) -> dict[UUID, Attachment]:
    """Those files that are in no message yet, locked: the sweep takes none of them meanwhile."""
    return Attachment.objects.filter(message=None).select_for_update(no_key=True).in_bulk(ids) if ids else {}


def thread_of(participant: Participant, message_id: UUID) -> EventQuerySet:
    """The messages of the thread that a message begins or is in, as far as one may read it. Raises NotFound."""
    message = get_message_for(participant, message_id)
    membership = get_membership_for(participant, message.conversation_id)
    root = message.thread_id or message.pk
    rows = Event.objects.visible_to(membership, membership.conversation).messages().with_people()
    return rows.filter(Q(pk=root) | Q(thread=root))


def pinned_in(participant: Participant, conversation_id: UUID) -> EventQuerySet:
    """The pinned messages of a conversation that one may read. Raises NotFound, Forbidden ``not_a_participant``."""
    membership = get_membership_for(participant, conversation_id)
    rows = Event.objects.visible_to(membership, membership.conversation).messages().with_people()
    return rows.filter(pk__in=membership.conversation.pins)


def invitation_preview(invitation: Invitation) -> dict[str, Any]:
    """What whoever holds the token of a usable invitation may know before accepting it."""
    return {
        "title": invitation.conversation.title,
        "description": invitation.conversation.description,
        "inviter": participant_profile(invitation.inviter, knows=False),
        "participant_count": Membership.objects.filter(conversation=invitation.conversation).count(),
        "role": invitation.role,
        "expires_at": invitation.expires_at,
        "allow_guests": invitation.allow_guests,
    }


def messages_by_minute(until: datetime, *, minutes: int) -> list[int]:
    """How many messages each minute had, the one of ``until`` last: one query along the index of types and times."""
    last = until.replace(second=0, microsecond=0)
    rows = (
        Event.objects.messages()
        .filter(created_at__gte=last - timedelta(minutes=minutes - 1))
        .annotate(minute=TruncMinute("created_at"))
        .order_by()
        .values_list("minute")
        .annotate(number=Count("pk"))
    )
    counted = dict(rows)
    return [counted.get(last - timedelta(minutes=back), 0) for back in reversed(range(minutes))]


# --- rows that a batch of sends is decided on -------------------------------------------------------------------------


def active_memberships(pairs: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Membership]:
    """The memberships at these (conversation, participant), with the participants; deactivated ones have none."""
    if not pairs:
        return {}
    values, parameters = wanted("conversation, participant", pairs)
    found = map(_member, fetch(values + _ACTIVE_MEMBERSHIPS, parameters))
    return {(membership.conversation_id, membership.participant_id): membership for membership in found}


@lru_cache(maxsize=10_000)
def _member(row: tuple[Any, ...]) -> Membership:
    """The membership with its participant that a row says, to be read only.

    The row is read for each batch; what is kept is what the same values mean, which takes 19 microseconds to make.
    """
    membership, participant = instances(row, _MEMBERSHIP, _PERSON)
    membership.participant = participant
    return membership


def sent_messages(keys: Collection[tuple[UUID, UUID, str | None]]) -> dict[tuple[UUID, UUID, str | None], Event]:
    """The messages stored under these (conversation, author, message_id), with their people."""
    if not keys:
        return {}
    values, parameters = wanted("conversation, author, message", keys)
    ids = [key for (key,) in fetch(values + _SENT_MESSAGES, parameters)]
    if not ids:  # as nearly always
        return {}
    # No author is null where one was asked for.
    rows = Event.objects.filter(pk__in=ids).with_people().order_by()
    return {(row.conversation_id, row.author_id, row.message_id): row for row in rows}  # type: ignore[misc]


def messages_at(ids: Collection[UUID]) -> dict[UUID, tuple[UUID, int, UUID]]:
    """In which conversation, at which number, and in which thread (by its first message) these messages are."""
    if not ids:
        return {}
    rows = Event.objects.messages().filter(pk__in=ids).order_by()
    return {
        pk: (conversation, at, thread or pk)
        for pk, conversation, at, thread in rows.values_list("pk", "conversation_id", "sequence", "thread_id")
    }


def last_message_at(conversation: Conversation, author: Participant) -> datetime | None:
    """When somebody last said something here."""
    rows = Event.objects.filter(conversation=conversation, author=author).messages().order_by("-sequence")
    return rows.values_list("created_at", flat=True).first()
