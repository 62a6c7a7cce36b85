"""A log as text: JSON lines that hold all of it, and Markdown for people. Reads only, in constant memory.

The first line describes the conversation, each further one an entry with everything that is stored of it, so that
:mod:`conversations.services.imports` makes an equal log of them.
"""

from collections.abc import Iterator
from typing import Any

from conversations.models import Conversation, Event, EventQuerySet, Membership, Revision
from participants.encoding import encode

FORMAT = "chat-log"
VERSION = 1
CHUNK = 500
SETTINGS = (
    "title", "description", "visibility", "history", "max_participants", "metadata", "archived_at", "locked",
    "slow_mode_s", "retention_days", "created_at", "pins",
)  # fmt: skip
COLUMNS = (
    "id", "sequence", "type", "author_id", "subject_id", "created_at", "data", "message_id", "fingerprint", "content",
    "html", "reply_to_id", "target_id", "thread_id", "edited_at", "deleted_at", "salt", "commitment", "digest",
)  # fmt: skip


def visible_entries(membership: Membership) -> EventQuerySet:
    """What a member may take away: what they may read, up to the end of the log as it was found."""
    conversation = membership.conversation
    rows = Event.objects.visible_to(membership, conversation).with_people()
    return rows.filter(sequence__lte=conversation.last_sequence)


def in_chunks(rows: EventQuerySet) -> Iterator[list[Event]]:
    """Entries in order, some at a time: each is a query of its own, so nothing stays open while a reader is slow."""
    at = 0
    while True:
        page = list(rows.filter(sequence__gt=at)[:CHUNK])
        if not page:
            return
        yield page
        at = page[-1].sequence


def json_lines(membership: Membership) -> Iterator[bytes]:
    """The log as a member may read it, without loss: with former texts for whoever may read those."""
    from conversations import policy

    conversation = membership.conversation
    rows = visible_entries(membership)
    may_read_former = policy.is_allowed(policy.Action.READ_FORMER, membership.situation(conversation))
    yield encode(_head(conversation, membership.first_visible(conversation))) + b"\n"
    for page in in_chunks(rows):
        former = _former(page) if may_read_former else {}
        hidden = membership.first_visible(conversation)
        yield b"".join(encode(_line(entry, former.get(entry.pk), hidden)) + b"\n" for entry in page)


def _head(conversation: Conversation, first: int) -> dict[str, Any]:
    before = (
        Event.objects.filter(conversation=conversation, sequence=first - 1).values_list("digest", flat=True).first()
    )
    return {
        "format": FORMAT,
        "version": VERSION,
        "conversation_id": conversation.pk,
        **{name: getattr(conversation, name) for name in SETTINGS},
        "first_sequence_id": first,
        "last_sequence_id": conversation.last_sequence,
        "digest_before": before or conversation.cut_digest,
        "digest": conversation.digest,
    }


def _former(page: list[Event]) -> dict[Any, Revision]:
    return {row.entry_id: row for row in Revision.objects.filter(entry__in=page)}


def _line(entry: Event, former: Revision | None, first: int) -> dict[str, Any]:
    line = {name: getattr(entry, name) for name in COLUMNS}
    if entry.target is not None and entry.target.sequence < first:
        line |= {"content": "", "data": {}}  # about a message that this reader may not see
    for name, person in (("author", entry.author), ("subject", entry.subject)):
        if person is not None:
            line[name] = {"username": person.username, "display_name": person.display_name, "kind": person.kind}
    if former is not None:
        line["former"] = {"content": former.content, "replaced_at": former.replaced_at}
    return line


def markdown(membership: Membership) -> Iterator[bytes]:
    """The messages as a document to be read."""
    yield f"# {_plain(membership.conversation.title)}\n\n".encode()
    for page in in_chunks(visible_entries(membership).messages()):
        yield "".join(map(_section, page)).encode()


def _section(entry: Event) -> str:
    name = _plain(entry.author.display_name if entry.author else "Announcement")
    edited = " (edited)" if entry.edited_at else ""
    text = "*This message was deleted.*" if entry.deleted_at else entry.content
    files = "".join(f"\n- {_plain(file['name'])}" for file in entry.data.get("attachments", []))
    return f"## {name}, {entry.created_at:%Y-%m-%d %H:%M} UTC{edited}\n\n{text}\n{files}\n"


def _plain(text: str) -> str:
    """On one line, and without what Markdown reads as something else."""
    return "".join(f"\\{mark}" if mark in "\\`*_[]<>#&" else mark for mark in " ".join(text.split()))


def own_data(participant: Any) -> Iterator[bytes]:
    """Everything that is kept of somebody: their account, where they are in, and what they wrote. JSON lines."""
    account = ("id", "username", "display_name", "email", "kind", "created_at", "last_seen_at")
    yield encode({"account": {name: getattr(participant, name) for name in account}}) + b"\n"
    rows = Membership.objects.filter(participant=participant).select_related("conversation").order_by("pk")
    yield b"".join(encode({"membership": _own_membership(row)}) + b"\n" for row in rows)
    said = Event.objects.filter(author=participant, message_id__isnull=False, deleted_at=None)
    shown = ("id", "conversation_id", "sequence", "created_at", "edited_at", "content", "data", "reply_to_id")
    for conversation in sorted(set(said.order_by().values_list("conversation_id", flat=True).distinct())):
        at = 0
        there = said.filter(conversation=conversation).order_by("sequence").values(*shown)
        while page := list(there.filter(sequence__gt=at)[:CHUNK]):
            yield b"".join(encode({"message": row}) + b"\n" for row in page)
            at = page[-1]["sequence"]


def _own_membership(row: Membership) -> dict[str, Any]:
    return {
        "conversation_id": row.conversation_id,
        "title": row.conversation.title,
        "role": row.role,
        "joined_at": row.joined_at,
        "last_read_sequence_id": row.last_read_sequence,
    }
