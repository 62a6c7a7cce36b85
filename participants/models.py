"""Participants and what lets them in: sign-ins (a family of tokens or a browser session) and socket tickets."""

import uuid
from typing import Any, NoReturn

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from participants.text import clean_name

DISPLAY_NAME_LENGTH = 80


def validate_display_name(value: str) -> None:
    """Raise Django's ValidationError for a name that cannot be shown."""
    try:
        clean_name(value, maximum=DISPLAY_NAME_LENGTH)
    except ValueError as error:
        raise ValidationError(str(error), code="invalid") from error


class ParticipantManager(BaseUserManager["Participant"]):
    """Makes participants; names are unique whatever their case."""

    def get_by_natural_key(self, username: str | None) -> "Participant":
        """The participant of that username in any case; raises ``Participant.DoesNotExist``."""
        return self.get(username__iexact=username)

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "Participant":
        """Make a participant; without a password nobody can sign in as them."""
        fields.setdefault("display_name", username)
        participant = self.model(username=username, **fields)
        participant.set_password(password)
        participant.save(using=self._db)
        return participant

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "Participant":
        """Make an admin of the whole site."""
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class Participant(AbstractBaseUser, PermissionsMixin):
    """A person, a guest or an AI agent: whoever can take part in a conversation."""

    class Kind(models.TextChoices):
        """What takes part."""

        HUMAN = "human", _("human")
        GUEST = "guest", _("guest")
        AGENT = "agent", _("agent")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        max_length=64,
        validators=[
            RegexValidator(r"\A[A-Za-z0-9][A-Za-z0-9_.-]*\Z", _("Use letters, digits, dots, hyphens and underscores."))
        ],
        help_text=_("Letters, digits, dots, hyphens and underscores; unique whatever the case."),
    )
    display_name = models.CharField(max_length=DISPLAY_NAME_LENGTH, validators=[validate_display_name])
    email = models.EmailField(blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.HUMAN)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    # Rises with each new password, however it is set; sign-ins made under an older one are dead.
    token_version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ParticipantManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="participant_username_unique",
                violation_error_message=_("This username is taken."),
                violation_error_code="unique",
            )
        ]
        ordering = ["username"]

    def __str__(self) -> str:
        return self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store; display names are normalised (NFKC, no control characters) on every way in."""
        self.display_name = clean_name(self.display_name or self.username, maximum=DISPLAY_NAME_LENGTH)
        super().save(*args, **kwargs)

    def set_password(self, raw_password: str | None) -> None:
        """Set a password; every sign-in made before ends."""
        super().set_password(raw_password)
        self.token_version += 1

    @property
    def is_person(self) -> bool:
        """Whether a human sits behind it (guests are people too)."""
        return self.kind != self.Kind.AGENT

    @property
    def is_human(self) -> bool:
        """Whether it is a person with an account, who can come back and be responsible."""
        return self.kind == self.Kind.HUMAN


class SignInQuerySet(models.QuerySet["SignIn"]):
    """Reads of sign-ins."""

    def live(self) -> "SignInQuerySet":
        """Those that still let their participant in: not ended, not expired, no new password, account active."""
        return self.filter(
            ended_at=None,
            expires_at__gt=timezone.now(),
            token_version=models.F("participant__token_version"),
            participant__is_active=True,
        ).select_related("participant")


class SignIn(models.Model):
    """One sign-in of one participant: a family of tokens, or a browser session. Ending it ends all that came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="sign_ins")
    token_version = models.PositiveIntegerField()
    # The one refresh token of the family that is still good; another one of the family was used already.
    refresh_jti = models.CharField(max_length=32, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        ordering = ["-used_at"]

    def __str__(self) -> str:
        return f"{self.participant_id} since {self.created_at:%Y-%m-%d}"


class LimitBucket(models.Model):
    """A limit that guards accounts, counted here while Redis is away (see :mod:`participants.limits`)."""

    key = models.CharField(max_length=200, primary_key=True)
    full_at = models.FloatField()

    def __str__(self) -> str:
        return self.key


class CacheEntry(models.Model):
    """What Django's cache keeps, as its database backend wants it: the codes that were used, allauth's own limits."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key


class AuditIsAppendOnly(RuntimeError):
    """Somebody tried to change the audit log other than through :mod:`participants.audit.retention`."""


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Reads of the audit log. It cannot be updated or deleted through a queryset, nor by SQL (see migration 0002)."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused."""
        raise AuditIsAppendOnly("The audit log is append-only.")

    def delete(self) -> NoReturn:
        """Refused."""
        raise AuditIsAppendOnly("The audit log is append-only.")


class AuditEvent(models.Model):
    """That somebody did something, or was refused it. Ids only and no foreign keys: it outlives what it is about."""

    OK, REFUSED = "ok", "refused"

    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=32)
    actor = models.UUIDField(null=True)
    target_kind = models.CharField(max_length=32, blank=True)
    target = models.UUIDField(null=True)
    conversation = models.UUIDField(null=True)
    result = models.CharField(max_length=8, default=OK)
    address = models.CharField(max_length=49, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["action", "at"], name="audit_by_action"),
            models.Index(fields=["actor", "at"], name="audit_by_actor"),
            models.Index(fields=["target", "at"], name="audit_by_target"),
            models.Index(fields=["conversation", "at"], name="audit_by_conversation"),
        ]
        ordering = ["-at", "-id"]
        verbose_name = _("audit event")

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M:%S}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store a new row; raises AuditIsAppendOnly for one that is there."""
        if not self._state.adding:
            raise AuditIsAppendOnly("The audit log is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused."""
        raise AuditIsAppendOnly("The audit log is append-only.")


class Ticket(models.Model):
    """A single-use key for opening one socket; only its hash is stored."""

    digest = models.CharField(max_length=64, primary_key=True)
    sign_in = models.ForeignKey(SignIn, on_delete=models.CASCADE, related_name="tickets")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"ticket of {self.sign_in_id}"
