"""Django's sign-in signals: each browser sign-in gets its SignIn row, wherever it happens (pages, admin)."""

from typing import Any

from allauth.account import signals as account_signals
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from participants import services
from participants.audit import Action
from participants.models import Participant

SESSION_KEY = services.SIGN_IN_SESSION_KEY


@receiver(account_signals.password_changed)
@receiver(account_signals.password_set)
@receiver(user_logged_in)
def sign_in_of_session(sender: Any, request: HttpRequest, user: Participant, **kwargs: Any) -> None:
    """Start a sign-in for a browser session that is new, or whose own ended with the former password; note it there."""
    sign_in = services.sign_in_start(
        participant=user,
        user_agent=request.headers.get("User-Agent", ""),
        seconds=request.session.get_expiry_age(),
    )
    request.session[SESSION_KEY] = str(sign_in.pk)


@receiver(user_logged_out)
def end_of_session(sender: Any, request: HttpRequest, user: Participant | None, **kwargs: Any) -> None:
    """End the sign-in of a browser session that signs out; its sockets close."""
    if user is not None and (key := request.session.get(SESSION_KEY)):
        services.sign_in_end(participant=user, sign_in_id=key, action=Action.SIGNED_OUT)
