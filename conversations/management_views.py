"""Pages that run a conversation: invitations, participants, settings. The policy allows each control that is shown."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from conversations import controls, policy, presentation, selectors
from conversations.management_forms import MUTES, InvitationForm, MuteForm, RoleForm, SettingsForm, SwitchForm
from conversations.models import Invitation, Membership
from conversations.policy import Action
from conversations.services import invitations, memberships, moderation
from conversations.services.conversations import conversation_update
from participants.errors import ChatError, InvalidInput
from participants.forms import show_refusal
from participants.views import SignedInPage, refused

ROWS = 50


class ManagementPage(SignedInPage):
    """What these pages share."""

    def membership(self, conversation_id: UUID, action: Action = Action.READ) -> Membership:
        """The viewer's membership; raises NotFound, Forbidden."""
        return selectors.get_membership_for(self.participant, conversation_id, action)

    def render(self, membership: Membership, template: str, **context: Any) -> HttpResponse:
        """A page about the conversation, with the ways to the others."""
        conversation = membership.conversation
        context |= {"conversation": conversation, "may": controls.of_conversation(membership.situation(conversation))}
        return render(self.request, f"conversations/{template}.html", context)


class InvitationsView(ManagementPage):
    """Invitations: those in force, and a form for a new one."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """The page."""
        return self.show(self.membership(conversation_id, Action.INVITE))

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Make one and show its link, this once."""
        membership = self.membership(conversation_id, Action.INVITE)
        form = InvitationForm(request.POST, roles=self.roles(membership))
        if not form.is_valid():
            return self.show(membership, form)
        try:
            made, token = invitations.invitation_create(
                actor=self.participant, conversation_id=conversation_id, **form.cleaned_data
            )
        except ChatError as error:
            show_refusal(form, error)
            return refused(self.show(membership, form), error)
        return self.show(membership, made=presentation.invitation_object(made, token=token))

    def roles(self, membership: Membership) -> list[policy.Standing]:
        """Those that the viewer may invite as."""
        return controls.assignable_roles(Action.INVITE, membership.situation(membership.conversation))

    def show(self, membership: Membership, form: InvitationForm | None = None, **context: Any) -> HttpResponse:
        """The page with a form: one query."""
        rows = Invitation.objects.shown_to(membership, membership.conversation).select_related("inviter")
        form = form or InvitationForm(roles=self.roles(membership))
        return self.render(membership, "invitations", form=form, invitations=rows, **context)


class InvitationRevokeView(ManagementPage):
    """The end of an invitation."""

    def get(self, request: HttpRequest, conversation_id: UUID, invitation_id: UUID) -> HttpResponse:
        """Looking at the address ends nothing."""
        return redirect("conversation-invitations", conversation_id)

    def post(self, request: HttpRequest, conversation_id: UUID, invitation_id: UUID) -> HttpResponse:
        """End it; ended already is fine."""
        invitations.invitation_revoke(
            actor=self.participant, conversation_id=conversation_id, invitation_id=invitation_id
        )
        return redirect("conversation-invitations", conversation_id)


class ParticipantsView(ManagementPage):
    """Who is in, as what, and what the viewer may do about it."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """The page."""
        return self.show(conversation_id)

    def show(self, conversation_id: UUID, **context: Any) -> HttpResponse:
        """The page: four queries however many there are."""
        viewer = self.membership(conversation_id)
        situation = viewer.situation(viewer.conversation)
        rows = Membership.objects.filter(conversation=viewer.conversation).select_related("participant")
        page = Paginator(rows.order_by("joined_sequence"), ROWS).get_page(self.request.GET.get("page"))
        can_ban = policy.is_allowed(Action.BAN, situation)
        return self.render(
            viewer,
            "participants",
            page=page,
            members=[controls.member_row(member, viewer, situation) for member in page],
            bans=controls.bans_of(viewer.conversation) if can_ban else [],
            durations=MUTES,
            **context,
        )


class ParticipantView(ParticipantsView):
    """Something done to one participant: the last part of the address says what."""

    def get(self, request: HttpRequest, conversation_id: UUID, **kwargs: Any) -> HttpResponse:
        """Looking at the address does nothing."""
        return redirect("conversation-participants", conversation_id)

    def post(self, request: HttpRequest, conversation_id: UUID, participant_id: UUID, deed: str) -> HttpResponse:
        """Do it and show who is in; a refusal is shown above the same list."""
        about = {"actor": self.participant, "conversation_id": conversation_id, "participant_id": participant_id}
        try:
            DEEDS[deed](request, about)
        except ChatError as error:
            return refused(self.show(conversation_id, refusal=error), error)
        return redirect("conversation-participants", conversation_id)


def change_role(request: HttpRequest, about: dict[str, Any]) -> None:
    """Another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Choose a role from the list.")
    memberships.role_change(**about, role=form.cleaned_data["role"])


def hand_over(request: HttpRequest, about: dict[str, Any]) -> None:
    """The conversation into their hands."""
    memberships.role_change(**about, role=policy.CREATOR_ROLE)


def mute(request: HttpRequest, about: dict[str, Any]) -> None:
    """For a while they only read."""
    form = MuteForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Choose how long from the list.")
    moderation.participant_mute(**about, until=form.until)


DEEDS: dict[str, Callable[[HttpRequest, dict[str, Any]], Any]] = {
    "role": change_role,
    "hand-over": hand_over,
    "mute": mute,
    "unmute": lambda request, about: moderation.mute_lift(**about),
    "remove": lambda request, about: memberships.participant_remove(**about),
    "ban": lambda request, about: moderation.participant_ban(**about),
    "unban": lambda request, about: moderation.ban_lift(**about),
}


class SettingsView(ManagementPage):
    """What a conversation is called and how it works; locking and archiving."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """The page."""
        return self.show(conversation_id)

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Change settings."""
        form = SettingsForm(request.POST)
        if not form.is_valid():
            return self.show(conversation_id, form)
        return self.change(conversation_id, form.cleaned_data, form)

    def change(self, conversation_id: UUID, changes: dict[str, Any], form: SettingsForm | None = None) -> HttpResponse:
        """Store changes and show them; a refusal is shown with what was typed."""
        try:
            conversation_update(actor=self.participant, conversation_id=conversation_id, **changes)
        except ChatError as error:
            if form is None or not error.errors:
                return refused(self.show(conversation_id, form, refusal=error), error)
            show_refusal(form, error)
            return refused(self.show(conversation_id, form), error)
        return redirect("conversation-settings", conversation_id)

    def show(self, conversation_id: UUID, form: SettingsForm | None = None, **context: Any) -> HttpResponse:
        """The page with a form."""
        membership = self.membership(conversation_id)
        form = form or SettingsForm.of(membership.conversation)
        return self.render(membership, "settings", form=form, **context)


class SwitchView(SettingsView):
    """Lock or unlock, archive or open again."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Looking at the address changes nothing."""
        return redirect("conversation-settings", conversation_id)

    def post(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Turn one of them on or off."""
        form = SwitchForm(request.POST)
        if not form.is_valid():
            raise InvalidInput("This page is too old. Go back, reload it, and try again.")
        return self.change(conversation_id, {form.cleaned_data["name"]: form.cleaned_data["value"]})


class StandingView(ManagementPage):
    """What the viewer may do now, for the scripts of a page that is open."""

    def get(self, request: HttpRequest, conversation_id: UUID) -> HttpResponse:
        """Whether they may write, why not, and when that ends by itself; and everything else that they may do."""
        membership = self.membership(conversation_id)
        refusal, ends_at = controls.silence_of(membership)
        writing = {"can_send": refusal is None, "detail": refusal.detail if refusal else None, "ends_at": ends_at}
        return JsonResponse(writing | controls.of_viewer(membership))
