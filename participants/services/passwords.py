"""Passwords: checking them under the limits that guard accounts, and setting new ones."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from participants import audit, limits, mail_addresses, tokens
from participants.audit import Action
from participants.errors import FieldError, InvalidInput, LimitExceeded, NotAuthenticated
from participants.hashing import hashing
from participants.models import Participant
from participants.services.sign_ins import sign_in_end_others, token_issue


def password_check(*, username: str, password: str, address: str) -> Participant:
    """The participant of a username and password, for pages and API alike.

    Raises NotAuthenticated ``bad_credentials``, in the same words and time for unknown names, and LimitExceeded
    ``rate_limited`` for an address that tries too often or an account that is locked after failures.
    """
    limits.SIGN_INS.consume(address)
    username = mail_addresses.username_for(username)
    with _counted_as_failure(username):
        participant = authenticate(None, username=username, password=password)
        if isinstance(participant, Participant):
            return participant
        audit.refused(Action.SIGN_IN_FAILED, actor=None, target=_account_named(username))
        raise NotAuthenticated("Username and password do not fit together.", code="bad_credentials")


def own_password_check(*, participant: Participant, password: str) -> None:
    """Make sure that whoever is signed in knows the password; wrong ones count as failed sign-ins of the account.

    Raises InvalidInput ``bad_password`` for ``password``, LimitExceeded.
    """
    with _counted_as_failure(participant.username):
        with hashing():
            is_right = participant.check_password(password)
        if not is_right:
            audit.refused(Action.SIGN_IN_FAILED, actor=participant, target=participant)
            raise InvalidInput.field("password", "This is not your password.", "bad_password")


@contextmanager
def _counted_as_failure(username: str) -> Iterator[None]:
    """Count a failed sign-in of an account, unless what is inside succeeds. Raises LimitExceeded for a locked one.

    It is counted ahead: guesses that run at once cannot share the last try.
    """
    account = username.lower()
    try:
        limits.FAILURES.consume(account)
    except LimitExceeded:
        audit.refused(Action.SIGN_IN_LOCKED, sample=account, actor=None, target=_account_named(username))
        raise
    yield
    limits.FAILURES.give_back(account)


def _account_named(username: str) -> Participant | None:
    """Whose account it is; what was typed is not kept, as it may be a password."""
    return Participant.objects.filter(username__iexact=username).first()


def password_change(*, participant: Participant, old: str, new: str, user_agent: str = "") -> tokens.TokenPair:
    """A new password for one's own account: every sign-in ends, and one new one starts, whose tokens come back.

    Raises InvalidInput (``bad_password`` for ``old``), LimitExceeded.
    """
    try:
        own_password_check(participant=participant, password=old)
    except InvalidInput as error:
        audit.refused(Action.PASSWORD_CHANGED, actor=participant, target=participant)
        raise InvalidInput.field("old", error.detail, "bad_password") from error
    try:
        validate_password(new, participant)
    except ValidationError as error:
        errors: list[FieldError] = [{"field": "new", "code": "invalid", "detail": text} for text in error.messages]
        raise InvalidInput(errors[0]["detail"], errors=errors) from error
    with hashing():
        participant.set_password(new)
    with transaction.atomic():
        password_store(participant=participant)
        return token_issue(participant=participant, user_agent=user_agent)


def password_set(*, participant: Participant, password: str) -> None:
    """A new password whose right to be set the caller has seen to: every sign-in ends."""
    with hashing():
        participant.set_password(password)
    with transaction.atomic():
        password_store(participant=participant)


def password_store(*, participant: Participant) -> None:
    """Store, in the caller's transaction, the hash that ``participant`` has got ahead of it: every sign-in ends."""
    # The version as it is stored: this row may be older, and versions never go back.
    version = Participant.objects.select_for_update().values_list("token_version", flat=True).get(pk=participant.pk)
    participant.token_version = version + 1
    participant.save(update_fields=["password", "token_version"])
    audit.record(Action.PASSWORD_CHANGED, actor=participant, target=participant)
    sign_in_end_others(participant=participant, keep=None)
