"""Emojis on messages: one of a kind for each participant and message, however often it is asked for."""

from uuid import UUID

from conversations import amend, log, policy
from conversations.conf import conf
from conversations.emoji import spelled
from conversations.models import Event, Reaction
from conversations.policy import Action
from conversations.services.edits import lock_message, require_there
from participants import audit, limits
from participants.errors import InvalidInput, LimitExceeded
from participants.models import Participant


def _emoji(text: str) -> str:
    if (emoji := spelled(text)) is None:
        raise InvalidInput.field("emoji", "React with exactly one emoji.")
    return emoji


@audit.watched("actor", conversation=None)
def reaction_add(*, actor: Participant, message_id: UUID, emoji: str) -> Event:
    """React to a message; done already is fine. Returns the message as it is now.

    Raises InvalidInput, NotFound, Forbidden as the policy says, Gone ``message_deleted``, LimitExceeded
    ``too_many_reactions`` and ``rate_limited``.
    """
    emoji = _emoji(emoji)
    limits.CHANGES.consume(actor.pk)
    with log.writing():
        message, conversation, situation = lock_message(actor, message_id)
        policy.require(Action.REACT, situation)
        require_there(message)
        _, is_new = Reaction.objects.get_or_create(message=message, participant=actor, emoji=emoji)
        if is_new:
            if len(amend.count_reactions(message)) > conf.reactions_shown:
                raise LimitExceeded(
                    f"A message takes {conf.reactions_shown} different emojis.",
                    code="too_many_reactions",
                    limit=conf.reactions_shown,
                )
            log.append(conversation, _entry("reaction_added", actor, message, emoji))
    return message


@audit.watched("actor", conversation=None)
def reaction_remove(*, actor: Participant, message_id: UUID, emoji: str) -> Event:
    """Take one's own reaction back; done already is fine. Raises as :func:`reaction_add` does."""
    emoji = _emoji(emoji)
    limits.CHANGES.consume(actor.pk)
    with log.writing():
        message, conversation, situation = lock_message(actor, message_id)
        policy.require(Action.REACT, situation)
        removed, _ = Reaction.objects.filter(message=message, participant=actor, emoji=emoji).delete()
        if removed:
            amend.count_reactions(message)
            log.append(conversation, _entry("reaction_removed", actor, message, emoji))
    return message


def _entry(kind: str, actor: Participant, message: Event, emoji: str) -> Event:
    return Event(type=kind, author=actor, subject=actor, target=message, data={"emoji": emoji})
