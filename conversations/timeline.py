"""The log as a page shows it: messages, and one-line notices about everything else. Reads only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db.models import Count

from conversations import markdown, selectors
from conversations.conf import conf
from conversations.models import Event, Membership
from conversations.presentation import entry_frame
from participants.models import Participant
from participants.presentation import participant_object

ENTRIES = 50
FAILED = "agent_failed"
UNTOLD = {"mode", "pins"}  # the one nobody chose, the other is shown where pins are
FOLLOWS_WITHIN = timedelta(minutes=5)

# The wording of each kind of notice is in conversations/notice.html, for the server and for scripts alike.
NOTICES = (
    "joined", "left", "removed", "banned", "role", "title", "archived", "reopened", "locked", "unlocked", "settings",
    "failed", "stopped",
)  # fmt: skip

SHOWN = (
    "message", "agent_completed", "agent_failed",
    "participant_joined", "participant_left", "role_changed", "conversation_updated",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of the log, ready for the templates and for scripts.

    ``cursor`` is the number up to which the page shows everything, which is where what is newer goes on; ``older`` is
    the number before which the history continues, None at its beginning; ``newer`` that behind which it does, None at
    its end.
    """

    rows: list[dict[str, Any]]
    cursor: int
    older: int | None
    newer: int | None


def timeline(membership: Membership, before: int | None = None, after: int | None = None) -> Timeline:
    """The newest entries that a member may read, or those before, or those behind a number.

    One query; another one each for reactions, for what is replied to, and for replies, if there are any.
    """
    conversation = membership.conversation
    first = membership.first_visible(conversation)
    entries = Event.objects.visible_to(membership, conversation).filter(type__in=SHOWN).with_people()
    if after is not None:
        page = list(entries.after(after)[: ENTRIES + 1])
        page, is_end = page[:ENTRIES], len(page) <= ENTRIES
    else:
        if before is not None:
            entries = entries.filter(sequence__lt=before)
        page = list(entries.order_by("-sequence")[:ENTRIES])[::-1]
        is_end = before is None
    end = page[-1].sequence if page else first - 1
    cursor = max(end, conversation.last_sequence) if is_end else end
    older = page[0].sequence if page and page[0].sequence > first else None
    return Timeline(_rows(membership, page), cursor, older, None if is_end else cursor)


def number_at(membership: Membership, moment: datetime) -> int | None:
    """The number of the first message since a moment that a member may read; None if there is none."""
    rows = Event.objects.visible_to(membership, membership.conversation).messages()
    return rows.filter(created_at__gte=moment).values_list("sequence", flat=True).first()


def _rows(membership: Membership, events: list[Event]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    spoken = [event for event in events if event.message_id]
    # What people write is whole, however many bytes it takes; an answer may have megabytes.
    long = [event for event in spoken if len(event.content) > conf.message_characters]
    said = selectors.message_objects(membership.participant, set(spoken) - set(long), whole=True)
    said += selectors.message_objects(membership.participant, long)
    hanging = _hanging(membership, events, {message["id"] for message in said})
    messages = {message["id"]: message for message in said}
    for event in events:
        if message := messages.get(event.pk):
            rows.append(message | hanging(event) | {"follows": bool(rows) and _follows(rows[-1], message)})
        elif found := notice(entry_frame(event)):
            rows.append(
                found | ({"who": participant_object(cast(Participant, event.author))} if event.type == FAILED else {})
            )
    return rows


def _hanging(membership: Membership, events: list[Event], shown: set[UUID]) -> Callable[[Event], dict[str, Any]]:
    """What a row says beside its message: which one it replies to, its thread, and how many replies it has."""
    quoted = {event.reply_to_id for event in events if event.reply_to_id}
    visible = Event.objects.visible_to(membership, membership.conversation)
    found = {row.pk: row for row in visible.filter(pk__in=quoted).select_related("author")} if quoted else {}
    counted = Event.objects.filter(thread__in=shown).order_by().values_list("thread").annotate(number=Count("pk"))
    replies = dict(counted) if shown else {}

    def hanging(event: Event) -> dict[str, Any]:
        about = found.get(event.reply_to_id) if event.reply_to_id else None
        return {
            "thread": event.thread_id or event.pk,
            "replies": replies.get(event.pk, 0),
            "quoted": quote(about) if about else None,
        }

    return hanging


def quote(message: Event) -> dict[str, Any]:
    """The line by which a reply names what it replies to."""
    author = message.author
    return {
        "id": message.pk,
        "sequence_id": message.sequence,
        "name": author.display_name if author else "",
        "excerpt": markdown.excerpt(message.content) if message.deleted_at is None else None,
    }


def _follows(before: dict[str, Any], message: dict[str, Any]) -> bool:
    """Whether it reads as one with the message before it, so that the name need not be repeated."""
    return (
        before["type"] == Event.MESSAGE
        and message["sender_id"] is not None
        and before["sender_id"] == message["sender_id"]
        and bool(message["created_at"] - before["created_at"] < FOLLOWS_WITHIN)
    )


def notice(entry: dict[str, Any]) -> dict[str, Any] | None:
    """What a line says about an entry that is no message: its kind, whom, and what; None if it is not shown."""
    row = {"type": "notice", "sequence_id": entry["sequence_id"], "created_at": entry.get("created_at"), "value": ""}
    match entry["type"]:
        case "participant_joined":
            return row | {"kind": "joined", "who": entry["participant"]}
        case "participant_left":
            return row | {"kind": entry["reason"], "who": entry["participant"]}
        case "role_changed":
            return row | {"kind": "role", "who": entry["participant"], "value": entry["role"]}
        case "agent_failed" if entry["code"] == "cancelled":
            return row | {"kind": "stopped"}
        case "agent_failed":
            return row | {"kind": "failed", "value": entry["detail"]}
        case "conversation_updated" if not entry["changes"].keys() <= UNTOLD:
            return row | {"who": entry["by"]} | _change(entry["changes"])
    return None


def _change(changes: dict[str, Any]) -> dict[str, Any]:
    if "title" in changes:
        return {"kind": "title", "value": changes["title"]}
    if "archived" in changes:
        return {"kind": "archived" if changes["archived"] else "reopened"}
    if "locked" in changes:
        return {"kind": "locked" if changes["locked"] else "unlocked"}
    return {"kind": "settings"}
