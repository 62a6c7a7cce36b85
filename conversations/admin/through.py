"""What the pages of this app have in common: changes by services, refusals as messages."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from conversations import log
from participants import audit
from participants.errors import ChatError
from participants.models import Participant


class ThroughServices(admin.ModelAdmin):
    """A page whose changes are made by services: one transaction a form, a refusal as a message on the page."""

    show_full_result_count = False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Add or change; on a POST the database's writer is queued for before anything is read."""
        return self._refusable(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Delete."""
        return self._refusable(request, super().delete_view, *args, **kwargs)

    def _refusable(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with audit.watching("admin_form", actor=staff(request)), log.writing():
                return view(request, *args, **kwargs)
        except ChatError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete several, each by its service."""
        with log.writing():
            for row in queryset:
                self.delete_model(request, row)


def as_uuid(text: str) -> UUID | None:
    """The id that a text is, or None."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def staff(request: HttpRequest) -> Participant:
    """Who asks: the admin lets nobody else this far."""
    return cast(Participant, request.user)
