"""Files: uploaded into a conversation first, then sent with a message; what nobody sends goes after a day."""

from datetime import timedelta
from uuid import UUID, uuid4

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.utils import timezone

from conversations import amend, log, policy, selectors
from conversations.conf import conf
from conversations.files import clean_file_name, examine
from conversations.models import Attachment
from conversations.policy import Action
from conversations.services.memberships import situation_of
from participants import audit, limits
from participants.errors import InvalidInput, LimitExceeded, TooLarge
from participants.models import Participant


@audit.watched("uploader")
def attachment_create(*, uploader: Participant, conversation_id: UUID, file: File) -> Attachment:
    """Keep a file for a message that its uploader may send later.

    Raises InvalidInput, TooLarge ``attachment_too_large``, UnsupportedMedia, NotFound, Forbidden as the policy says,
    LimitExceeded ``too_many_uploads`` and ``rate_limited``.
    """
    selectors.get_membership_for(uploader, conversation_id, Action.SEND)
    _check_size(file)
    limits.UPLOADS.consume(uploader.pk)
    name = clean_file_name(file.name or "")
    examined = examine(file, name)
    file.seek(0)
    row = Attachment(
        id=uuid4(),
        conversation_id=conversation_id,
        uploader=uploader,
        name=name,
        content_type=examined.content_type,
        size=file.size if examined.content is None else len(examined.content),
        width=examined.width,
        height=examined.height,
    )
    row.file = default_storage.save(_place(row.pk), file if examined.content is None else ContentFile(examined.content))
    if examined.thumbnail is not None:
        row.thumbnail = default_storage.save(f"{_place(row.pk)}.thumbnail", ContentFile(examined.thumbnail))
    try:
        with log.writing():
            conversation = log.lock(conversation_id)
            policy.require(Action.SEND, situation_of(conversation, uploader))
            _check_number(uploader)
            row.save(force_insert=True)
    except BaseException:
        for stored in filter(None, (row.file.name, row.thumbnail.name)):
            default_storage.delete(stored)
        raise
    return row


def _place(identity: UUID) -> str:
    text = identity.hex
    return f"attachments/{text[:2]}/{text}"


def _check_size(file: File) -> None:
    if not file.size:
        raise InvalidInput.field("file", "This file is empty.", "empty")
    if file.size > conf.attachment_bytes:
        raise TooLarge(
            f"A file takes {conf.attachment_bytes:,} bytes; this one has {file.size:,}.",
            code="attachment_too_large",
            actual=file.size,
            max=conf.attachment_bytes,
        )


def _check_number(uploader: Participant) -> None:
    if Attachment.objects.filter(uploader=uploader, message=None).count() >= conf.loose_attachments:
        raise LimitExceeded(
            "You have uploaded many files that are in no message. Send or forget those first.",
            code="too_many_uploads",
            limit=conf.loose_attachments,
        )


def attachments_sweep() -> int:
    """Delete files that were uploaded a day ago and are in no message; how many there were."""
    since = timezone.now() - timedelta(hours=conf.loose_attachment_hours)
    with log.writing():
        return amend.remove_files(Attachment.objects.filter(message=None, created_at__lt=since))
