"""Sending messages: the hot path. What many people send at once is checked and stored together (:mod:`writer`).

A send is checked and rendered by whoever brings it, in their own thread; everything that depends on others (limits,
roles, a repeated ``message_id``, the number it gets) is decided on locked rows, in the transaction that stores it.
"""

import math
import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from conversations import log, markdown, mentions, policy, selectors
from conversations.conf import conf
from conversations.models import Attachment, Conversation, Event, Membership
from conversations.policy import Action
from conversations.presentation import attachment_row
from conversations.services.content import check_content, check_message_id, check_metadata
from conversations.writer import Writer
from participants import audit, limits
from participants.errors import ChatError, Conflict, Forbidden, InvalidInput, LimitExceeded, NotFound
from participants.models import Participant
from participants.rows import instance_of


class Sent(NamedTuple):
    """A stored message; ``duplicate`` if it was stored by an earlier send of the same ``message_id``."""

    event: Event
    duplicate: bool


@dataclass(slots=True, eq=False)
class Send:
    """One message on its way, checked and rendered. ``context`` is its sender's, for the audit log.

    Its batch may be tried again when it is not known whether it was stored: ``identity`` is the id that the message
    got at first, by which it is found, and what the limit said at first holds.
    """

    author: Participant
    conversation_id: UUID
    content: str
    html: str
    message_id: str | None
    reply_to: UUID | None
    metadata: dict[str, Any] | None
    attachments: Sequence[UUID] = ()
    context: Context = field(default_factory=copy_context)
    allowance: limits.Allowance | None = None
    refusal: ChatError | None = None
    is_counted: bool = False
    identity: UUID | None = None

    @property
    def membership(self) -> tuple[UUID, UUID]:
        """Where the sender's membership is: conversation and author."""
        return self.conversation_id, self.author.pk

    @property
    def key(self) -> tuple[UUID, UUID, str | None]:
        """What makes it the same as another: conversation, author, and the author's own key, or else its first id."""
        own = self.message_id or (None if self.identity is None else str(self.identity))
        return self.conversation_id, self.author.pk, own

    def fingerprint(self, salt: str) -> str:
        """What a repetition has in common with the first."""
        files = "".join(f"\0{key}" for key in self.attachments)
        return log.fingerprint(salt, self.content + files, self.reply_to)


def message_prepare(
    *,
    author: Participant,
    conversation_id: UUID,
    content: str,
    message_id: str | None = None,
    reply_to: UUID | None = None,
    metadata: dict[str, Any] | None = None,
    attachments: Sequence[UUID] | None = None,
) -> Send:
    """Check and render a message. No query. Raises InvalidInput, TooLarge ``message_too_large``."""
    files = tuple(dict.fromkeys(attachments or ()))
    if len(files) > conf.attachments:
        raise InvalidInput.field("attachments", f"A message takes {conf.attachments} files.")
    check_content(content, may_be_empty=bool(files))
    if metadata:
        check_metadata(metadata)
    if message_id is not None:
        check_message_id(message_id)
    html = markdown.render(content)
    return Send(author, conversation_id, content, html, message_id, reply_to, metadata, files)


def message_send(*, author: Participant, conversation_id: UUID, content: str, **fields: Any) -> Sent:
    """Store a message, once for each ``message_id`` of its author however often it is sent; ``fields`` as above.

    Raises what :func:`message_prepare` does, NotFound, Forbidden as the policy says, Conflict ``message_conflict``
    when ``message_id`` was first sent with something else, LimitExceeded, Unavailable.
    """
    send = message_prepare(author=author, conversation_id=conversation_id, content=content, **fields)
    try:
        return _writer.write(send)
    finally:
        limits.note(send.allowance)


def message_submit(send: Send, done: Callable[[Sent | ChatError], object]) -> None:
    """The same without waiting: ``done`` gets the outcome, in another thread. Raises LimitExceeded ``queue_full``."""
    _writer.submit(send, done)


def message_backlog() -> int:
    """How many sends of this process wait."""
    return len(_writer)


# --- a batch ----------------------------------------------------------------------------------------------------------


def _store(sends: Sequence[Send]) -> list[Sent | ChatError]:
    """Store what may be stored, in one transaction; an outcome for each. What refuses one leaves the others alone."""
    limited = _take_from_limits(sends)
    with log.writing():
        batch = _Batch([send for send, refusal in zip(sends, limited, strict=True) if refusal is None])
        outcomes = [refusal or batch.decide(send) for send, refusal in zip(sends, limited, strict=True)]
        batch.mark_mentions()
        log.append_all(batch.accepted)
        batch.attach_files()
    for send, outcome in zip(sends, outcomes, strict=True):
        if isinstance(outcome, Forbidden):
            send.context.run(
                audit.denied, "message_send", actor=send.author, conversation=send.conversation_id, error=outcome
            )
    return outcomes


def _take_from_limits(sends: Sequence[Send]) -> list[ChatError | None]:
    """One token for each, in one call; why it got none, or None."""
    fresh = [send for send in sends if not send.is_counted]
    keys = [(send.author.pk, send.conversation_id) for send in fresh]
    for send, allowance in zip(fresh, limits.MESSAGES.take(keys) if keys else (), strict=True):
        send.is_counted, send.allowance = True, allowance
        if allowance is not None and allowance.retry_after > 0:
            send.refusal = send.context.run(limits.MESSAGES.refusal, allowance, send.author.pk, send.conversation_id)
    return [send.refusal for send in sends]


class _Batch:
    """The rows that a batch is decided on, locked and read in a few statements, and what was accepted so far."""

    def __init__(self, sends: Sequence[Send]) -> None:
        self.conversations = log.lock_all({send.conversation_id for send in sends})
        self.memberships = selectors.active_memberships({send.membership for send in sends})
        keys = {send.key for send in sends if send.key[2] is not None}
        self.known: dict[tuple[UUID, UUID, str | None], Event] = selectors.sent_messages(keys)
        self.replied = selectors.messages_at({send.reply_to for send in sends if send.reply_to is not None})
        self.accepted: dict[Conversation, list[Event]] = defaultdict(list)
        self._ids = _fresh_ids(len(sends))
        self.files = selectors.loose_attachments({key for send in sends for key in send.attachments})
        self._with_files: list[tuple[Event, Sequence[UUID]]] = []
        self._naming: list[tuple[Event, mentions.Text]] = []

    def decide(self, send: Send) -> Sent | ChatError:
        """What becomes of one send."""
        try:
            return self._accept(send)
        except ChatError as error:
            return error

    def _accept(self, send: Send) -> Sent:
        conversation = self.conversations.get(send.conversation_id)
        if conversation is None:
            raise NotFound("There is no such conversation.")
        membership = self.memberships.get(send.membership)
        if membership is None:
            policy.require(Action.READ, conversation.situation(conversation.outside))
            raise AssertionError("the policy lets an outsider through where a membership is needed")
        situation = membership.situation(conversation)
        policy.require(Action.READ, situation)
        # Before the state of the conversation counts: a repeated send gets its first answer, whatever came since.
        if known := self.known.get(send.key):
            return Sent(known, duplicate=False) if known.pk == send.identity else _repeat(known, send)
        policy.require(Action.SEND, situation)
        if conversation.slow_mode_s and not policy.is_allowed(Action.SKIP_SLOW_MODE, situation):
            self._check_pace(conversation, send)
        send.identity = send.identity or self._ids.pop()
        event = _event(send, membership.participant, send.identity)
        event.thread_id = self._thread_of(conversation, membership, send)
        if send.attachments:
            self._take_files(conversation, event, send)
        if "@" in send.content:
            may_call_all = policy.is_allowed(Action.MENTION_ALL, situation)
            self._naming.append((event, mentions.Text(conversation, send.content, may_call_all)))
        self.known[send.key] = event
        self.accepted[conversation].append(event)
        return Sent(event, duplicate=False)

    def _check_pace(self, conversation: Conversation, send: Send) -> None:
        """Slow mode: raise LimitExceeded ``slow_mode`` if the author's last message is too fresh."""
        now = timezone.now()
        if any(event.author_id == send.author.pk for event in self.accepted[conversation]):
            last: datetime | None = now
        else:
            last = selectors.last_message_at(conversation, send.author)
        wait = 0.0 if last is None else (last - now + timedelta(seconds=conversation.slow_mode_s)).total_seconds()
        if wait > 0:
            raise LimitExceeded(
                f"Slow mode: one message in {conversation.slow_mode_s} s. You can write again in {math.ceil(wait)} s.",
                code="slow_mode",
                retry_after=math.ceil(wait),
            )

    def _thread_of(self, conversation: Conversation, membership: Membership, send: Send) -> UUID | None:
        if send.reply_to is None:
            return None
        found, at, thread = self.replied.get(send.reply_to, (None, 0, None))
        if found != conversation.pk or at < membership.first_visible(conversation):
            raise InvalidInput.field("reply_to", "The message you reply to is not in this conversation.", "not_found")
        return thread

    def _take_files(self, conversation: Conversation, event: Event, send: Send) -> None:
        """Let a message show files of its author's own; each is in one message."""
        found = [self.files.get(key) for key in send.attachments]
        for file in found:
            if file is None or (file.conversation_id, file.uploader_id) != (conversation.pk, send.author.pk):
                raise InvalidInput.field("attachments", "Upload this file into this conversation first.", "not_found")
        event.data = event.data | {"attachments": [attachment_row(file) for file in found if file is not None]}
        self._with_files.append((event, send.attachments))
        for key in send.attachments:
            del self.files[key]

    def attach_files(self) -> None:
        """Give the files of the messages that are stored by now to them."""
        for event, keys in self._with_files:
            Attachment.objects.filter(pk__in=keys).update(message=event)

    def mark_mentions(self) -> None:
        """Let the accepted messages show whom they name: one query for all of them, none without an ``@``."""
        resolved = mentions.resolve([text for _, text in self._naming])
        for (event, _), named in zip(self._naming, resolved, strict=True):
            mentions.mark(event, named)


def _fresh_ids(count: int) -> list[UUID]:
    """UUIDs of version 7 (RFC 9562, section 5.7): they begin with the time, so the indexes of ids grow at their end.

    With ids of chance alone each message dirties a page of its own of each such index: a fifth of what a send took.
    The randomness comes in one read of the system's, as each is a system call.
    """
    begin = time.time_ns() // 1_000_000 << 80 | 0x7 << 76 | 0b10 << 62
    raw = os.urandom(10 * count)
    chances = (int.from_bytes(raw[start : start + 10], "big") for start in range(0, 10 * count, 10))
    return [UUID(int=begin | (chance >> 62 & 0xFFF) << 64 | chance & (1 << 62) - 1) for chance in chances]


def _repeat(known: Event, send: Send) -> Sent:
    if known.deleted_at is None and known.fingerprint != send.fingerprint(str(known.pk)):
        raise Conflict(
            "This message_id was used for another message. Choose a new one for a new message.",
            code="message_conflict",
        )
    return Sent(known, duplicate=True)


def _event(send: Send, author: Participant, identity: UUID) -> Event:
    values = _blank_event() | {
        "id": identity,
        "conversation_id": send.conversation_id,
        "type": Event.MESSAGE,
        "author_id": author.pk,
        "message_id": send.message_id or str(identity),
        "content": send.content,
        "html": send.html,
        "reply_to_id": send.reply_to,
        "data": {"metadata": send.metadata} if send.metadata else {},
        "fingerprint": send.fingerprint(str(identity)),
    }
    return instance_of(Event, values, author=author)


@cache
def _blank_event() -> dict[str, Any]:
    """A value for each column, in the order of the model."""
    return {field.attname: field.get_default() for field in Event._meta.concrete_fields}


_writer: Writer[Send, Sent] = Writer(_store)
