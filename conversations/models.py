"""Conversations, their members, and the log."""

import uuid
from datetime import datetime
from typing import Any, NoReturn

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Substr
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations import events, policy
from conversations.conf import conf
from conversations.indexes import CoveringIndex
from conversations.message_models import Attachment, Draft, Mention, Reaction, Revision
from conversations.policy import ROLES, Situation, Standing
from participants.models import Participant

__all__ = [
    "Attachment", "Ban", "Conversation", "Draft", "Event", "Invitation", "Membership", "Mention", "Mute", "Reaction",
    "Revision",
]  # fmt: skip

TITLE_LENGTH = 120
DESCRIPTION_LENGTH = 2000


class BoundedCount(Subquery):
    """``COUNT(*)`` of a correlated subquery, whose own LIMIT bounds the work."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) bounded)"
    output_field = models.IntegerField()


def bounded_count(rows: models.QuerySet[Any, Any]) -> BoundedCount:
    """How many rows there are, up to one more than is counted."""
    return BoundedCount(rows.order_by()[: conf.unread_counted + 1])


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Reads of conversations."""

    def of(self, participant: Participant) -> "ConversationQuerySet":
        """Those that ``participant`` is a member of."""
        return self.filter(memberships__participant=participant)

    def public(self) -> "ConversationQuerySet":
        """Those that anyone may preview and join."""
        return self.filter(visibility=Conversation.Visibility.PUBLIC)

    def named(self, search: str) -> "ConversationQuerySet":
        """Those whose title or description contains ``search``."""
        return self.filter(Q(title__icontains=search) | Q(description__icontains=search)) if search else self

    def with_counts(self) -> "ConversationQuerySet":
        """With ``member_count`` and ``human_count``, each one indexed subquery."""
        members = Membership.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation")
        humans = members.exclude(participant__kind=Participant.Kind.AGENT)
        return self.annotate(
            member_count=Coalesce(Subquery(members.annotate(n=models.Count("pk")).values("n")), 0),
            human_count=Coalesce(Subquery(humans.annotate(n=models.Count("pk")).values("n")), 0),
        )

    def with_reading_of(self, participant: Participant) -> "ConversationQuerySet":
        """With ``last_read``, ``unread`` and ``mentioned`` of a member; both counts stop past the bound.

        Nobody has read less than the entry that made them a member, so what is hidden from them is not counted.
        """
        own = Membership.objects.filter(conversation=OuterRef("pk"), participant=participant)
        unread = Event.objects.filter(conversation=OuterRef("pk"), sequence__gt=OuterRef("last_read"), deleted_at=None)
        mentions = Mention.objects.filter(
            Q(participant=participant) | Q(participant=None),
            conversation=OuterRef("pk"),
            sequence__gt=OuterRef("last_read"),
        )
        return self.annotate(
            last_read=Subquery(own.values("last_read_sequence")),
            joined_sequence=Subquery(own.values("joined_sequence")),
        ).annotate(
            unread=bounded_count(unread.messages().exclude(author=participant).values("sequence")),
            mentioned=bounded_count(mentions.exclude(author=participant).values("sequence").distinct()),
        )

    def with_preview_for(self, participant: Participant) -> "ConversationQuerySet":
        """With ``preview``: the newest message that a member may see, None without one. After ``with_reading_of``."""
        newest = self._newest().annotate(head=Substr("content", 1, 400))
        return self.annotate(preview=Subquery(newest.values("head")[:1]))

    def with_preview_author(self) -> "ConversationQuerySet":
        """With ``preview_author``: who said that, None for what the site announced. After ``with_reading_of``."""
        return self.annotate(preview_author=Subquery(self._newest().values("author__display_name")[:1]))

    @staticmethod
    def _newest() -> "EventQuerySet":
        visible = Q(conversation__history=Conversation.History.ALL) | Q(sequence__gte=OuterRef("joined_sequence"))
        messages = Event.objects.filter(conversation=OuterRef("pk"), deleted_at=None).messages()
        return messages.filter(visible).order_by("-sequence")


class Conversation(models.Model):
    """A container with one ordered log. ``last_sequence`` is the number of its newest entry."""

    class Visibility(models.TextChoices):
        """Who can find and join it."""

        PRIVATE = "private", _("private")
        PUBLIC = "public", _("public")

    class History(models.TextChoices):
        """What a newcomer can read."""

        ALL = "all", _("everything")
        FROM_JOIN = "from_join", _("from joining on")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=TITLE_LENGTH)
    description = models.TextField(max_length=DESCRIPTION_LENGTH, blank=True)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.PRIVATE)
    history = models.CharField(max_length=10, choices=History.choices, default=History.ALL)
    max_participants = models.PositiveIntegerField(default=100)
    metadata = models.JSONField(default=dict, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    locked = models.BooleanField(default=False)
    slow_mode_s = models.PositiveIntegerField(default=0)
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    active_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    last_sequence = models.PositiveBigIntegerField(default=0, editable=False)
    first_sequence = models.PositiveBigIntegerField(default=1, editable=False)
    pins = models.JSONField(default=list, blank=True, editable=False)  # ids of messages, the latest pin last
    # Whether an agent may be in: set by the first that comes, so that what is said elsewhere asks for none.
    has_agents = models.BooleanField(default=False, editable=False)
    # The digest of the newest entry, and of the newest that retention took: what the next and the first build on.
    digest = models.CharField(max_length=64, blank=True, editable=False)
    cut_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-active_at", "id"]

    def __str__(self) -> str:
        return self.title

    def situation(self, standing: Standing, *, muted_until: datetime | None = None, invited: bool = False) -> Situation:
        """What the policy needs to know to decide."""
        return Situation(
            standing,
            archived=self.archived_at is not None,
            locked=self.locked,
            muted=muted_until is not None and muted_until > timezone.now(),
            invited=invited,
            members_invite=conf.members_invite,
        )

    @property
    def outside(self) -> Standing:
        """The standing of whoever is not a member."""
        public = self.visibility == self.Visibility.PUBLIC
        return Standing.OUTSIDE_PUBLIC if public else Standing.OUTSIDE_PRIVATE


class Mute(models.Model):
    """What is left of a mute while its holder is away: coming back does not end it."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="mutes")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "participant"], name="mute_unique")]

    def __str__(self) -> str:
        return f"{self.participant_id} in {self.conversation_id}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Reads of invitations."""

    def usable(self) -> "InvitationQuerySet":
        """Those that still let somebody in: in force, and their inviter might make them now as well."""
        inviters = Membership.objects.filter(
            conversation=OuterRef("conversation"), participant=OuterRef("inviter"), participant__is_active=True
        ).order_by()
        may_give = Q(pk__in=())
        for role in ROLES:
            roles = policy.inviters_of(role, members_invite=conf.members_invite)
            may_give |= Q(role=role, inviter_role__in=roles)
        in_force = Q(revoked_at=None, expires_at__gt=timezone.now(), uses__lt=models.F("max_uses"))
        return self.annotate(inviter_role=Subquery(inviters.values("role"))).filter(in_force, may_give)

    def shown_to(self, membership: "Membership", conversation: Conversation) -> "InvitationQuerySet":
        """Those to a conversation that somebody who may invite sees: their own, or all."""
        rows = self.usable().filter(conversation=conversation)
        if policy.is_allowed(policy.Action.INVITATIONS_OF_OTHERS, membership.situation(conversation)):
            return rows
        return rows.filter(inviter=membership.participant_id)


class Invitation(models.Model):
    """A way into a conversation for whoever holds its token, of which only a hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    role = models.CharField(
        max_length=10, choices=[(str(role), str(role)) for role in ROLES[1:]], default=str(Standing.MEMBER)
    )
    inviter = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+")
    allow_guests = models.BooleanField(default=False)
    max_uses = models.PositiveIntegerField(default=10)
    uses = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.role} of {self.conversation_id}"


class Ban(models.Model):
    """That somebody cannot come back, by any way, until it is lifted."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="bans")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="bans")
    by = models.ForeignKey(Participant, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "participant"], name="ban_unique")]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.participant_id} from {self.conversation_id}"


class Membership(models.Model):
    """That a participant is in a conversation, as what, and up to where they have read."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="memberships")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(
        max_length=10, choices=[(str(role), str(role)) for role in ROLES], default=str(Standing.MEMBER)
    )
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    # The number of the entry that made them a member: where reading starts under ``from_join``.
    joined_sequence = models.PositiveBigIntegerField(default=1, editable=False)
    last_read_sequence = models.PositiveBigIntegerField(default=0, editable=False)
    muted_until = models.DateTimeField(null=True, blank=True)
    joined_via = models.ForeignKey(
        Invitation, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "participant"], name="membership_unique")]
        ordering = ["joined_at", "id"]

    def __str__(self) -> str:
        return f"{self.participant_id} in {self.conversation_id}"

    @property
    def standing(self) -> Standing:
        """The role, for the policy."""
        return Standing(self.role)

    def situation(self, conversation: Conversation) -> Situation:
        """What the policy needs to know about this member."""
        return conversation.situation(self.standing, muted_until=self.muted_until)

    def first_visible(self, conversation: Conversation) -> int:
        """The lowest number that this member may read."""
        if conversation.history == Conversation.History.FROM_JOIN:
            return max(conversation.first_sequence, self.joined_sequence)
        return conversation.first_sequence

    def has_lost_after(self, cursor: int, conversation: Conversation) -> bool:
        """Whether retention took entries behind ``cursor`` that this member could have read."""
        from_join = conversation.history == Conversation.History.FROM_JOIN
        first_unseen = max(cursor + 1, self.joined_sequence) if from_join else cursor + 1
        return first_unseen < conversation.first_sequence


class LogIsAppendOnly(RuntimeError):
    """Somebody tried to change the log other than through :mod:`conversations.log`."""


class EventQuerySet(models.QuerySet["Event"]):
    """Reads of the log. It cannot be updated or deleted through a queryset."""

    def visible_to(self, membership: Membership, conversation: Conversation) -> "EventQuerySet":
        """What a member may read of the conversation, in order: the one rule under every read."""
        return self.filter(conversation=conversation, sequence__gte=membership.first_visible(conversation)).order_by(
            "sequence"
        )

    def after(self, sequence: int) -> "EventQuerySet":
        """What comes after a cursor."""
        return self.filter(sequence__gt=sequence)

    def visible_in_all_of(self, participant: Participant) -> "EventQuerySet":
        """The same for all conversations of a participant at once."""
        own = "conversation__memberships__"
        return self.filter(
            Q(conversation__history=Conversation.History.ALL) | Q(sequence__gte=models.F(f"{own}joined_sequence")),
            sequence__gte=models.F("conversation__first_sequence"),
            **{f"{own}participant": participant},
        )

    def messages(self) -> "EventQuerySet":
        """Messages only: whatever entry somebody said something with."""
        return self.filter(message_id__isnull=False)

    def with_people(self) -> "EventQuerySet":
        """With author, subject and target (and whose that is), in the same query."""
        return self.select_related("author", "subject", "target__author")

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused."""
        raise LogIsAppendOnly("The log is append-only; conversations.log is its one writer.")

    def delete(self) -> NoReturn:
        """Refused."""
        raise LogIsAppendOnly("The log is append-only; conversations.log is its one writer.")


# Of entries among each other: no index and no constraint, as what they name may be gone. Retention takes entries, and
# those behind them, whose digests hold these ids, stay as they are.
_LOOSE: dict[str, Any] = {
    "on_delete": models.DO_NOTHING, "related_name": "+", "db_index": False, "db_constraint": False,
}  # fmt: skip


class Event(models.Model):
    """One entry of a conversation's log. A message is an entry of type ``message``, or an agent's answer
    (``agent_completed``): its id is the message's.

    ``author`` is who did it, ``subject`` whom it was done to; names are looked up when the entry is shown, so the log
    holds none. ``data`` has what else the type needs.
    """

    MESSAGE = "message"
    TYPES = tuple(events.type_of(entry) for entry in events.STORED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # DO_NOTHING: log.erase removes the rows of a conversation in one statement ahead of the conversation itself.
    conversation = models.ForeignKey(Conversation, on_delete=models.DO_NOTHING, related_name="events", db_index=False)
    sequence = models.PositiveBigIntegerField()
    type = models.CharField(max_length=32)  # one of TYPES; the catalogue checks it, so a new one needs no migration
    author = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    subject = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict)
    # Of messages only. message_id is the author's own key: one number however often it is sent.
    message_id = models.CharField(max_length=64, null=True)  # noqa: DJ001 - null keeps other entries out of the key
    fingerprint = models.CharField(max_length=64, blank=True)
    content = models.TextField(blank=True)
    html = models.TextField(blank=True)
    reply_to = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    # The message that an entry of another type is about.
    target = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    # The message that began the thread this one is in; None unless it replies.
    thread = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    # See conversations.digest. The salt goes with the text; commitment and digest stay.
    salt = models.CharField(max_length=32, blank=True)
    commitment = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    objects = EventQuerySet.as_manager()

    # Whom a message that is about to be stored names; see conversations.mentions.
    named: Any = None

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "sequence"], name="event_sequence_unique"),
            models.UniqueConstraint(fields=["conversation", "author", "message_id"], name="event_message_id_unique"),
        ]
        indexes = [
            # Messages in order; with author and deletion in it, unread counts never look at the rows themselves. They
            # are no part of its key, or PostgreSQL finds a repeated message_id by all that its author has said there.
            CoveringIndex(
                fields=["conversation", "sequence"],
                include=["author", "deleted_at"],
                condition=Q(message_id__isnull=False),
                name="event_said",
            ),
            models.Index(fields=["created_at"], condition=Q(message_id__isnull=False), name="event_said_at"),
            models.Index(fields=["thread", "sequence"], condition=Q(thread__isnull=False), name="event_thread"),
            models.Index(fields=["target"], condition=Q(target__isnull=False), name="event_target"),
        ]
        ordering = ["conversation", "sequence"]
        # Seeing that something was said is one right of the staff, reading it another.
        permissions = [("view_message_content", "Can read what was said")]

    def __str__(self) -> str:
        return f"{self.type} {self.sequence}"

    @property
    def is_message(self) -> bool:
        """Whether somebody said something with it."""
        return self.message_id is not None
