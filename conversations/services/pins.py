"""Messages that a conversation keeps in view."""

from uuid import UUID

from conversations import log, policy
from conversations.conf import conf
from conversations.models import Event
from conversations.policy import Action
from conversations.services import changes
from conversations.services.edits import lock_message, require_there
from participants import audit, limits
from participants.errors import LimitExceeded
from participants.models import Participant


@audit.watched("actor", conversation=None)
def pin_set(*, actor: Participant, message_id: UUID) -> Event:
    """Pin a message; pinned already is fine. Returns it.

    Raises NotFound, Forbidden as the policy says, Gone ``message_deleted``, LimitExceeded ``too_many_pins``.
    """
    limits.CHANGES.consume(actor.pk)
    with log.writing():
        message, conversation, situation = lock_message(actor, message_id)
        policy.require(Action.PIN, situation)
        require_there(message)
        key = str(message.pk)
        if key not in conversation.pins:
            if len(conversation.pins) >= conf.pins:
                raise LimitExceeded(
                    f"A conversation keeps {conf.pins} messages pinned. Take one off first.",
                    code="too_many_pins",
                    limit=conf.pins,
                )
            changes.apply(conversation, {"pins": [*conversation.pins, key]}, by=actor)
    return message


@audit.watched("actor", conversation=None)
def pin_clear(*, actor: Participant, message_id: UUID) -> None:
    """Take a pin off; not pinned is fine. Raises NotFound, Forbidden as the policy says."""
    limits.CHANGES.consume(actor.pk)
    with log.writing():
        message, conversation, situation = lock_message(actor, message_id)
        policy.require(Action.PIN, situation)
        changes.unpin(conversation, message, by=actor)
