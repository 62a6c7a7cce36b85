"""A log from the lines of an export: an equal log, in a conversation of whoever brings it. For the staff of the site.

An export says who said what, and whoever writes one can say anything: the digest shows only that nobody has changed it
who could not make it anew. So nothing is taken from a member, and HTML is made here, not believed.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from conversations import digest, events, log, markdown, policy
from conversations.exports import CHUNK, FORMAT, VERSION
from conversations.models import Conversation, Event, Membership, Mention, Reaction, Revision
from conversations.presentation import EDITED
from participants import audit, json_guard
from participants.errors import Conflict, Forbidden, InvalidInput
from participants.models import Participant

_TEXTS = ("type", "fingerprint", "content", "salt", "commitment", "digest")
_IDS = ("id", "author_id", "subject_id", "reply_to_id", "target_id", "thread_id")
_TIMES = ("created_at", "edited_at", "deleted_at")
_TYPES = {events.type_of(entry) for entry in events.STORED}


class BadExport(InvalidInput):
    """A line that no export has."""

    default_code = "invalid_export"

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"Line {number}: {why}", line=number)


def conversation_import(*, importer: Participant, lines: Iterable[bytes]) -> Conversation:
    """Make the conversation that ``lines`` describe, with an equal log; the importer owns it.

    Participants who are not known here are made, and nobody can sign in as them. Raises Forbidden for who is not
    staff, BadExport ``invalid_export`` for what does not add up, Conflict ``already_here`` for a log that is here.
    """
    if not importer.is_staff:
        raise Forbidden("Only the staff of the site can bring a log in.")
    numbered = enumerate(lines, start=1)
    try:
        number, head = _next(numbered)
    except StopIteration as error:
        raise BadExport(1, "There is nothing in it.") from error
    if (head.get("format"), head.get("version")) != (FORMAT, VERSION):
        raise BadExport(number, "It is no export of a log, or of another version.")
    with log.writing():
        conversation = _begin(head)
        _Import(conversation, head).take(numbered)
        Membership.objects.create(
            conversation=conversation,
            participant=importer,
            role=policy.CREATOR_ROLE,
            joined_sequence=conversation.first_sequence,
            last_read_sequence=conversation.last_sequence,
        )
        audit.record(audit.Action.CONVERSATION_CREATED, actor=importer, target=conversation, conversation=conversation)
    return conversation


def _next(numbered: Iterator[tuple[int, bytes]]) -> tuple[int, dict[str, Any]]:
    number, raw = next(numbered)
    try:
        line = json_guard.loads(raw)
    except json_guard.JSONRejected as error:
        raise BadExport(number, "It is no JSON.") from error
    if not isinstance(line, dict):
        raise BadExport(number, "It is no object.")
    return number, line


def _begin(head: dict[str, Any]) -> Conversation:
    known = _id(head.get("conversation_id"), 1)
    if known is not None and Conversation.objects.filter(pk=known).exists():
        raise Conflict("This conversation is here already.", code="already_here")
    first = head.get("first_sequence_id")
    if not isinstance(first, int) or first < 1:
        raise BadExport(1, "It does not say where it begins.")
    return Conversation.objects.create(
        id=known or uuid4(),
        title=str(head.get("title") or "Imported")[:120],
        description=str(head.get("description") or "")[:2000],
        metadata=head["metadata"] if isinstance(head.get("metadata"), dict) else {},
        pins=[key for key in head.get("pins") or [] if isinstance(key, str)],
        created_at=_time(head.get("created_at"), 1) or timezone.now(),
        first_sequence=first,
        last_sequence=first - 1,
        digest=str(head.get("digest_before") or ""),
        cut_digest=str(head.get("digest_before") or ""),
    )


def _id(value: Any, number: int) -> UUID | None:
    try:
        return None if value is None else UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadExport(number, "An id is none.") from error


def _time(value: Any, number: int) -> datetime | None:
    try:
        return None if value is None else datetime.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise BadExport(number, "A time is none.") from error


def _says_something_else(entry: Event) -> bool:
    """Whether a text that was never changed is another than was committed to."""
    if not entry.salt or entry.type == EDITED or entry.edited_at is not None:
        return False
    return digest.commitment(entry.salt, entry.content, entry.data) != entry.commitment


class _Import:
    """Entries on their way in, some at a time."""

    def __init__(self, conversation: Conversation, head: dict[str, Any]) -> None:
        self.conversation = conversation
        self.head = head
        self.people: set[UUID] = set()
        self.page: list[Event] = []
        self.revisions: list[Revision] = []

    def take(self, numbered: Iterator[tuple[int, bytes]]) -> None:
        """All that is left of the lines."""
        while True:
            try:
                number, line = _next(numbered)
            except StopIteration:
                break
            self._take_one(number, line)
            if len(self.page) >= CHUNK:
                self._store()
        self._store()
        if self.conversation.digest != self.head.get("digest"):
            raise BadExport(0, "The end is missing, or another one is said to be.")
        self.conversation.save()

    def _take_one(self, number: int, line: dict[str, Any]) -> None:
        entry = self._entry(number, line)
        if entry.sequence != self.conversation.last_sequence + 1 or entry.type not in _TYPES:
            raise BadExport(number, "It is not the next entry.")
        if digest.following(self.conversation.digest, entry) != entry.digest:
            raise BadExport(number, "Its digest does not follow from the one before it.")
        former = line.get("former")
        if former is not None:
            text, at = str(former["content"]), _time(former["replaced_at"], number) or timezone.now()
            message = entry if entry.is_message else Event(pk=entry.target_id)
            self.revisions.append(Revision(message=message, entry=entry, content=text, replaced_at=at))
        elif _says_something_else(entry):
            raise BadExport(number, "It says something else than was committed to.")
        self.conversation.last_sequence, self.conversation.digest = entry.sequence, entry.digest
        self.page.append(entry)
        for name in ("author", "subject"):
            self._know(line.get(f"{name}_id"), line.get(name), number)

    def _entry(self, number: int, line: dict[str, Any]) -> Event:
        if not all(isinstance(line.get(name), str) for name in _TEXTS) or not isinstance(line.get("data"), dict):
            raise BadExport(number, "Something of an entry is missing.")
        entry = Event(
            conversation=self.conversation,
            sequence=line["sequence"],
            message_id=line.get("message_id"),
            data=line["data"],
            html=markdown.render(line["content"]) if line["content"] else "",
            **{name: line[name] for name in _TEXTS},
            **{name: _id(line.get(name), number) for name in _IDS},
        )
        for name in _TIMES:
            setattr(entry, name, _time(line.get(name), number))
        return entry

    def _know(self, key: str | None, person: dict[str, Any] | None, number: int) -> None:
        """See that there is such a participant."""
        identity = _id(key, number)
        if identity is None or identity in self.people:
            return
        self.people.add(identity)
        if Participant.objects.filter(pk=identity).exists():
            return
        person = person or {}
        kinds = {kind.value for kind in Participant.Kind}
        Participant.objects.create_user(
            f"imported-{identity.hex[:24]}",
            id=identity,
            display_name=str(person.get("display_name") or "Imported")[:80],
            kind=person["kind"] if person.get("kind") in kinds else Participant.Kind.HUMAN,
            is_active=False,
        )

    def _store(self) -> None:
        if not self.page:
            return
        ids = [entry.pk for entry in self.page]
        if Event.objects.filter(pk__in=ids).exists():
            raise Conflict("This log, or a part of it, is here already.", code="already_here")
        Event.objects.bulk_create(self.page)
        Revision.objects.bulk_create(self.revisions)
        for entry in self.page:
            self._hang(entry)
        self.page, self.revisions = [], []

    def _hang(self, entry: Event) -> None:
        """What readers and counts need beside the entries, from the entries."""
        if entry.type in {"reaction_added", "reaction_removed"}:
            about = {"message_id": entry.target_id, "participant_id": entry.subject_id, "emoji": entry.data["emoji"]}
            rows = Reaction.objects.filter(**about)
            if entry.type == "reaction_removed":
                rows.delete()
            elif Event.objects.filter(pk__in=[entry.target_id], deleted_at=None).exists():
                Reaction.objects.get_or_create(**about)
        elif entry.is_message:
            named = Participant.objects.filter(pk__in=entry.data.get("mentions", []))
            Mention.objects.bulk_create(
                Mention(conversation=self.conversation, sequence=entry.sequence, author=entry.author, participant=who)
                for who in named
            )
