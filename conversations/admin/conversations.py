"""The page of conversations."""

from itertools import islice
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from conversations import log
from conversations.admin.inlines import (
    BanInline,
    InvitationInline,
    MemberInline,
    NewBanInline,
    NewMemberInline,
    save_rows,
)
from conversations.admin.through import ThroughServices, as_uuid, staff
from conversations.conf import conf
from conversations.models import Conversation
from conversations.services import administration, conversations
from conversations.verification import faults_of
from participants.errors import ChatError
from participants.services import own_password_check

FAULTS_SHOWN = 5
NEW = ("title", "description", "visibility", "history", "max_participants")


class ConversationForm(forms.ModelForm):
    """What staff may change of a conversation."""

    archived = forms.BooleanField(label=_("Archived"), required=False, help_text=_("Can be read, not changed."))

    class Meta:
        model = Conversation
        fields = (
            "title",
            "description",
            "visibility",
            "history",
            "max_participants",
            "locked",
            "slow_mode_s",
            "retention_days",
        )
        labels = {"slow_mode_s": _("Slow mode (seconds between messages)")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["archived"] = self.instance.archived_at is not None

    def clean_max_participants(self) -> int:
        """Within the ceiling."""
        number = int(self.cleaned_data["max_participants"])
        if not 1 <= number <= conf.participants_ceiling:
            raise forms.ValidationError(_("Choose a number from 1 to %d.") % conf.participants_ceiling)
        return number


class AnnouncementForm(ActionForm):
    """Beside the choice of an action: the words of an announcement."""

    announcement = forms.CharField(label=_("Announcement:"), required=False)


@admin.register(Conversation)
class ConversationAdmin(ThroughServices):
    """Conversations."""

    form = ConversationForm
    inlines = (MemberInline, NewMemberInline, InvitationInline, BanInline, NewBanInline)
    actions = ("archive", "unarchive", "lock", "unlock", "verify", "announce")
    action_form = AnnouncementForm
    list_display = ("title", "visibility", "members", "last_sequence", "is_archived", "locked", "active_at")
    list_filter = ("visibility", ("archived_at", admin.EmptyFieldListFilter), "locked", "history")
    search_fields = ("title", "description")
    date_hierarchy = "active_at"
    ordering = ("-active_at", "id")
    readonly_fields = ("id", "created_at", "updated_at", "active_at", "first_sequence", "last_sequence", "metadata")
    fieldsets = (
        (None, {"fields": NEW}),
        (_("Who may write"), {"fields": ("locked", "slow_mode_s", "archived")}),
        (_("What is kept"), {"fields": ("retention_days", "first_sequence", "last_sequence")}),
        (_("Else"), {"fields": ("id", "metadata", "created_at", "updated_at", "active_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        """With the number of members, counted for the rows that are shown."""
        rows: QuerySet[Conversation] = Conversation.objects.with_counts()
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By id, or by words of title and description."""
        if (key := as_uuid(search_term)) is not None:
            return queryset.filter(pk=key), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("members"))
    def members(self, conversation: Any) -> str:
        """How many, and the way to all of them."""
        address = reverse(f"{self.admin_site.name}:conversations_membership_changelist")
        return format_html('<a href="{}?q={}">{}</a>', address, conversation.pk, conversation.member_count)

    @admin.display(description=_("archived"), boolean=True, ordering="archived_at")
    def is_archived(self, conversation: Conversation) -> bool:
        """Whether it can only be read."""
        return conversation.archived_at is not None

    # --- forms --------------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Conversation | None = None) -> Any:
        """A new one is described, and no more."""
        if obj is None:
            return ((None, {"fields": NEW}),)
        return self.fieldsets if self.has_change_permission(request, obj) else without_archived(self.fieldsets)

    def get_inlines(self, request: HttpRequest, obj: Conversation | None) -> Any:
        """Members come in once the conversation is there."""
        return self.inlines if obj else ()

    # --- changes ------------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Conversation, form: Any, change: bool) -> None:
        """Make a conversation, owned by whoever makes it; or change what the form changed, and nothing else."""
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            administration.settings_change(by=staff(request), conversation_id=obj.pk, **changes)
        else:
            fields = {name: form.cleaned_data[name] for name in NEW}
            conversations.conversation_create(creator=staff(request), id=obj.pk, **fields)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Members, invitations and bans."""
        save_rows(request, formset)

    @admin.action(description=_("Archive"), permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """The chosen ones can be read only."""
        self._change(request, queryset, archived=True)

    @admin.action(description=_("Take out of the archive"), permissions=["change"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """The chosen ones take messages again."""
        self._change(request, queryset, archived=False)

    @admin.action(description=_("Lock"), permissions=["change"])
    def lock(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """Only moderators write in the chosen ones."""
        self._change(request, queryset, locked=True)

    @admin.action(description=_("Unlock"), permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """Everybody writes in the chosen ones again."""
        self._change(request, queryset, locked=False)

    @admin.action(description=_("Announce to everybody in them"), permissions=["change"])
    def announce(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """Say something in the chosen ones as the site; archived ones are left out. Each is told on its own."""
        keys = list(queryset.filter(archived_at=None).order_by("pk").values_list("pk", flat=True))
        told = 0
        try:
            for key in keys:
                content = request.POST.get("announcement", "")
                administration.announcement_send(by=staff(request), conversation_id=key, content=content)
                told += 1
        except ChatError as error:
            self.message_user(request, error.detail, messages.ERROR)
        self.message_user(request, ngettext("%d conversation told.", "%d conversations told.", told) % told)

    @admin.action(description=_("Check the log"), permissions=["view"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        """Whether the logs of the chosen ones add up; the first faults of each are shown."""
        for conversation in queryset:
            faults = list(islice(faults_of(conversation), FAULTS_SHOWN))
            if faults:
                self.message_user(request, f"{conversation}: {'; '.join(faults)}", messages.ERROR)
            else:
                self.message_user(request, _("%s: the log adds up.") % conversation)

    def _change(self, request: HttpRequest, queryset: QuerySet[Conversation], **fields: bool) -> None:
        chosen = sorted(row.pk for row in queryset)  # as locks are taken
        with log.writing():
            for key in chosen:
                administration.settings_change(by=staff(request), conversation_id=key, **fields)
        count = len(chosen)
        self.message_user(request, ngettext("%d conversation changed.", "%d conversations changed.", count) % count)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without deleting several at once: that takes a password, one by one."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Delete, with one's own password: an open session is not enough for what nothing brings back."""
        if request.method == "POST" and self.has_delete_permission(request):
            try:
                own_password_check(participant=staff(request), password=request.POST.get("password", ""))
            except ChatError as error:
                self.message_user(request, error.detail, messages.ERROR)
                return HttpResponseRedirect(request.get_full_path())
        response: HttpResponse = super().delete_view(request, *args, **kwargs)
        return response

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        """Delete it with its log; its sockets are told."""
        administration.conversation_erase(by=staff(request), conversation_id=obj.pk)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[str], list[Any]]:
        """What goes: counted, not listed one by one."""
        rows = list(objs)
        lines = [f"{row.title}: {row.last_sequence} entries, {row.memberships.count()} members" for row in rows]
        missing = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return lines, {self.opts.verbose_name_plural: len(rows)}, missing, []


def without_archived(fieldsets: Any) -> Any:
    """The same without the one field that is the form's own, which only a form can show."""
    return tuple(
        (
            title,
            options | {"fields": tuple("archived_at" if name == "archived" else name for name in options["fields"])},
        )
        for title, options in fieldsets
    )
