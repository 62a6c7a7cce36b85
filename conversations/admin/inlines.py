"""What belongs to a conversation, on its page: members, invitations, bans. Changes are made by services."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conversations.admin.through import as_uuid, staff
from conversations.models import Ban, Invitation, Membership
from conversations.policy import Standing
from conversations.services import administration

ROWS_SHOWN = 100


class FirstRows(admin.TabularInline):
    """The first rows of this conversation: a form with thousands of them could not be sent back."""

    related: tuple[str, ...] = ()
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """As many as are shown."""
        conversation = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        rows = super().get_queryset(request).select_related(*self.related)
        if (key := as_uuid(unquote(conversation or ""))) is None:
            return rows.none()
        first = self.model._default_manager.filter(conversation=key).values_list("pk", flat=True)[:ROWS_SHOWN]
        return rows.filter(pk__in=list(first))


class MemberInline(FirstRows):
    """The longest-standing members, to be given another role or taken out."""

    model = Membership
    fields = ("participant", "role", "joined_at", "last_read_sequence")
    readonly_fields = ("participant", "joined_at", "last_read_sequence")
    related = ("participant",)
    verbose_name_plural = _("members (the first hundred; all of them are under memberships)")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Newcomers have a form of their own."""
        return False


class InvitationInline(FirstRows):
    """The newest ways in, to be revoked. New ones are made by members: the token is theirs to see."""

    model = Invitation
    fields = ("role", "inviter", "uses", "max_uses", "allow_guests", "expires_at", "revoked_at")
    readonly_fields = fields
    related = ("inviter",)
    verbose_name_plural = _("invitations (to delete one is to revoke it)")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: see the class."""
        return False


class BanInline(FirstRows):
    """Who cannot come back, to be let in again."""

    model = Ban
    fields = ("participant", "by", "created_at")
    readonly_fields = fields
    related = ("participant", "by")
    verbose_name_plural = _("bans (to delete one is to lift it)")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """New ones have a form of their own."""
        return False


class NewRows(admin.TabularInline):
    """For adding only."""

    autocomplete_fields = ("participant",)
    extra = 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """None of those that are there."""
        return super().get_queryset(request).none()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """See the class."""
        return False

    has_change_permission = has_delete_permission = has_view_permission


class NewMemberInline(NewRows):
    """Whom to bring in."""

    model = Membership
    fields = ("participant", "role")
    verbose_name = _("newcomer")
    verbose_name_plural = _("newcomers")


class NewBanInline(NewRows):
    """Whom to keep out, whether they are in or not."""

    model = Ban
    fields = ("participant",)
    verbose_name = _("new ban")
    verbose_name_plural = _("new bans")


def admit(request: HttpRequest, membership: Membership) -> None:
    """Bring somebody in as a form says."""
    administration.member_admit(
        by=staff(request),
        conversation_id=membership.conversation_id,
        participant=membership.participant,
        role=membership.standing,
    )


def dismiss(request: HttpRequest, membership: Membership) -> None:
    """Take somebody out."""
    administration.member_dismiss(
        by=staff(request),
        conversation_id=membership.conversation_id,
        participant_id=membership.participant_id,
    )


def give_role(request: HttpRequest, membership: Membership) -> None:
    """Give somebody the role that a form says."""
    administration.member_role_change(
        by=staff(request),
        conversation_id=membership.conversation_id,
        participant_id=membership.participant_id,
        role=Standing(membership.role),
    )


def exclude(request: HttpRequest, row: Membership | Ban) -> None:
    """Keep somebody out."""
    administration.participant_ban(
        by=staff(request), conversation_id=row.conversation_id, participant_id=row.participant_id
    )


def let_back(request: HttpRequest, ban: Ban) -> None:
    """Lift a ban."""
    administration.ban_lift(by=staff(request), conversation_id=ban.conversation_id, participant_id=ban.participant_id)


def revoke(request: HttpRequest, invitation: Invitation) -> None:
    """End an invitation."""
    administration.invitation_revoke(
        by=staff(request), conversation_id=invitation.conversation_id, invitation_id=invitation.pk
    )


# What deleting, adding and changing a row of a form mean.
MEANING: dict[type[Model], tuple[Any, Any, Any]] = {
    Membership: (dismiss, admit, give_role),
    Invitation: (revoke, None, None),
    Ban: (let_back, exclude, None),
}


def save_rows(request: HttpRequest, formset: Any) -> None:
    """Carry out what a form says: what goes, what comes, and what changes, in that order."""
    deleting, adding, changing = MEANING[formset.model]
    formset.save(commit=False)
    for row in formset.deleted_objects:
        deleting(request, row)
    for row in formset.new_objects:
        adding(request, row)
    for row, _fields in formset.changed_objects:
        changing(request, row)
