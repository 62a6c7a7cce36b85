"""Where django-allauth meets the rules of this app: its pages ask the same services as the API."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from participants import addresses, audit, services
from participants.conf import conf
from participants.errors import ChatError, NotAuthenticated
from participants.models import DISPLAY_NAME_LENGTH, Participant
from participants.text import clean_name

# What a page shows by itself needs no line above it as well.
SILENT = ("account/messages/logged_in.txt", "account/messages/logged_out.txt")


class AccountAdapter(DefaultAccountAdapter):
    """Accounts: one set of rules, one limiter, links that lead to the public address."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """As the setting says."""
        return conf.registration

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Participant | None:
        """Who a name and password belong to; a limit or lock becomes an error of the form."""
        try:
            return services.password_check(
                username=credentials.get("username", ""),
                password=credentials["password"],
                address=addresses.of_request(request.META),
            )
        except NotAuthenticated:
            return None
        except ChatError as error:
            raise ValidationError(error.detail) from error

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Whether it is their password, counted as any sign-in is."""
        return self.authenticate(context.request, username=user.username, password=password) is not None

    def set_password(self, user: Any, password: str) -> None:
        """A new password; every sign-in ends (the receiver of allauth's signal starts one anew where it is due)."""
        services.password_set(participant=user, password=password)

    def get_client_ip(self, request: HttpRequest) -> str:
        """From as many proxies as are configured."""
        return addresses.of_request(request.META)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str = "", *args: Any, **more: Any
    ) -> None:
        """As allauth's, but for what goes without saying."""
        if message_template not in SILENT:
            super().add_message(request, level, message_template, *args, **more)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """A link to the public address, whatever host the request named."""
        uid, _, rest = key.partition("-")
        return settings.PUBLIC_URL + reverse("account_reset_password_from_key", args=[uid, rest])

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """A link to the public address, whatever host the request named."""
        return settings.PUBLIC_URL + reverse("account_confirm_email", args=[emailconfirmation.key])


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Accounts that a provider vouches for."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """As the setting says, whoever sends them."""
        return conf.registration

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        """Make the account, and its row in the audit log."""
        with transaction.atomic():
            user = super().save_user(request, sociallogin, form)
            audit.record(audit.Action.ACCOUNT_CREATED, actor=user, target=user, kind=user.kind)
        return user

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        """With the name that the provider knows, if it can be shown."""
        user = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        name = data.get("name") or " ".join(part for part in parts if part)
        try:
            user.display_name = clean_name(name[:DISPLAY_NAME_LENGTH], maximum=DISPLAY_NAME_LENGTH)
        except ValueError:
            user.display_name = ""  # the username stands in for it
        return user


class MFAAdapter(DefaultMFAAdapter):
    """Second factors; their secrets are encrypted in the database."""

    def get_totp_label(self, user: Any) -> str:
        """The username: an e-mail address need not be there, and is nobody's business on a screen."""
        return str(user.username)

    def get_totp_issuer(self) -> str:
        """The site's host."""
        return settings.PUBLIC_URL.partition("://")[2]

    def encrypt(self, text: str) -> str:
        """With the newest key."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """With whichever key it was."""
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.MFA_ENCRYPTION_KEYS])
