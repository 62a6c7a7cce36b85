"""The page of all members of all conversations."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from conversations import log
from conversations.admin.inlines import admit, dismiss, exclude, give_role
from conversations.admin.through import ThroughServices, as_uuid, staff
from conversations.models import Membership
from participants import services
from participants.admin import may_act_on


@admin.register(Membership)
class MembershipAdmin(ThroughServices):
    """All members of all conversations."""

    list_display = ("participant", "conversation", "role", "joined_at", "last_read_sequence")
    list_filter = ("role",)
    list_select_related = ("participant", "conversation")
    search_fields = ("participant__username", "conversation__title")
    actions = ("remove", "ban", "sign_out")
    fields = ("conversation", "participant", "role", "joined_at", "joined_sequence", "last_read_sequence")
    readonly_fields = ("joined_at", "joined_sequence", "last_read_sequence")
    autocomplete_fields = ("conversation", "participant")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the id of a conversation or participant, or by words of their names."""
        if (key := as_uuid(search_term)) is not None:
            return queryset.filter(Q(conversation=key) | Q(participant=key)), False
        return super().get_search_results(request, queryset, search_term)

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        """Who is in what never changes; the role does."""
        return ("conversation", "participant", *self.readonly_fields) if obj else self.readonly_fields

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Taking out is an action of our own."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    @admin.action(description=_("Take out of the conversation"), permissions=["delete"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """End the chosen memberships."""
        self._each(request, queryset, dismiss)

    @admin.action(description=_("Ban from the conversation"), permissions=["ban"])
    def ban(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """End the chosen memberships for good."""
        self._each(request, queryset, exclude)

    @admin.action(description=_("Close their sockets and sign them out everywhere"), permissions=["sign_out"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """End all sign-ins of the chosen members; those of staff only superusers end."""
        people = {row.participant for row in queryset.select_related("participant")}
        for participant in people:
            if may_act_on(request, participant):
                services.sign_in_end_others(participant=participant, keep=None, by=staff(request))

    def has_ban_permission(self, request: HttpRequest) -> bool:
        """Who may add bans."""
        return bool(request.user.has_perm("conversations.add_ban"))

    def has_sign_out_permission(self, request: HttpRequest) -> bool:
        """Who may end sign-ins."""
        return bool(request.user.has_perm("participants.change_signin"))

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Membership], act: Callable[[HttpRequest, Membership], None]
    ) -> None:
        rows = list(queryset.select_related("participant").order_by("conversation_id", "pk"))  # as locks are taken
        with log.writing():
            for row in rows:
                act(request, row)
        self.message_user(request, ngettext("%d member.", "%d members.", len(rows)) % len(rows))

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """Bring in, or give another role."""
        (give_role if change else admit)(request, obj)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        """Take out."""
        dismiss(request, obj)
