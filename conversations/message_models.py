"""What hangs on messages: former texts, reactions, mentions, files; and what somebody is still writing.

What readers see of reactions and files is kept with the message itself (``Event.data``), so that presenting a page of
messages asks for none of these rows; see docs/decisions/0011.
"""

import uuid

from django.db import models
from django.utils import timezone

from participants.models import Participant

FILE_NAME_LENGTH = 200


class Revision(models.Model):
    """A former text of a message. ``entry`` is the one that brought it: the message itself, or one of its edits."""

    message = models.ForeignKey("conversations.Event", on_delete=models.DO_NOTHING, related_name="revisions")
    entry = models.ForeignKey("conversations.Event", on_delete=models.DO_NOTHING, related_name="+", db_index=False)
    content = models.TextField()
    replaced_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry"], name="revision_entry_unique")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"former text of {self.message_id}"


class Reaction(models.Model):
    """One emoji of one participant on one message."""

    message = models.ForeignKey("conversations.Event", on_delete=models.DO_NOTHING, related_name="+", db_index=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+", db_index=False)
    emoji = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "participant", "emoji"], name="reaction_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.emoji} on {self.message_id}"


class Mention(models.Model):
    """That a message names somebody, or (without ``participant``) everybody who was in when it was written."""

    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    sequence = models.PositiveBigIntegerField()
    author = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+", db_index=False)
    participant = models.ForeignKey(
        Participant, on_delete=models.CASCADE, related_name="+", null=True, blank=True, db_index=False
    )

    class Meta:
        # What mention counts read, and nothing else: in the order of the question, so that it is read and not sorted.
        indexes = [
            models.Index(fields=["conversation", "participant", "sequence", "author"], name="mention_by_participant"),
            models.Index(fields=["conversation", "sequence"], name="mention_by_sequence"),
        ]

    def __str__(self) -> str:
        return f"{self.participant_id} at {self.sequence}"


class Attachment(models.Model):
    """A file; ``message`` is None until one is sent with it. Nothing of its name is in its place in the storage."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    message = models.ForeignKey(
        "conversations.Event", on_delete=models.DO_NOTHING, related_name="files", null=True, blank=True
    )
    uploader = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=FILE_NAME_LENGTH)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    file = models.FileField(max_length=200)
    thumbnail = models.FileField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["conversation"], name="attachment_by_conversation")]

    def __str__(self) -> str:
        return self.name


class Draft(models.Model):
    """What somebody has begun to write in a conversation: theirs alone, the same on all their devices."""

    conversation = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE, related_name="+")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    content = models.TextField(blank=True)
    reply_to = models.UUIDField(null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "participant"], name="draft_unique")]

    def __str__(self) -> str:
        return f"draft of {self.participant_id}"
