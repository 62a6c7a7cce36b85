"""Sending messages, and the read marker."""

import math
from datetime import timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

from django.utils import timezone

from conversations import log, markdown, policy, publish, selectors
from conversations.models import Conversation, Event, Membership
from conversations.policy import Action, Situation
from conversations.services.content import check_content, check_message_id, check_metadata
from conversations.services.memberships import find_membership, situation_of
from participants import audit, limits
from participants.encoding import encode
from participants.errors import Conflict, InvalidInput, LimitExceeded
from participants.models import Participant


class Sent(NamedTuple):
    """A stored message; ``duplicate`` if it was stored by an earlier send of the same ``message_id``."""

    event: Event
    duplicate: bool


@audit.watched("author")
def message_send(
    *,
    author: Participant,
    conversation_id: UUID,
    content: str,
    message_id: str | None = None,
    reply_to: UUID | None = None,
    metadata: dict[str, Any] | None = None,
) -> Sent:
    """Store a message, once for each ``message_id`` of its author however often it is sent.

    Raises InvalidInput, TooLarge ``message_too_large``, NotFound, Forbidden as the policy says, and Conflict
    ``message_conflict`` when ``message_id`` was first sent with something else.
    """
    check_content(content)
    check_metadata(metadata or {})
    if message_id is not None:
        check_message_id(message_id)
    limits.MESSAGES.consume(author.pk, conversation_id)
    html = markdown.render(content)  # ahead of the lock
    identity = uuid4()
    event = Event(
        id=identity,
        type=Event.MESSAGE,
        author=author,
        message_id=message_id or str(identity),
        content=content,
        html=html,
        reply_to_id=reply_to,
        data={"metadata": metadata} if metadata else {},
        fingerprint=log.fingerprint(str(identity), content, reply_to),
    )
    with log.writing():
        conversation = log.lock(conversation_id)
        situation = situation_of(conversation, author)
        policy.require(Action.READ, situation)
        # Before the state of the conversation counts: a repeated send gets its first answer, whatever came since.
        if message_id is not None and (known := _find_sent(conversation, author, message_id)):
            return _repeat(known, content, reply_to)
        policy.require(Action.SEND, situation)
        _check_pace(conversation, author, situation)
        _check_reply(conversation, author, reply_to)
        log.append(conversation, event)
    return Sent(event, duplicate=False)


def _find_sent(conversation: Conversation, author: Participant, message_id: str) -> Event | None:
    rows = Event.objects.filter(conversation=conversation, author=author, message_id=message_id)
    return rows.with_people().first()


def _repeat(known: Event, content: str, reply_to: UUID | None) -> Sent:
    if known.fingerprint != log.fingerprint(str(known.pk), content, reply_to):
        raise Conflict(
            "This message_id was used for another message. Choose a new one for a new message.",
            code="message_conflict",
        )
    return Sent(known, duplicate=True)


@audit.watched("actor", conversation=None)
def message_delete(*, actor: Participant, message_id: UUID) -> None:
    """Delete one's own message, or as a moderator that of somebody of a lower role; deleted already is fine.

    Raises NotFound for what one may not read, Forbidden as the policy says.
    """
    found = selectors.get_message_for(actor, message_id)
    with log.writing():
        conversation = log.lock(found.conversation_id)
        situation = situation_of(conversation, actor)
        if found.author_id == actor.pk:
            policy.require(Action.CHANGE_OWN, situation)
        else:
            policy.require(Action.DELETE_OTHERS, situation)
            author = find_membership(conversation, cast(UUID, found.author_id))
            if author is not None:  # whoever left has no role to respect any more
                policy.require(Action.DELETE_OTHERS, situation.on(author.standing))
        if found.author_id != actor.pk and found.deleted_at is None:
            audit.record(audit.Action.MESSAGE_DELETED, actor=actor, target=found, conversation=conversation)
        found.conversation = conversation
        log.redact(found, by=actor)


def _check_pace(conversation: Conversation, author: Participant, situation: Situation) -> None:
    """Slow mode: raise LimitExceeded ``slow_mode`` if the author's last message is too fresh."""
    if not conversation.slow_mode_s or policy.is_allowed(Action.SKIP_SLOW_MODE, situation):
        return
    since = timezone.now() - timedelta(seconds=conversation.slow_mode_s)
    last = (
        Event.objects.filter(conversation=conversation, author=author, type=Event.MESSAGE, created_at__gt=since)
        .order_by("-sequence")
        .values_list("created_at", flat=True)
        .first()
    )
    if last is not None:
        wait = math.ceil((last - since).total_seconds())
        raise LimitExceeded(
            f"Slow mode: one message in {conversation.slow_mode_s} s. You can write again in {wait} s.",
            code="slow_mode",
            retry_after=wait,
        )


def _check_reply(conversation: Conversation, author: Participant, reply_to: UUID | None) -> None:
    if reply_to is None:
        return
    membership = Membership.objects.get(conversation=conversation, participant=author)
    if not Event.objects.visible_to(membership, conversation).messages().filter(pk=reply_to).exists():
        raise InvalidInput.field("reply_to", "The message you reply to is not in this conversation.", "not_found")


def read_mark(*, participant: Participant, conversation_id: UUID, sequence: int) -> Membership:
    """Move the participant's read marker forward to ``sequence``, never back and never past the end.

    Returns the membership as it is now. Raises NotFound, Forbidden ``not_a_participant``.
    """
    membership = selectors.get_membership_for(participant, conversation_id)
    sequence = min(sequence, membership.conversation.last_sequence)
    # One conditional statement: two devices can race, and the higher number stays.
    moved = Membership.objects.filter(pk=membership.pk, last_read_sequence__lt=sequence).update(
        last_read_sequence=sequence
    )
    if not moved:
        membership.refresh_from_db(fields=["last_read_sequence"])
        return membership
    membership.last_read_sequence = sequence
    frame = {
        "type": "read",
        "conversation_id": conversation_id,
        "participant_id": participant.pk,
        "last_read_sequence_id": sequence,
    }
    publish.publish_on_commit(publish.Transient(conversation_id, encode(frame)))
    return membership
