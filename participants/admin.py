"""Participants and their sign-ins for the staff of the site.

Accounts are deactivated, never deleted: the log goes on naming whoever wrote it. Only superusers touch the accounts of
staff, so that the right to change participants is not the right to become anybody.
"""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from participants import audit, audit_admin, services
from participants.audit import Action
from participants.models import Participant, SignIn

__all__ = ["audit_admin"]  # whose page is registered along with these

FOUND = 302
POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


class NewParticipantForm(AdminUserCreationForm):
    """A new account, with a password or without one."""

    class Meta:
        model = Participant
        fields = ("username", "display_name", "email", "kind")


class ParticipantForm(UserChangeForm):
    """An account as it is; the password by its own form."""

    class Meta:
        model = Participant
        fields = "__all__"


@admin.register(Participant)
class ParticipantAdmin(UserAdmin):
    """Accounts."""

    add_form = NewParticipantForm
    form = ParticipantForm
    list_display = ("username", "display_name", "kind", "is_active", "is_staff", "sign_in_count", "last_seen_at")
    list_filter = ("is_active", "is_staff", "is_superuser", "kind", "created_at")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)
    show_full_result_count = False
    filter_horizontal = ("groups", "user_permissions")
    readonly_fields = ("id", "created_at", "last_login", "last_seen_at")
    actions = ("end_sign_ins", "deactivate")
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active")}),
        (_("Who"), {"fields": ("display_name", "email", "kind", "id")}),
        (_("What they may do here"), {"fields": POWERS}),
        (_("When"), {"fields": ("created_at", "last_login", "last_seen_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "display_name", "email", "kind")}),
        (_("Password"), {"fields": ("usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        """With the number of sign-ins in force, counted for the rows that are shown and no others."""
        live = SignIn.objects.live().filter(participant=OuterRef("pk")).order_by().values("participant")
        counted = Subquery(live.annotate(number=Count("pk")).values("number"))
        return super().get_queryset(request).annotate(live_sign_ins=Coalesce(counted, 0))

    @admin.display(description=_("sign-ins"))
    def sign_in_count(self, participant: Any) -> int:
        """How many are in force."""
        return int(participant.live_sign_ins)

    # --- rights -------------------------------------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Participant | None = None) -> bool:
        """Nobody: see the module."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Participant | None = None) -> bool:
        """Not of staff, unless one is a superuser."""
        return super().has_change_permission(request, obj) and (obj is None or may_act_on(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Participant | None = None) -> tuple[str, ...]:
        """What somebody is never changes; powers are given by superusers."""
        fixed = ("kind",) if obj else ()
        powers = () if is_superuser(request) else POWERS
        return (*super().get_readonly_fields(request, obj), *fixed, *powers)

    # --- changes ------------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Participant, form: Any, change: bool) -> None:
        """Store; whoever is deactivated is signed out everywhere, and their sockets close."""
        super().save_model(request, obj, form, change)
        by, changed = staff(request), set(form.changed_data) if change else set()
        if not change:
            audit.record(Action.ACCOUNT_CREATED, actor=by, target=obj, kind=obj.kind)
        if "is_active" in changed:
            (services.account_activate if obj.is_active else services.account_deactivate)(by=by, participant=obj)
        if "email" in changed:
            audit.record(Action.EMAIL_CHANGED, actor=by, target=obj)
        if powers := changed & {*POWERS}:
            audit.record(Action.POWERS_CHANGED, actor=by, target=obj, fields=powers)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """A password that somebody else sets: whoever is signed in under the old one is out at once."""
        with transaction.atomic():
            response: HttpResponse = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == FOUND:
                participant = Participant.objects.get(pk=id)
                audit.record(Action.PASSWORD_CHANGED, actor=staff(request), target=participant)
                services.sign_in_end_others(participant=participant, keep=None, by=staff(request))
        return response

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def end_sign_ins(self, request: HttpRequest, queryset: QuerySet[Participant]) -> None:
        """End all sign-ins of the chosen ones."""
        chosen = [participant for participant in queryset if may_act_on(request, participant)]
        with transaction.atomic():
            ended = sum(services.sign_in_end_others(participant=each, keep=None, by=staff(request)) for each in chosen)
        self.message_user(request, ngettext("%d sign-in ended.", "%d sign-ins ended.", ended) % ended)

    @admin.action(description=_("Deactivate and sign out"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Participant]) -> None:
        """Close the accounts of the chosen ones."""
        chosen = [p for p in queryset if p.is_active and p.pk != request.user.pk and may_act_on(request, p)]
        with transaction.atomic():
            for participant in chosen:
                services.account_deactivate(by=staff(request), participant=participant)
                self.log_change(request, participant, "Deactivated.")
        count = len(chosen)
        self.message_user(request, ngettext("%d account deactivated.", "%d accounts deactivated.", count) % count)


def staff(request: HttpRequest) -> Participant:
    """Who asks: the admin lets nobody else this far."""
    return cast(Participant, request.user)


def is_superuser(request: HttpRequest) -> bool:
    """Whether the one who asks may do everything."""
    return bool(getattr(request.user, "is_superuser", False))


def may_act_on(request: HttpRequest, participant: Participant) -> bool:
    """Whether the one who asks may change this account at all."""
    return is_superuser(request) or not (participant.is_staff or participant.is_superuser)


class InForce(admin.SimpleListFilter):
    """Sign-ins that still let somebody in, or the others."""

    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SignIn]) -> QuerySet[SignIn]:
        """Those of the choice."""
        live = SignIn.objects.live().order_by().values("pk")
        match self.value():
            case "yes":
                return queryset.filter(pk__in=live)
            case "no":
                return queryset.exclude(pk__in=live)
        return queryset


@admin.register(SignIn)
class SignInAdmin(admin.ModelAdmin):
    """Sign-ins: to be looked at and ended, nothing else."""

    list_display = ("participant", "user_agent", "created_at", "used_at", "expires_at", "ended_at")
    list_filter = (InForce, "created_at")
    list_select_related = ("participant",)
    search_fields = ("participant__username", "participant__display_name", "user_agent")
    show_full_result_count = False
    fields = ("id", "participant", "user_agent", "created_at", "used_at", "expires_at", "ended_at")
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: people sign in themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SignIn | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SignIn | None = None) -> bool:
        """Nobody: that a sign-in was there is kept."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Who may change sign-ins may end them."""
        return bool(request.user.has_perm("participants.change_signin"))

    @admin.action(description=_("End these sign-ins"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[SignIn]) -> None:
        """Their tokens die, their sockets close."""
        rows = list(queryset.select_related("participant"))
        allowed = [row for row in rows if may_act_on(request, row.participant)]
        with transaction.atomic():
            ended = sum(
                services.sign_in_end(participant=row.participant, sign_in_id=row.pk, by=staff(request))
                for row in allowed
            )
        self.message_user(request, ngettext("%d sign-in ended.", "%d sign-ins ended.", ended) % ended)
        if len(allowed) < len(rows):
            self.message_user(request, _("Sign-ins of staff are ended by superusers."), messages.WARNING)
