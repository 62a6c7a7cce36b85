"""How rows look to clients: the message object, the frame of each entry, members. JSON-ready dicts, no queries."""

from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

from django.conf import settings

from conversations import markdown
from conversations.conf import conf
from conversations.models import Attachment, Event, Invitation, Membership
from participants.models import Participant
from participants.presentation import participant_object, participant_profile

EDITED = "message_edited"
ANSWERED = "agent_completed"
_OF_RUNS = ("run_id", "model", "tokens", "response_time_ms")
_TELLS_BY = {"role_changed", "conversation_updated", "message_deleted"}
_ROLE_OF_KIND = {Participant.Kind.AGENT.value: "assistant"}


def member_object(membership: Membership, *, is_online: bool | None) -> dict[str, Any]:
    """A participant as a member of the conversation."""
    return participant_profile(membership.participant, is_online=is_online, knows=True) | {
        "role": membership.role,
        "joined_at": membership.joined_at,
        "last_read_sequence_id": membership.last_read_sequence,
    }


def conversation_mode(human_count: int, member_count: int) -> str:
    """``single`` for at most one human and two participants, else ``multi``."""
    return "single" if human_count <= 1 and member_count <= 2 else "multi"


def conversation_preview(conversation: Any) -> dict[str, Any]:
    """What an outsider sees of a public conversation. Takes a row of ``with_counts``."""
    return {
        "id": conversation.pk,
        "conversation_id": conversation.pk,
        "title": conversation.title,
        "description": conversation.description,
        "visibility": conversation.visibility,
        "history": conversation.history,
        "mode": conversation_mode(conversation.human_count, conversation.member_count),
        "archived_at": conversation.archived_at,
        "locked": conversation.locked,
        "created_at": conversation.created_at,
        "participant_count": conversation.member_count,
        "max_participants": conversation.max_participants,
    }


def conversation_summary(conversation: Any) -> dict[str, Any]:
    """A member's own list row. Takes a row of ``with_counts().with_reading_of().with_preview_for()``."""
    return conversation_preview(conversation) | {
        "slow_mode_s": conversation.slow_mode_s,
        "updated_at": conversation.updated_at,
        "metadata": conversation.metadata,
        "last_sequence_id": conversation.last_sequence,
        "unread_count": conversation.unread,
        "mention_count": conversation.mentioned,
        "last_message_preview": markdown.excerpt(conversation.preview) if conversation.preview else None,
    }


def invitation_object(invitation: Invitation, *, token: str | None = None) -> dict[str, Any]:
    """An invitation; with its token and link only as it is made."""
    shown = {
        "id": invitation.pk,
        "role": invitation.role,
        "expires_at": invitation.expires_at,
        "max_uses": invitation.max_uses,
        "uses": invitation.uses,
        "allow_guests": invitation.allow_guests,
    }
    return shown if token is None else shown | {"token": token, "url": f"{settings.PUBLIC_URL}/i/{token}"}


def message_object(event: Event, *, whole: bool = False, mine: Collection[str] | None = None) -> dict[str, Any]:
    """The message of an entry, as it is now; content over the bound is cut unless ``whole``.

    ``mine`` are the emojis that the reader has reacted with, where that is known.
    """
    author = event.author  # nobody's are announcements of the site
    deleted = event.deleted_at is not None
    message = {
        "type": Event.MESSAGE,
        "id": event.pk,
        "conversation_id": event.conversation_id,
        "sequence_id": event.sequence,
        "message_id": event.message_id,
        "role": _ROLE_OF_KIND.get(author.kind, "user") if author else "system",
        "participant": participant_object(author) if author else None,
        "sender_id": event.author_id,
        "content": None if deleted else event.content,
        "html": None if deleted else event.html,
        "reply_to": event.reply_to_id,
        "mentions": event.data.get("mentions", []),
        "reactions": _reactions(event.data.get("reactions", []), mine),
        "attachments": [attachment_object(row) for row in event.data.get("attachments", [])],
        "metadata": event.data.get("metadata", {}),
        "status": "delivered",
        "created_at": event.created_at,
        "timestamp": event.created_at,
        "edited_at": event.edited_at,
        "deleted": deleted,
    }
    if run := event.data.get("run"):
        message |= {name: run.get(name) for name in _OF_RUNS}
    # A quarter of the bound in code points cannot be over it in bytes: most messages are not measured.
    if not (whole or deleted) and len(event.content) > conf.cut_bytes // 4:
        _cut(message, event.content)
    if whole and event.content and not (event.html or deleted):  # an answer too long to be kept as HTML too
        message["html"] = markdown.render(message["content"])
    return message


def _reactions(shown: list[dict[str, Any]], mine: Collection[str] | None) -> list[dict[str, Any]]:
    return shown if mine is None else [row | {"mine": row["emoji"] in mine} for row in shown]


def attachment_row(attachment: Attachment) -> dict[str, Any]:
    """What a message keeps of a file."""
    shown = ("name", "content_type", "size", "width", "height")
    return {"id": str(attachment.pk)} | {name: getattr(attachment, name) for name in shown}


def attachment_object(row: dict[str, Any]) -> dict[str, Any]:
    """A file, from what its message keeps of it."""
    return row | {"url": f"{settings.PUBLIC_URL}/api/v1/attachments/{row['id']}"}


def _cut(message: dict[str, Any], content: str) -> None:
    encoded = content[: conf.cut_bytes + 1].encode()  # an answer may have megabytes
    if len(encoded) > conf.cut_bytes:
        head = encoded[: conf.cut_bytes].decode(errors="ignore")
        message |= {"content": head, "html": markdown.render(head), "truncated": True, "content_length": len(content)}


def entry_frame(event: Event) -> dict[str, Any]:
    """The frame of any entry, as :mod:`conversations.events` declares it."""
    if event.type == Event.MESSAGE:
        return message_object(event)
    if event.target_id is not None and event.target is None:  # about a message that retention took
        return withheld_frame(event.conversation_id, event.sequence)
    if event.type == ANSWERED:
        return _answer_frame(event)
    if event.type == EDITED:
        return message_object(cast(Event, event.target)) | {"type": EDITED, "sequence_id": event.sequence}
    frame: dict[str, Any] = {
        "type": event.type,
        "conversation_id": event.conversation_id,
        "sequence_id": event.sequence,
        "created_at": event.created_at,
        **event.data,
    }
    if event.type == "agent_started":
        frame["agent"] = participant_object(cast(Participant, event.author))
    if event.subject is not None:
        frame["participant"] = participant_object(event.subject)
    if event.target is not None:
        frame["id"] = event.target_id
        if "emoji" in event.data:
            rows = event.target.data.get("reactions", [])
            frame["count"] = next((row["count"] for row in rows if row["emoji"] == event.data["emoji"]), 0)
    if event.type in _TELLS_BY:
        frame["by"] = participant_object(event.author) if event.author else None
    return frame


def _answer_frame(event: Event) -> dict[str, Any]:
    run = event.data.get("run", {})
    return {
        "type": ANSWERED,
        "conversation_id": event.conversation_id,
        "sequence_id": event.sequence,
        "created_at": event.created_at,
        "message": message_object(event),
        **{name: run.get(name) for name in ("run_id", "tokens", "response_time_ms")},
    }


def withheld_frame(conversation: UUID, sequence: int) -> dict[str, Any]:
    """What a reader gets instead of an entry about a message that they may not see."""
    return {"type": "withheld", "conversation_id": conversation, "sequence_id": sequence}


def about(event: Event) -> int:
    """The number of the older message that an entry is about; 0 for an entry that stands for itself."""
    if event.target_id is None:
        return 0
    return event.target.sequence if event.target is not None else 1  # gone: nobody may see it


def leaver_of(event: Event) -> UUID | None:
    """Whoever may not read from this entry on, itself included."""
    return event.subject_id if event.type == "participant_left" else None
