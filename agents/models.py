"""Agents, where they are, what they are doing, and what it may cost."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agents.lifecycle import ENDS, Status
from conversations.models import Conversation
from participants.models import Participant

OPEN = (str(Status.QUEUED), str(Status.RUNNING))  # of a run that has not ended
INSTRUCTIONS_LENGTH = 20_000
_ENVIRONMENT_NAME = RegexValidator(r"\A[A-Z][A-Z0-9_]*\Z", _("Name an environment variable: LIKE_THIS."))


class Trigger(models.TextChoices):
    """What makes an agent answer."""

    MENTION = "mention", _("when it is mentioned")
    ALWAYS = "always", _("every message of a person")
    MANUAL = "manual", _("only when somebody starts a run")


def validate_names(value: Any) -> None:
    """Raise Django's ValidationError for what is not a list of names."""
    if not isinstance(value, list) or not all(isinstance(name, str) and 0 < len(name) <= 100 for name in value):
        raise ValidationError(_("Give a list of names."), code="invalid")


class McpServer(models.Model):
    """A server of tools: a program on this machine (``stdio``) or an address (``http``).

    ``tools`` are those that agents may use, all of them if it is empty. Keys are read from the environment:
    ``environment`` are the names of the variables that a program gets, ``token_variable`` is the one that holds the
    bearer token of an address.
    """

    class Transport(models.TextChoices):
        """How it is reached."""

        STDIO = "stdio", _("a program on this machine")
        HTTP = "http", _("an address (streamable HTTP)")

    name = models.CharField(max_length=40, unique=True, validators=[RegexValidator(r"\A[a-z][a-z0-9_]*\Z")])
    transport = models.CharField(max_length=5, choices=Transport.choices, default=Transport.STDIO)
    command = models.CharField(max_length=500, blank=True)
    arguments = models.JSONField(default=list, blank=True)
    environment = models.JSONField(default=list, blank=True, validators=[validate_names])
    url = models.URLField(max_length=500, blank=True)
    token_variable = models.CharField(max_length=100, blank=True, validators=[_ENVIRONMENT_NAME])
    tools = models.JSONField(default=list, blank=True, validators=[validate_names])
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("MCP server")

    def __str__(self) -> str:
        return self.name


class Agent(models.Model):
    """An AI participant: what it is called is in its participant, whose id is its id.

    ``model`` is the provider's name of a model; with the provider ``function`` it is the dotted path of a callable.
    ``tools`` are names of built-in tools. The key of a provider is in the environment, under ``api_key_variable``.
    """

    participant = models.OneToOneField(
        Participant,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="agent",
        limit_choices_to={"kind": "agent"},
    )
    description = models.CharField(max_length=300, blank=True)
    provider = models.CharField(max_length=40, default="builtin")
    model = models.CharField(max_length=200, blank=True)
    base_url = models.URLField(max_length=500, blank=True)
    api_key_variable = models.CharField(max_length=100, blank=True, validators=[_ENVIRONMENT_NAME])
    instructions = models.TextField(max_length=INSTRUCTIONS_LENGTH, blank=True)
    tools = models.JSONField(default=list, blank=True, validators=[validate_names])
    mcp_servers = models.ManyToManyField(McpServer, blank=True, related_name="agents")
    trigger = models.CharField(max_length=7, choices=Trigger.choices, default=Trigger.MENTION)
    # Of one run. The ceilings are the contract's.
    run_seconds = models.PositiveIntegerField(default=120, validators=[MinValueValidator(1), MaxValueValidator(120)])
    tool_seconds = models.PositiveIntegerField(default=10, validators=[MinValueValidator(1), MaxValueValidator(10)])
    max_steps = models.PositiveIntegerField(default=20, validators=[MinValueValidator(1), MaxValueValidator(20)])
    max_tokens = models.PositiveIntegerField(default=8_000, help_text=_("Reserved before a run, settled after it."))
    context_lines = models.PositiveIntegerField(default=30, validators=[MinValueValidator(1), MaxValueValidator(300)])
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["participant__username"]

    def __str__(self) -> str:
        return self.participant.username


class AgentPlacement(models.Model):
    """What is different about an agent in one conversation; whether it is in it is its membership, as with anyone."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="placements")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    trigger = models.CharField(max_length=7, choices=Trigger.choices, blank=True)
    instructions = models.TextField(max_length=INSTRUCTIONS_LENGTH, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "conversation"], name="agent_placement_unique")]

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.conversation_id}"


class AgentRun(models.Model):
    """One answer of one agent, from the question to its end. :mod:`agents.lifecycle` says what may happen to it.

    While it runs it is its worker's, until ``lease_until``; ``attempt`` rises with every claim, and whoever writes
    with an older one is refused: a process that was thought dead changes nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="runs")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    trigger_sequence = models.PositiveBigIntegerField(null=True, blank=True)
    requested_by = models.ForeignKey(Participant, on_delete=models.SET_NULL, null=True, related_name="+")
    depth = models.PositiveSmallIntegerField(default=1)  # 1: a person asked; 2: an agent that a person asked …
    status = models.CharField(max_length=9, choices=[(str(s), str(s)) for s in Status], default=str(Status.QUEUED))
    attempt = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    model = models.CharField(max_length=200, blank=True)
    tokens = models.PositiveIntegerField(null=True, blank=True)
    reserved_tokens = models.PositiveIntegerField(default=0)
    response_time_ms = models.PositiveIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    context = models.JSONField(default=dict, blank=True)  # {first, last, count, cut}: what of the log it was shown

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "conversation"],
                condition=Q(status=str(Status.RUNNING)),
                name="agent_run_one_at_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "created_at"],
                condition=Q(status__in=[str(Status.QUEUED), str(Status.RUNNING)]),
                name="agent_run_open",
            ),
            models.Index(fields=["conversation", "-created_at"], name="agent_run_by_conversation"),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def has_ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return Status(self.status) in ENDS


class AgentRunStep(models.Model):
    """That a run has an entry in the log: which one, and under which key it is there once."""

    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=32)  # the type of the entry
    key = models.CharField(max_length=100, blank=True)  # the call's id, what a thought is told by
    sequence = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind", "key"], name="agent_run_step_unique")]
        ordering = ["sequence"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.sequence}"


class AgentRunText(models.Model):
    """A piece of the text so far of a run; ``offset`` in code points. Kept until the run ends."""

    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="texts")
    offset = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "offset"], name="agent_run_text_unique")]
        ordering = ["offset"]

    def __str__(self) -> str:
        return f"text of {self.run_id} from {self.offset}"


class Scope(models.TextChoices):
    """Whose tokens are counted."""

    SITE = "site", _("everybody together")
    CONVERSATION = "conversation", _("a conversation")
    PARTICIPANT = "participant", _("who asks")


class TokenBudget(models.Model):
    """How many tokens a day may cost: of one conversation or participant, or of all that have no line of their own."""

    scope = models.CharField(max_length=12, choices=Scope.choices)
    target = models.UUIDField(null=True, blank=True, help_text=_("Empty: all without a budget of their own."))
    tokens_a_day = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "target"], name="token_budget_unique"),
            models.UniqueConstraint(fields=["scope"], condition=Q(target=None), name="token_budget_default_unique"),
        ]
        ordering = ["scope", "target"]

    def __str__(self) -> str:
        return f"{self.scope} {self.target or ''}".strip()


class TokenUse(models.Model):
    """What a day has cost so far, and what runs that have not ended may still cost."""

    scope = models.CharField(max_length=12, choices=Scope.choices)
    target = models.UUIDField()  # the zero UUID for the site
    day = models.DateField()
    used = models.PositiveBigIntegerField(default=0)
    reserved = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "target", "day"], name="token_use_unique")]
        ordering = ["-day", "scope"]

    def __str__(self) -> str:
        return f"{self.scope} {self.day}"
