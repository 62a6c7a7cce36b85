"""The second factor of a sign-in: codes of an authenticator app, or recovery codes. One rule for pages and API.

Wrong codes count as failed sign-ins of the account, in the same bucket as wrong passwords.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled

from participants import audit, limits
from participants.audit import Action
from participants.errors import NotAuthenticated
from participants.models import Participant


def is_on(participant: Participant) -> bool:
    """Whether a password alone does not let them in."""
    return bool(is_mfa_enabled(participant))


def code_check(*, participant: Participant, code: str) -> Authenticator:
    """What a right code belongs to; the code is spent. Raises NotAuthenticated ``bad_credentials``, LimitExceeded."""
    account = participant.username.lower()
    limits.FAILURES.consume(account)
    factors = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).filter(user=participant)
    for factor in factors:
        wrapped: Any = factor.wrap()
        if wrapped.validate_code(code.strip()):
            limits.FAILURES.give_back(account)
            return factor
    audit.refused(Action.SIGN_IN_FAILED, actor=None, target=participant)
    raise NotAuthenticated("This code is not right, or was used already.", code="bad_credentials")
