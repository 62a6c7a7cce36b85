"""The one writer of the log.

Everything runs in the caller's transaction. The conversation's row is locked first, so numbers are given in commit
order and without a hole: a rollback gives its numbers back, which a database sequence, a clock or ``MAX + 1`` would
not. Whoever locks several conversations goes in id order.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from conversations import digest, events, publish
from conversations.models import Conversation, Event, Mention
from conversations.presentation import entry_frame
from participants.errors import NotFound
from participants.rows import Shape, advance, insert, parameter, places, select

Listener = Callable[[Mapping[Conversation, Sequence[Event]]], None]
# Told of what was appended, in the transaction that does it: what they write is stored with it, or neither is. They
# append nothing themselves. Imports are no news and are not told.
listeners: list[Listener] = []

_sqlite_writer = threading.Lock()
_CONVERSATION = Shape(Conversation, "c")
_CONVERSATIONS = f"SELECT {_CONVERSATION.columns} FROM {_CONVERSATION.table} WHERE c.id IN"  # noqa: S608 - of the model


@contextmanager
def writing() -> Iterator[None]:
    """The transaction that every command which writes runs in.

    SQLite has one writer, and its own waiting is a poll that starves some: the threads of this process queue here
    instead. A thread that is in a transaction already holds SQLite's lock and must not queue behind it.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    with _sqlite_writer, transaction.atomic():
        yield


def lock(conversation_id: UUID) -> Conversation:
    """The conversation, locked until the transaction ends; raises NotFound.

    On SQLite the transaction itself is the lock (BEGIN IMMEDIATE).
    """
    if not connection.in_atomic_block:
        raise RuntimeError("log.lock needs a transaction")
    conversation = Conversation.objects.select_for_update(no_key=True).filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFound("There is no such conversation.")
    return conversation


def lock_all(conversation_ids: Iterable[UUID]) -> dict[UUID, Conversation]:
    """Those of the conversations that there are, locked as :func:`lock` does, in one statement."""
    if not connection.in_atomic_block:
        raise RuntimeError("log.lock_all needs a transaction")
    ids = [parameter(pk) for pk in set(conversation_ids)]
    if not ids:
        return {}
    locking = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    statement = f"{_CONVERSATIONS} ({places(len(ids))}) ORDER BY c.id{locking}"
    return {conversation.pk: conversation for (conversation,) in select(statement, ids, _CONVERSATION)}


def append(conversation: Conversation, *entries: Event) -> list[Event]:
    """Number and store ``entries`` behind what is there, and publish them on commit.

    ``conversation`` is one that :func:`lock` gave in this transaction; its ``last_sequence`` moves along. Each entry
    is checked against the catalogue: one that does not fit raises pydantic's ValidationError, and nothing is stored.
    """
    append_all({conversation: entries})
    return list(entries)


def append_all(entries: Mapping[Conversation, Sequence[Event]]) -> None:
    """The same for several conversations at once: one INSERT, and one UPDATE of all their rows."""
    now = timezone.now()
    rows: list[Event] = []
    news = []
    for conversation, appended in entries.items():
        for number, entry in enumerate(appended, start=conversation.last_sequence + 1):
            entry.conversation = conversation
            entry.sequence = number
            entry.created_at = now
        conversation.last_sequence += len(appended)
        digest.seal(conversation, appended)
        rows.extend(appended)
        news.append(publish.Entries(conversation.pk, [_encoded(entry) for entry in appended]))
    if not rows:
        return
    insert(rows)
    if named := [mention for row in rows if row.named for mention in row.named.rows(row)]:
        Mention.objects.bulk_create(named)
    for listener in listeners:
        listener(entries)
    # Last, as it is what everybody waits for.
    advance([(row.pk, len(appended), row.digest) for row, appended in entries.items()], now)
    publish.publish_on_commit(*news)


def _encoded(entry: Event) -> publish.Encoded:
    frame = entry_frame(entry)
    if entry.type != Event.MESSAGE:  # a message has one maker, presentation.message_object, and takes 7 microseconds
        events.ENTRY.validate_python(frame)
    return publish.encoded(entry, frame)


def fingerprint(salt: str, content: str, reply_to: UUID | None) -> str:
    """What tells a repeated send from another one under the same ``message_id``; salted, so equal texts differ."""
    return hashlib.sha256(f"{salt}\0{reply_to or ''}\0{content}".encode()).hexdigest()
