"""The page of the log."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from conversations.admin.through import as_uuid, staff
from conversations.models import Event
from participants import audit


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """The log, to be looked at. What was said is shown to who may read it, and that they did is noted."""

    list_display = ("sequence", "type", "conversation", "author", "subject", "created_at")
    list_filter = ("type",)
    date_hierarchy = "created_at"
    list_select_related = ("conversation", "author", "subject")
    ordering = ("-conversation", "-sequence")  # backwards along the index that keeps the numbers unique
    show_full_result_count = False
    search_fields = ("conversation",)
    search_help_text = _("The id of a conversation, or of a message")
    envelope = ("id", "conversation", "sequence", "type", "author", "subject", "created_at")
    of_messages = ("message_id", "reply_to", "edited_at", "deleted_at")
    content = ("content", "data")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: the log has one writer."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Nobody."""
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only what the filters ask: a question about content in the address would read it letter by letter."""
        return lookup in {"type", "type__exact"}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Everything of a conversation, or one entry; words are not searched for here."""
        if not search_term:
            return queryset, False
        key = as_uuid(search_term)
        return (queryset.none() if key is None else queryset.filter(Q(conversation=key) | Q(pk=key))), False

    def get_fields(self, request: HttpRequest, obj: Event | None = None) -> tuple[str, ...]:
        """Those that the one who asks may see."""
        message = self.of_messages if obj and obj.is_message else ()
        return (*self.envelope, *message, *(self.content if may_read(request) else ()))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """One entry; that somebody read it is noted before they do."""
        entry = context.get("original")
        if entry is not None and may_read(request):
            audit.record(
                audit.Action.CONTENT_VIEWED, actor=staff(request), target=entry, conversation=entry.conversation_id
            )
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response


def may_read(request: HttpRequest) -> bool:
    """Whether the one who asks may read what was said."""
    return bool(request.user.has_perm("conversations.view_message_content"))
