"""Pages about one's own account: profile, sign-ins, and for guests the way to a full account."""

from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from participants import mail_addresses, services
from participants.account_forms import NewAccountForm, ProfileForm
from participants.errors import ChatError, Forbidden
from participants.forms import show_refusal
from participants.models import Participant, SignIn
from participants.views import SignedInPage, refused

BACKEND = settings.AUTHENTICATION_BACKENDS[0]
SIGN_INS_SHOWN = 50


class AccountView(SignedInPage):
    """Who one is here, and where one is signed in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self.show(ProfileForm(initial={"display_name": self.participant.display_name}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change the profile."""
        form = ProfileForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            services.profile_update(participant=self.participant, **form.cleaned_data)
        except ChatError as error:
            show_refusal(form, error)
            return refused(self.show(form), error)
        messages.success(request, _("Your profile is saved."))
        return redirect("account")

    def show(self, form: ProfileForm) -> HttpResponse:
        """The page with a form."""
        context = {
            "form": form,
            "is_guest": self.participant.kind == Participant.Kind.GUEST,
            "address": mail_addresses.address_of(self.participant),
            "has_second_factor": is_mfa_enabled(self.participant),
            "providers": settings.SIGN_IN_PROVIDERS.apps,
            "current": self.request.session.get(services.SIGN_IN_SESSION_KEY),
            "sign_ins": SignIn.objects.live().filter(participant=self.participant)[:SIGN_INS_SHOWN],
        }
        return render(self.request, "account/overview.html", context)


class SignInEndView(SignedInPage):
    """The end of one of one's own sign-ins."""

    def get(self, request: HttpRequest, sign_in_id: UUID) -> HttpResponse:
        """Looking at the address ends nothing."""
        return redirect("account")

    def post(self, request: HttpRequest, sign_in_id: UUID) -> HttpResponse:
        """End it; ended already is fine."""
        services.sign_in_end(participant=self.participant, sign_in_id=sign_in_id)
        return redirect("account")


class SignInEndOthersView(SignedInPage):
    """The end of all one's sign-ins but this one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Looking at the address ends nothing."""
        return redirect("account")

    def post(self, request: HttpRequest) -> HttpResponse:
        """End them."""
        key = request.session.get(services.SIGN_IN_SESSION_KEY)
        services.sign_in_end_others(participant=self.participant, keep=key)
        return redirect("account")


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class UpgradeView(SignedInPage):
    """From guest to full account, with everything that is theirs."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        if self.participant.kind != Participant.Kind.GUEST:
            raise Forbidden("You have an account already.", code="not_a_guest")
        return self.show(NewAccountForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it, and stay signed in."""
        form = NewAccountForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        guest = Participant.objects.get(pk=self.participant.pk)
        try:
            participant = services.guest_upgrade(guest=guest, **form.cleaned_data)
        except ChatError as error:
            show_refusal(form, error)
            return refused(self.show(form), error)
        login(request, participant, backend=BACKEND)
        record_authentication(request, participant, method="password", username=participant.username)
        messages.success(request, _("You have an account now. Everything that was yours still is."))
        return redirect("account")

    def show(self, form: NewAccountForm) -> HttpResponse:
        """The page with a form."""
        return render(self.request, "account/upgrade.html", {"form": form})
