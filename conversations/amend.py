"""The only changes of what was appended: texts edited or taken out, and what readers see hanging on a message.

As in :mod:`conversations.log`, everything runs in the caller's transaction, on rows of a locked conversation. A change
that readers should know of is an entry of its own behind it.
"""

from typing import Any

from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Count, Min
from django.utils import timezone

from conversations import log
from conversations.mentions import Named, mark
from conversations.models import Attachment, Conversation, Event, Mention, Reaction, Revision
from participants.models import Participant


def store(message: Event, **values: Any) -> bool:
    """Change columns of a message that is not deleted; whether there was one."""
    # Not through the queryset's update, which refuses everybody else.
    rows = Event.objects.filter(pk=message.pk, deleted_at=None)
    changed = bool(models.QuerySet.update(rows, **values))
    for name, value in values.items() if changed else ():
        setattr(message, name, value)
    return changed


def rewrite(message: Event, *, content: str, html: str, named: Named, by: Participant) -> None:
    """Give a message another text, keep the former one, and append the entry that tells it."""
    before = message.content
    introduced = Event.objects.filter(target=message, type="message_edited").order_by("-sequence").first() or message
    data = {name: value for name, value in message.data.items() if name != "mentions"}
    Revision.objects.create(message=message, entry=introduced, content=before)
    store(message, content=content, html=html, edited_at=timezone.now(), data=data)
    mark(message, named)
    store(message, data=message.data)
    Mention.objects.filter(conversation=message.conversation, sequence=message.sequence).delete()
    Mention.objects.bulk_create(named.rows(message))
    log.append(message.conversation, Event(type="message_edited", author=by, target=message))


def count_reactions(message: Event) -> list[dict[str, Any]]:
    """The reactions of a message as they are now, first come first, kept with it for its readers."""
    rows = Reaction.objects.filter(message=message).values("emoji").annotate(count=Count("pk"), first=Min("pk"))
    shown = [{"emoji": row["emoji"], "count": row["count"]} for row in rows.order_by("first")]
    data = {name: value for name, value in message.data.items() if name != "reactions"}
    store(message, data=data | ({"reactions": shown} if shown else {}))
    return shown


def redact(message: Event, by: Participant) -> None:
    """Take the text out of a message for good, with all that hangs on it, and append the entry that tells it.

    Done already is fine. Commitment and digest stay, so that the log still adds up.
    """
    now = timezone.now()
    kept = {name: value for name, value in message.data.items() if name == "run"}  # which run it was the answer of
    if not store(message, content="", html="", data=kept, salt="", fingerprint="", deleted_at=now):
        return
    edits = Event.objects.filter(target=message, type="message_edited")
    models.QuerySet.update(edits, salt="")
    Revision.objects.filter(message=message).delete()
    Reaction.objects.filter(message=message).delete()
    Mention.objects.filter(conversation=message.conversation, sequence=message.sequence).delete()
    remove_files(Attachment.objects.filter(message=message))
    log.append(message.conversation, Event(type="message_deleted", author=by, target=message))


def remove_files(rows: models.QuerySet[Attachment]) -> int:
    """Delete attachments; their files go once that is committed. How many there were."""
    names = [name for pair in rows.values_list("file", "thumbnail") for name in pair if name]
    count, _ = rows.delete()
    transaction.on_commit(lambda: _delete_files(names), robust=True)
    return count


def _delete_files(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)


def erase(conversation: Conversation) -> None:
    """Delete a conversation with its whole log, in one statement a table."""
    entries = Event.objects.filter(conversation=conversation)
    remove_files(Attachment.objects.filter(conversation=conversation))
    for hanging in (
        Revision.objects.filter(message__conversation=conversation),
        Reaction.objects.filter(message__conversation=conversation),
        Mention.objects.filter(conversation=conversation),
        entries,
    ):
        hanging._raw_delete(hanging.db)
    conversation.delete()
