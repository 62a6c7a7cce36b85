"""Changes of a conversation's own fields, as every service makes them."""

from typing import Any

from django.utils import timezone

from conversations import log, publish
from conversations.models import Conversation, Event
from participants import audit
from participants.models import Participant

# Fields that decide what a socket may read or send: every process looks again at once.
RIGHTS = {"history", "visibility", "archived", "locked"}


def apply(conversation: Conversation, changes: dict[str, Any], *, by: Participant | None) -> None:
    """Store what is different in a locked conversation, and append one entry that tells it. Asks no policy."""
    different: dict[str, Any] = {}
    former: dict[str, Any] = {}
    for name, value in changes.items():
        before = conversation.archived_at is not None if name == "archived" else getattr(conversation, name)
        if value != before:
            different[name], former[name] = value, before
    if not different:
        return
    now = timezone.now()
    for name, value in different.items():
        if name == "archived":
            conversation.archived_at = now if value else None
        else:
            setattr(conversation, name, value)
    conversation.updated_at = now
    columns = ["archived_at" if name == "archived" else name for name in different]
    conversation.save(update_fields=[*columns, "updated_at"])
    log.append(conversation, Event(type="conversation_updated", author=by, data={"changes": different}))
    _audit(conversation, former, different, by)
    if different.keys() & RIGHTS:
        publish.publish_on_commit(publish.Control(conversation=conversation.pk))


_FLAGS = {
    "archived": (audit.Action.CONVERSATION_UNARCHIVED, audit.Action.CONVERSATION_ARCHIVED),
    "locked": (audit.Action.CONVERSATION_UNLOCKED, audit.Action.CONVERSATION_LOCKED),
}
_CHOICES = {"visibility": audit.Action.VISIBILITY_CHANGED, "history": audit.Action.HISTORY_CHANGED}


def _audit(conversation: Conversation, former: dict[str, Any], new: dict[str, Any], by: Participant | None) -> None:
    about: dict[str, Any] = {"actor": by, "target": conversation, "conversation": conversation}
    for name in new.keys() & _FLAGS.keys():
        audit.record(_FLAGS[name][bool(new[name])], **about)
    for name in new.keys() & _CHOICES.keys():
        audit.record(_CHOICES[name], before=former[name], after=new[name], **about)
    if others := new.keys() - _FLAGS.keys() - _CHOICES.keys():
        audit.record(audit.Action.SETTINGS_CHANGED, fields=sorted(others), **about)


def unpin(conversation: Conversation, message: Event, *, by: Participant | None) -> None:
    """Take a message off the pins of a locked conversation; not pinned is fine. Asks no policy."""
    apply(conversation, {"pins": [key for key in conversation.pins if key != str(message.pk)]}, by=by)


def archive_if_left(conversation: Conversation, *, by: Participant) -> None:
    """Archive a locked conversation that its last human left, or with them its last guest if it had no human.

    Nobody could speak for it any more: guests cannot come back as themselves.
    """
    kept_by = Participant.objects.filter(memberships__conversation=conversation).exclude(kind=Participant.Kind.AGENT)
    if by.is_human:
        kept_by = kept_by.filter(kind=Participant.Kind.HUMAN)
    if conversation.archived_at is None and not kept_by.exists():
        apply(conversation, {"archived": True}, by=None)
