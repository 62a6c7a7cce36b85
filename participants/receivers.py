"""Signals: each browser sign-in gets its SignIn row, and each change of a second factor its row in the audit log."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.core import context
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from participants import audit, services
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


@receiver(post_save, sender=Authenticator)
def factor_made(sender: Any, instance: Authenticator, created: bool, raw: bool, **kwargs: Any) -> None:
    """Note a second factor that is on, and recovery codes that were made."""
    if created and not raw:
        is_codes = instance.type == Authenticator.Type.RECOVERY_CODES
        _note_factor(Action.RECOVERY_CODES_MADE if is_codes else Action.SECOND_FACTOR_ON, instance)


@receiver(post_delete, sender=Authenticator)
def factor_dropped(sender: Any, instance: Authenticator, **kwargs: Any) -> None:
    """Note a second factor that is off; recovery codes go along with it, or make room for new ones."""
    if instance.type != Authenticator.Type.RECOVERY_CODES:
        _note_factor(Action.SECOND_FACTOR_OFF, instance)


def _note_factor(action: Action, factor: Authenticator) -> None:
    """By the rows' own signals, which are in the transaction; allauth's come behind it. Staff do it in the admin."""
    user = getattr(context.request, "user", None)
    actor = user if isinstance(user, Participant) else factor.user
    audit.record(action, actor=actor, target=factor.user)
