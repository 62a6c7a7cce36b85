"""Pages of agents, their servers of tools, budgets, and runs with their steps."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from agents.models import Agent, AgentPlacement, AgentRun, McpServer, TokenBudget, TokenUse
from conversations.models import Event
from participants.models import Participant

PLAIN_ADDRESSES: dict[Any, dict[str, Any]] = {models.URLField: {"assume_scheme": "http"}}  # mostly of this machine


class LookedAt(admin.ModelAdmin):
    """Rows that only the engine writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class AgentForm(forms.ModelForm):
    """An agent; who it is, is a participant of kind agent that no other agent is."""

    base_url = forms.URLField(max_length=500, required=False, assume_scheme="http")

    class Meta:
        model = Agent
        fields = "__all__"  # noqa: DJ007 - the admin lists its fieldsets

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "participant" in self.fields:
            free = Participant.objects.filter(kind=Participant.Kind.AGENT, agent=None)
            self.fields["participant"].queryset = free  # type: ignore[attr-defined]


class PlacementInline(admin.TabularInline):
    """Where it is something else."""

    model = AgentPlacement
    extra = 0
    raw_id_fields = ("conversation",)


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):
    """Who answers, with what."""

    form = AgentForm
    list_display = ("participant", "provider", "model", "trigger", "is_enabled")
    list_filter = ("provider", "trigger", "is_enabled")
    list_select_related = ("participant",)
    search_fields = ("participant__username", "participant__display_name", "model")
    filter_horizontal = ("mcp_servers",)
    inlines = (PlacementInline,)
    fieldsets = (
        (None, {"fields": ("participant", "description", "is_enabled", "trigger", "instructions")}),
        (_("Model"), {"fields": ("provider", "model", "base_url", "api_key_variable")}),
        (_("Tools"), {"fields": ("tools", "mcp_servers")}),
        (
            _("Limits of a run"),
            {"fields": ("run_seconds", "tool_seconds", "max_steps", "max_tokens", "context_lines")},
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> tuple[str, ...]:
        """Who it is stays."""
        return ("participant",) if obj else ()


@admin.register(McpServer)
class McpServerAdmin(admin.ModelAdmin):
    """Servers of tools."""

    formfield_overrides = PLAIN_ADDRESSES
    list_display = ("name", "transport", "is_enabled")
    list_filter = ("transport", "is_enabled")
    search_fields = ("name",)


@admin.register(TokenBudget)
class TokenBudgetAdmin(admin.ModelAdmin):
    """What a day may cost."""

    list_display = ("scope", "target", "tokens_a_day")
    list_filter = ("scope",)


@admin.register(TokenUse)
class TokenUseAdmin(LookedAt):
    """What days have cost."""

    list_display = ("day", "scope", "target", "used", "reserved")
    list_filter = ("scope",)
    date_hierarchy = "day"


@admin.register(AgentRun)
class AgentRunAdmin(LookedAt):
    """Runs, each with its steps. What was said in them is on the pages of the log, for who may read it."""

    list_display = ("id", "agent", "conversation", "status", "error_code", "tokens", "response_time_ms", "created_at")
    list_filter = ("status", "error_code")
    list_select_related = ("agent__participant", "conversation")
    show_full_result_count = False
    date_hierarchy = "created_at"
    fields = (
        "id", "agent", "conversation", "trigger_sequence", "requested_by", "depth", "status", "error_code",
        "error_detail", "attempt", "worker", "heartbeat_at", "lease_until", "created_at", "started_at", "ended_at",
        "model", "tokens", "response_time_ms", "context", "entries",
    )  # fmt: skip
    readonly_fields = ("entries",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentRun]:
        """With who asked."""
        return super().get_queryset(request).select_related("requested_by")

    @admin.display(description=_("steps"))
    def entries(self, run: AgentRun) -> str:
        """The kinds of its entries, with their numbers and tools."""
        numbers = run.steps.values("sequence")
        rows = Event.objects.filter(conversation=run.conversation_id, sequence__in=numbers).order_by("sequence")
        shown = [(row.sequence, row.type, row.data.get("tool", "")) for row in rows]
        return format_html_join("", "<div>{} {} {}</div>", shown)
