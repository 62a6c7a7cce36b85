"""Pages about who one is. A view parses, calls one service and shows the outcome, or the refusal, to a person."""

from typing import Any, cast

from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.flows.login import perform_password_login, record_authentication
from allauth.account.internal.flows.signup import complete_signup
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.account.views import LoginView
from allauth.core.exceptions import ImmediateHttpResponse
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from participants import mail_addresses
from participants.account_forms import SignInForm
from participants.addresses import of_request
from participants.conf import conf
from participants.errors import ChatError, Forbidden
from participants.forms import SignUpForm, show_refusal
from participants.models import Participant
from participants.problems import request_id
from participants.services import participant_register

# Text becomes markup in static/js/html.js alone. Not for the admin and the pages of the API, whose scripts are others'.
TRUSTED_TYPES = {"require-trusted-types-for": ["'script'"], "trusted-types": ["chat-html"]}


def refused(response: HttpResponse, error: ChatError) -> HttpResponse:
    """The response with the status, and the time to wait, of a refusal."""
    response.status_code = error.http_status
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


class Page(View):
    """A page: what is refused without an answer of its own becomes the error page."""

    @method_decorator(csp_update(TRUSTED_TYPES))
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Run the view; a ChatError ends as a page that says what happened."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except ChatError as error:
            context = {"error": error, "request_id": request_id(), "sidebar": None}  # which takes a database
            return refused(render(request, "error.html", context), error)


class SignedInPage(LoginRequiredMixin, Page):
    """A page for participants; anybody else signs in first and comes back."""

    @property
    def participant(self) -> Participant:
        """Who is signed in."""
        return cast(Participant, self.request.user)


class HomeView(View):
    """The address of the site."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """On to the conversations, or to sign in."""
        return redirect(settings.LOGIN_REDIRECT_URL if request.user.is_authenticated else settings.LOGIN_URL)


class SignInView(LoginView):
    """Sign in with username and password (and a second factor, if one is on), then go where one wanted to go."""

    template_name = "participants/sign_in.html"

    def get_form_class(self) -> type[SignInForm]:
        """Ours: it asks the service that the API asks."""
        return SignInForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """With the address that asks, for the limits."""
        kwargs = super().get_form_kwargs()
        del kwargs["request"]
        return kwargs | {"address": of_request(self.request.META)}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the password; a lock or a limit is shown above the form."""
        form = self.get_form()
        try:
            return self.form_valid(form) if form.is_valid() else self.form_invalid(form)
        except ChatError as error:
            blank = SignInForm(initial={"username": request.POST.get("username", "")}, address="")
            return refused(self.render_to_response(self.get_context_data(form=blank, refusal=error)), error)

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """On through what else a sign-in takes here."""
        participant = cast(Participant, form.participant)  # a valid form has one
        # Who has no address was made by somebody who answers for them; allauth would wait for one for ever.
        address = None if mail_addresses.address_of(participant) else EmailVerificationMethod.NONE
        sign_in = Login(user=participant, redirect_url=self.get_success_url(), email_verification=address)
        try:
            return perform_password_login(self.request, {"username": participant.username}, sign_in)
        except ImmediateHttpResponse as instead:
            return instead.response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With whether strangers may make an account, and where they want to go."""
        context = super().get_context_data(**kwargs)
        return context | {"registration": conf.registration, "next": get_next_redirect_url(self.request) or ""}


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignUpView(Page):
    """Make an account, and be signed in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form; for whoever is signed in already, the way on."""
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        if not conf.registration:
            raise Forbidden("Registration is closed here. Ask an admin for an account.", code="registration_closed")
        return self.show(SignUpForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Register; what is refused is shown beside its field, with all but the password kept."""
        form = SignUpForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            participant = participant_register(**form.cleaned_data)
        except ChatError as error:
            show_refusal(form, error)
            return refused(self.show(form), error)
        record_authentication(request, participant, method="password", username=participant.username)
        return complete_signup(
            request, user=participant, redirect_url=self.next_address() or resolve_url(settings.LOGIN_REDIRECT_URL)
        )

    def show(self, form: SignUpForm) -> HttpResponse:
        """The page with a form."""
        return render(self.request, "participants/sign_up.html", {"form": form, "next": self.next_address()})

    def next_address(self) -> str:
        """Where the newcomer wanted to go, if that is on this site; else nothing."""
        address = self.request.POST.get("next", self.request.GET.get("next", ""))
        own = url_has_allowed_host_and_scheme(address, {self.request.get_host()}, self.request.is_secure())
        return address if own else ""


class SignOutView(LogoutView):
    """End this browser's sign-in; by a form only."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Looking at the address ends nothing."""
        return redirect("home")

    http_method_names = ["get", "post", "options"]
