"""Tokens of API clients: signing in for them, refreshing them, signing out."""

from django.db import transaction

from participants import mail_addresses, second_factor, tokens
from participants.audit import Action
from participants.errors import NotAuthenticated
from participants.models import Participant, SignIn
from participants.services.accounts import participant_register
from participants.services.passwords import password_check
from participants.services.sign_ins import sign_in_end, token_issue


def token_register(*, user_agent: str = "", **fields: str) -> tuple[Participant, tokens.TokenPair | None]:
    """Make an account for an API client: with its first tokens, or with a mail whose link comes first.

    Raises as :func:`participants.services.accounts.participant_register` does.
    """
    participant = participant_register(**fields)
    if mail_addresses.is_awaited(participant):
        mail_addresses.confirmation_send(participant)
        return participant, None
    return participant, token_issue(participant=participant, user_agent=user_agent)


def token_obtain(
    *, username: str, password: str, address: str, otp: str = "", user_agent: str = ""
) -> tokens.TokenPair:
    """Sign in with a password, and with a code where a second factor is on.

    Raises as :func:`password_check` and :func:`participants.second_factor.code_check` do, and NotAuthenticated
    ``mfa_required`` where the code is missing, ``email_not_confirmed`` where an address has to be.
    """
    participant = password_check(username=username, password=password, address=address)
    if mail_addresses.is_awaited(participant):
        raise NotAuthenticated("Open the link in the mail that you got first.", code="email_not_confirmed")
    if second_factor.is_on(participant):
        if not otp:
            raise NotAuthenticated("Send the code of your authenticator app as otp.", code="mfa_required")
        second_factor.code_check(participant=participant, code=otp)
    return token_issue(participant=participant, user_agent=user_agent)


def _revoked() -> NotAuthenticated:
    return NotAuthenticated("This sign-in has ended. Sign in again.", code="token_revoked")


def token_refresh(*, refresh: str) -> tokens.TokenPair:
    """New tokens for a refresh token, which is spent. One spent before ends its whole family (RFC 9700, 4.14.2)."""
    claims = tokens.read_refresh(refresh)
    with transaction.atomic():
        sign_in = SignIn.objects.live().select_for_update(of=("self",), no_key=True).filter(pk=claims["sid"]).first()
        if sign_in is None or sign_in.token_version != claims["token_version"]:
            raise _revoked()
        if sign_in.refresh_jti == claims["jti"]:
            pair = tokens.issue_pair(sign_in)
            sign_in.save(update_fields=["refresh_jti", "used_at", "expires_at"])
            return pair
        sign_in_end(participant=sign_in.participant, sign_in_id=sign_in.pk, action=Action.REFRESH_REUSED)
    raise _revoked()


def token_logout(*, refresh: str) -> None:
    """End the family of a refresh token; ended already is fine. Raises NotAuthenticated for what is no token."""
    claims = tokens.read_refresh(refresh)
    sign_in = SignIn.objects.select_related("participant").filter(pk=claims["sid"]).first()
    if sign_in is not None:
        sign_in_end(participant=sign_in.participant, sign_in_id=sign_in.pk, action=Action.SIGNED_OUT)
