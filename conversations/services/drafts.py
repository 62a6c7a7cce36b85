"""What somebody has begun to write: kept a conversation, theirs alone, the same on all their devices."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations import amend, selectors
from conversations.conf import conf
from conversations.models import Attachment, Draft
from conversations.policy import Action
from conversations.services.content import check_storable
from participants.errors import NotFound, TooLarge
from participants.models import Participant


def draft_get(*, participant: Participant, conversation_id: UUID) -> dict[str, Any]:
    """The draft, empty if there is none. Raises NotFound, Forbidden ``not_a_participant``."""
    selectors.get_membership_for(participant, conversation_id)
    row = Draft.objects.filter(conversation_id=conversation_id, participant=participant).first()
    return _object(row or Draft(conversation_id=conversation_id), updated=row is not None)


def draft_set(
    *, participant: Participant, conversation_id: UUID, content: str, reply_to: UUID | None = None
) -> dict[str, Any]:
    """Keep a draft in the place of the one before. Raises InvalidInput, TooLarge, NotFound, Forbidden."""
    if len(content) > conf.message_characters:
        raise TooLarge(actual=len(content), max=conf.message_characters)
    check_storable("content", content)
    selectors.get_membership_for(participant, conversation_id, Action.READ)
    try:
        with transaction.atomic():
            row, _ = Draft.objects.update_or_create(
                conversation_id=conversation_id,
                participant=participant,
                defaults={"content": content, "reply_to": reply_to, "updated_at": timezone.now()},
            )
    except IntegrityError as error:  # the conversation was deleted since
        raise NotFound("There is no such conversation.") from error
    return _object(row, updated=True)


def draft_clear(*, participant: Participant, conversation_id: UUID) -> None:
    """Forget the draft; none is fine. Raises NotFound, Forbidden ``not_a_participant``."""
    selectors.get_membership_for(participant, conversation_id)
    Draft.objects.filter(conversation_id=conversation_id, participant=participant).delete()


def forget_unsent(participant: Participant) -> None:
    """Let go of all that somebody began and did not send: drafts, and files that are in no message."""
    Draft.objects.filter(participant=participant).delete()
    amend.remove_files(Attachment.objects.filter(uploader=participant, message=None))


def _object(row: Draft, *, updated: bool) -> dict[str, Any]:
    return {
        "conversation_id": row.conversation_id,
        "content": row.content,
        "reply_to": row.reply_to,
        "updated_at": row.updated_at if updated else None,
    }
