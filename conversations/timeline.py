"""The log as a page shows it: messages, and one-line notices about everything else. Reads only."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conversations.conf import conf
from conversations.models import Event, Membership
from conversations.presentation import entry_frame, message_object

ENTRIES = 50
FOLLOWS_WITHIN = timedelta(minutes=5)

# The wording of each kind of notice is in conversations/notice.html, for the server and for scripts alike.
NOTICES = (
    "joined", "left", "removed", "banned", "role", "title", "archived", "reopened", "locked", "unlocked", "settings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of the log, ready for the templates.

    ``cursor`` is the number of its last entry, which is where live delivery goes on; ``older`` is the number before
    which the history continues, None at its beginning.
    """

    rows: list[dict[str, Any]]
    cursor: int
    older: int | None


def timeline(membership: Membership, before: int | None = None) -> Timeline:
    """The newest entries that a member may read, or those before a number: one query."""
    conversation = membership.conversation
    first = membership.first_visible(conversation)
    entries = Event.objects.visible_to(membership, conversation)
    if before is not None:
        entries = entries.filter(sequence__lt=before)
    page = list(entries.with_people().order_by("-sequence")[:ENTRIES])[::-1]
    if not page:
        return Timeline([], first - 1, None)
    older = page[0].sequence if page[0].sequence > first else None
    return Timeline(_rows(page), page[-1].sequence, older)


def _rows(events: list[Event]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for event in events:
        if event.is_message:
            # What people write is whole, however many bytes it takes; an answer may have megabytes.
            message = message_object(event, whole=len(event.content) <= conf.message_characters)
            rows.append(message | {"follows": bool(rows) and _follows(rows[-1], message)})
        elif found := notice(entry_frame(event)):
            rows.append(found)
    return rows


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
        case "conversation_updated" if entry["changes"].keys() != {"mode"}:  # that one nobody chose
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
