"""The page of an invitation: what it leads to, and as whom one comes in. Open to whoever holds the link."""

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from conversations import selectors
from conversations.models import Invitation, Membership
from conversations.services import invitations
from participants.addresses import of_request
from participants.conf import conf
from participants.errors import ChatError, Conflict
from participants.forms import show_refusal
from participants.models import DISPLAY_NAME_LENGTH
from participants.views import Page, refused


class GuestForm(forms.Form):
    """The name of a guest."""

    display_name = forms.CharField(
        label=_("Your name"), max_length=DISPLAY_NAME_LENGTH, widget=forms.TextInput({"autocomplete": "name"})
    )


class InvitationPage(Page):
    """What an invitation leads to. An unknown one is 404, one that is over 410, as over REST."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The page; members are told that they are in."""
        return self.show(token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Come in as whoever is signed in."""
        if not request.user.is_authenticated:
            return redirect("invitation", token)
        invitation = invitations.find_invitation(token)
        try:
            invitations.invitation_accept(participant=request.user, token=token)
        except Conflict:
            pass
        except ChatError as error:
            return refused(self.show(token, refusal=error), error)
        return redirect("conversation", invitation.conversation_id)

    def show(self, token: str, form: GuestForm | None = None, refusal: ChatError | None = None) -> HttpResponse:
        """The page with a form for guests."""
        invitation = invitations.find_invitation(token)
        context = {
            "token": token,
            "invitation": selectors.invitation_preview(invitation),
            "conversation": invitation.conversation,
            "is_inside": self.is_inside(invitation),
            "registration": conf.registration,
            "form": form or GuestForm(),
            "refusal": refusal,
        }
        return render(self.request, "conversations/invitation.html", context)

    def is_inside(self, invitation: Invitation) -> bool:
        """Whether whoever looks is a member already."""
        user = self.request.user
        rows = Membership.objects.filter(conversation=invitation.conversation)
        return user.is_authenticated and rows.filter(participant=user).exists()


class GuestPage(InvitationPage):
    """Coming in without an account."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Looking at the address lets nobody in."""
        return redirect("invitation", token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Make a guest, sign this browser in as them, and go in."""
        if request.user.is_authenticated:
            return redirect("invitation", token)
        form = GuestForm(request.POST)
        if not form.is_valid():
            return self.show(token, form)
        invitation = invitations.find_invitation(token)
        try:
            guest = invitations.guest_join(token=token, address=of_request(request.META), **form.cleaned_data)
        except ChatError as error:
            show_refusal(form, error)
            return refused(self.show(token, form), error)
        login(request, guest, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("conversation", invitation.conversation_id)
