"""What is kept for how long, and what nobody may find again: old entries, and what databases keep of deleted text."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils import timezone

from conversations import amend, log, publish
from conversations.conf import conf
from conversations.models import Attachment, Conversation, Event, Mention, Reaction, Revision
from conversations.search_schema import INDEX


def retention_apply() -> int:
    """Take the entries away that are older than their conversation keeps them; how many went.

    The days are the conversation's own, or the site's where that is shorter or the only one. The newest entry stays,
    so that there is always one to go on from.
    """
    rows = Conversation.objects.filter(first_sequence__lt=F("last_sequence")).order_by("pk")
    if not conf.retention_days:
        rows = rows.exclude(retention_days=None)
    taken = 0
    for key, days in list(rows.values_list("pk", "retention_days")):
        taken += _cut(key, min(limit for limit in (days, conf.retention_days) if limit))
    return taken


def _cut(key: UUID, days: int) -> int:
    """Cut one log, some entries a transaction: readers and writers get in between."""
    since = timezone.now() - timedelta(days=days)
    taken = 0
    while True:
        with log.writing():
            conversation = Conversation.objects.select_for_update(no_key=True).filter(pk=key).first()
            if conversation is None:
                return taken
            count = _cut_some(conversation, since)
        taken += count
        if count < conf.retention_entries:
            return taken


def _cut_some(conversation: Conversation, since: datetime) -> int:
    old = Event.objects.filter(conversation=conversation, sequence__lt=conversation.last_sequence)
    page = list(old.order_by("sequence").values_list("sequence", "created_at", "digest")[: conf.retention_entries])
    gone = [row for row in page if row[1] < since]
    # In order: an entry behind one that is kept stays with it, whatever its clock said.
    gone = gone[: next((index for index, row in enumerate(page) if row[1] >= since), len(page))]
    if not gone:
        return 0
    end, _, digest = gone[-1]
    _remove(conversation, end)
    conversation.first_sequence, conversation.cut_digest = end + 1, digest
    kept = Event.objects.filter(pk__in=conversation.pins).values_list("pk", flat=True)
    pins = {str(pin) for pin in kept}
    conversation.pins = [pin for pin in conversation.pins if pin in pins]
    conversation.save(update_fields=["first_sequence", "cut_digest", "pins"])
    publish.publish_on_commit(publish.Control(conversation=conversation.pk))
    return len(gone)


def _remove(conversation: Conversation, end: int) -> None:
    """Delete the entries up to ``end`` with all that hangs on them. Later ones about them stay, and are withheld."""
    gone = Event.objects.filter(conversation=conversation, sequence__lte=end)
    amend.remove_files(Attachment.objects.filter(message__in=gone))
    for hanging in (
        Revision.objects.filter(message__in=gone),
        Reaction.objects.filter(message__in=gone),
        Mention.objects.filter(conversation=conversation, sequence__lte=end),
        gone,
    ):
        hanging._raw_delete(hanging.db)


def compact() -> None:
    """Write the database anew, so that nothing of what was deleted is left in its files: search index, tables, log."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"INSERT INTO {INDEX} ({INDEX}) VALUES ('rebuild')")  # noqa: S608 - constant
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            for model in (Event, Revision, Mention, Reaction, Attachment, Conversation):
                cursor.execute(f'VACUUM (FULL, ANALYZE) "{model._meta.db_table}"')
            cursor.execute("CHECKPOINT")
