"""Changing the text of a message; what it was before is for moderators."""

from uuid import UUID

from django.db.models import QuerySet

from conversations import amend, log, markdown, mentions, policy, selectors
from conversations.models import Conversation, Event, Revision
from conversations.policy import Action, Situation
from conversations.services.content import check_content
from conversations.services.memberships import situation_of
from participants import audit, limits
from participants.errors import Gone
from participants.models import Participant


def lock_message(actor: Participant, message_id: UUID) -> tuple[Event, Conversation, Situation]:
    """A message that ``actor`` may read, as it is now, in its locked conversation; raises NotFound."""
    found = selectors.get_message_for(actor, message_id)
    conversation = log.lock(found.conversation_id)
    message = selectors.get_message_for(actor, message_id)  # it may have changed before the lock
    message.conversation = conversation
    return message, conversation, situation_of(conversation, actor)


def require_there(message: Event) -> None:
    """Raise Gone ``message_deleted`` for a message that is only a number any more."""
    if message.deleted_at is not None:
        raise Gone("This message was deleted.", code="message_deleted")


@audit.watched("actor", conversation=None)
def message_edit(*, actor: Participant, message_id: UUID, content: str) -> Event:
    """Give one's own message another text; the same text is fine and changes nothing.

    Raises InvalidInput, TooLarge, NotFound, Forbidden as the policy says, Gone ``message_deleted``, LimitExceeded.
    """
    check_content(content)
    limits.CHANGES.consume(actor.pk)
    html = markdown.render(content)  # ahead of the lock
    with log.writing():
        message, conversation, situation = lock_message(actor, message_id)
        is_own = message.author_id == actor.pk
        policy.require(Action.CHANGE_OWN if is_own else Action.EDIT_OTHERS, situation)
        require_there(message)
        if content != message.content:
            may_call_all = policy.is_allowed(Action.MENTION_ALL, situation)
            (named,) = mentions.resolve([mentions.Text(conversation, content, may_call_all)])
            amend.rewrite(message, content=content, html=html, named=named, by=actor)
    return message


@audit.watched("actor", conversation=None)
def former_texts(*, actor: Participant, message_id: UUID) -> QuerySet[Revision]:
    """What a message said before, oldest first: for moderators. Raises NotFound, Forbidden ``role_too_low``."""
    message = selectors.get_message_for(actor, message_id)
    selectors.get_membership_for(actor, message.conversation_id, Action.READ_FORMER)
    return Revision.objects.filter(message=message)
