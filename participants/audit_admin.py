"""The audit log for the staff of the site: to be looked at, filtered and taken away."""

import csv
import io
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils.translation import gettext_lazy as _

from participants import audit
from participants.audit import Action
from participants.encoding import encode
from participants.models import AuditEvent, Participant
from participants.streaming import streamed

COLUMNS = (
    "id", "at", "action", "result", "actor", "target_kind", "target", "conversation", "address", "request_id", "data",
)  # fmt: skip
FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
PAGE = 1_000


class ActionFilter(admin.SimpleListFilter):
    """By what was done."""

    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The whole catalogue."""
        return [(action.value, action.value) for action in Action]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Rows of the chosen action."""
        return queryset.filter(action=self.value()) if self.value() else queryset


class ResultFilter(admin.SimpleListFilter):
    """By whether it was done."""

    title = _("result")
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Done or refused."""
        return [(AuditEvent.OK, _("done")), (AuditEvent.REFUSED, _("refused"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Rows of the chosen result."""
        return queryset.filter(result=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(admin.ModelAdmin):
    """Rows that nobody can add, change or delete."""

    list_display = ("at", "action", "result", "actor", "target_kind", "target", "conversation", "address")
    list_filter = (ActionFilter, ResultFilter)
    search_fields = ("actor",)
    search_help_text = _("The id of a participant, conversation, sign-in, invitation or entry; or of a request")
    date_hierarchy = "at"
    ordering = ("-at", "-id")
    show_full_result_count = False
    fields = (*COLUMNS, "meaning")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        """Nobody."""
        return False

    @admin.display(description=_("meaning"))
    def meaning(self, event: AuditEvent) -> str:
        """What the catalogue says of the action."""
        return next((action.label for action in Action if action.value == event.action), "")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """By an id, whatever it is the id of."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(request_id=term)
        try:
            key = UUID(term)
        except ValueError:
            return queryset.filter(found), False
        return queryset.filter(found | Q(actor=key) | Q(target=key) | Q(conversation=key)), False

    # --- export -------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        """With the export."""
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/<str:form>", view, name="participants_auditevent_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The rows that the filters of the address choose, as CSV or JSON lines, newest first."""
        if form not in FORMATS or not self.has_view_permission(request):
            raise PermissionDenied
        chosen = self.get_changelist_instance(request).get_queryset(request)
        audit.record(Action.AUDIT_EXPORTED, actor=cast(Participant, request.user), format=form)
        return streamed(pages(chosen, form), FORMATS[form], f"audit.{form}")


def pages(rows: QuerySet[AuditEvent], form: str) -> Iterator[bytes]:
    """The text, a thousand rows a query: none of them holds the database for long."""
    if form == "csv":
        yield ",".join(COLUMNS).encode() + b"\r\n"
    last = None
    rows = rows.order_by("-id")
    while page := list((rows if last is None else rows.filter(id__lt=last)).values(*COLUMNS)[:PAGE]):
        yield b"".join(map(as_csv if form == "csv" else as_json, page))
        last = page[-1]["id"]


def as_json(row: dict[str, Any]) -> bytes:
    """One line."""
    return encode(row) + b"\n"


def as_csv(row: dict[str, Any]) -> bytes:
    """One line; all of it ids, codes and times, so nothing that a spreadsheet would run."""
    text = io.StringIO()
    csv.writer(text).writerow([encode(row[name]).decode() if name == "data" else row[name] for name in COLUMNS])
    return text.getvalue().encode()
