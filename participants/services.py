"""What changes participants and their sign-ins. One function a command; raises ChatError only."""

import hashlib
import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from participants import audit, limits, mail_addresses, second_factor, tokens
from participants.audit import Action
from participants.conf import conf
from participants.errors import FieldError, Forbidden, InvalidInput, LimitExceeded, NotAuthenticated
from participants.models import AuditEvent, Participant, SignIn, Ticket

SIGN_IN_SESSION_KEY = "sign_in"

# Rung after a commit that may end someone's access, with the participant's id; realtime hangs its bell in here, so
# that sockets close at once. Without it they close at the next re-check.
access_changed: list[Callable[[uuid.UUID], None]] = []


# Called inside the transaction that closes an account, ahead of it: whoever holds something of a participant lets go.
account_closing: list[Callable[[Participant], None]] = []


def ring_access_changed(participant_id: uuid.UUID) -> None:
    """Tell every listener, after the commit, that this participant's access may have changed."""
    for listener in access_changed:
        transaction.on_commit(lambda listener=listener: listener(participant_id), robust=True)  # type: ignore[misc]


def _field_errors(error: ValidationError) -> list[FieldError]:
    messages = error.message_dict if hasattr(error, "error_dict") else {"password": error.messages}
    return [
        {"field": "username" if field == "__all__" else field, "code": "invalid", "detail": detail}
        for field, details in messages.items()
        for detail in details
    ]


def _require_open() -> None:
    if not conf.registration:
        raise Forbidden("Registration is closed here. Ask an admin for an account.", code="registration_closed")


def _check_account(participant: Participant, password: str) -> None:
    try:
        participant.clean_fields(exclude=["password"])
        participant.validate_constraints()
        validate_password(password, participant)
    except ValidationError as error:
        errors = _field_errors(error)
        raise InvalidInput(errors[0]["detail"], errors=errors) from error


def participant_register(*, username: str, password: str, display_name: str = "", email: str = "") -> Participant:
    """Make a person's account. Raises Forbidden ``registration_closed`` and InvalidInput with a reason a field."""
    _require_open()
    participant = Participant(username=username, display_name=display_name or username, email=email)
    _check_account(participant, password)
    participant.set_password(password)
    try:
        with transaction.atomic():
            participant.save()
            mail_addresses.follow_profile(participant)
            audit.record(Action.ACCOUNT_CREATED, actor=participant, target=participant, kind=participant.kind)
    except IntegrityError as error:  # somebody took the name since it was looked up
        raise InvalidInput.field("username", "This username is taken.") from error
    return participant


def guest_create(*, display_name: str) -> Participant:
    """Make a guest: nobody can sign in as them again once their tokens are gone. Raises InvalidInput."""
    guest = Participant(
        username=f"guest-{uuid.uuid4().hex[:12]}", display_name=display_name, kind=Participant.Kind.GUEST
    )
    try:
        guest.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise InvalidInput("Some of what was sent cannot be used.", errors=_field_errors(error)) from error
    guest.set_unusable_password()
    with transaction.atomic():
        guest.save()
        audit.record(Action.ACCOUNT_CREATED, actor=guest, target=guest, kind=guest.kind)
    return guest


def guest_upgrade(*, guest: Participant, username: str, password: str) -> Participant:
    """Make a guest's account a full one, with all that is theirs; sign-ins from before end.

    Raises as :func:`participant_register` does, and Forbidden ``not_a_guest``.
    """
    if guest.kind != Participant.Kind.GUEST:
        raise Forbidden("You have an account already.", code="not_a_guest")
    _require_open()
    guest.username, guest.kind = username, Participant.Kind.HUMAN
    _check_account(guest, password)
    try:
        with transaction.atomic():
            guest.save(update_fields=["username", "kind"])
            audit.record(Action.GUEST_UPGRADED, actor=guest, target=guest)
            password_set(participant=guest, password=password)
    except IntegrityError as error:
        raise InvalidInput.field("username", "This username is taken.") from error
    return guest


def profile_update(*, participant: Participant, **changes: Any) -> Participant:
    """Change one's own ``display_name`` or ``email``."""
    before = participant.email
    for field, value in changes.items():
        setattr(participant, field, value)
    try:
        participant.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise InvalidInput("Some of what was sent cannot be used.", errors=_field_errors(error)) from error
    with transaction.atomic():
        participant.save(update_fields=[*changes])
        if participant.email != before:
            mail_addresses.follow_profile(participant)
            audit.record(Action.EMAIL_CHANGED, actor=participant, target=participant)
    return participant


def account_close(*, participant: Participant) -> None:
    """Close one's own account: they leave every conversation, nobody can sign in as them, no name of theirs is left.

    What they wrote keeps its numbers and its (now nameless) author.
    """
    with transaction.atomic():
        for let_go in account_closing:
            let_go(participant)
        participant.username = f"deleted-{uuid.uuid4().hex[:12]}"
        participant.display_name = "Deleted participant"
        participant.email = ""
        participant.is_active = participant.is_staff = participant.is_superuser = False
        participant.last_seen_at = None
        participant.set_unusable_password()
        participant.token_version += 1
        participant.save()
        audit.record(Action.ACCOUNT_CLOSED, actor=participant, target=participant)
        sign_in_end_others(participant=participant, keep=None)


def account_deactivate(*, by: Participant, participant: Participant) -> None:
    """Close somebody else's account until further notice: they are signed out everywhere."""
    with transaction.atomic():
        participant.is_active = False
        participant.save(update_fields=["is_active"])
        audit.record(Action.ACCOUNT_DEACTIVATED, actor=by, target=participant)
        sign_in_end_others(participant=participant, keep=None, by=by)


def account_activate(*, by: Participant, participant: Participant) -> None:
    """Let somebody in again."""
    with transaction.atomic():
        participant.is_active = True
        participant.save(update_fields=["is_active"])
        audit.record(Action.ACCOUNT_ACTIVATED, actor=by, target=participant)


# --- sign-ins ---------------------------------------------------------------------------------------------------------


def sign_in_start(*, participant: Participant, user_agent: str = "", seconds: int = 0) -> SignIn:
    """A new sign-in; ``seconds`` is its life (a token family's life is set as its tokens are issued)."""
    # Read again: a password hash that Django just upgraded has moved the value in memory, not in the database.
    version = Participant.objects.values_list("token_version", flat=True).get(pk=participant.pk)
    with transaction.atomic():
        sign_in = SignIn.objects.create(
            participant=participant,
            token_version=version,
            user_agent=user_agent[:200],
            expires_at=timezone.now() + timedelta(seconds=seconds or tokens.access_seconds()),
        )
        audit.record(Action.SIGNED_IN, actor=participant, target=sign_in)
    return sign_in


def find_live_sign_in(sign_in_id: str | uuid.UUID) -> SignIn | None:
    """The sign-in with its participant if it still lets them in, else None."""
    try:
        return SignIn.objects.live().filter(pk=sign_in_id).first()
    except (ValidationError, ValueError):  # not a UUID
        return None


def token_issue(*, participant: Participant, user_agent: str = "") -> tokens.TokenPair:
    """Start a sign-in for an API client and give its first tokens."""
    sign_in = sign_in_start(participant=participant, user_agent=user_agent)
    pair = tokens.issue_pair(sign_in)
    sign_in.save(update_fields=["refresh_jti", "used_at", "expires_at"])
    return pair


def password_check(*, username: str, password: str, address: str) -> Participant:
    """The participant of a username and password, for pages and API alike.

    Raises NotAuthenticated ``bad_credentials``, in the same words and time for unknown names, and LimitExceeded
    ``rate_limited`` for an address that tries too often or an account that is locked after failures.
    """
    limits.SIGN_INS.consume(address)
    username = mail_addresses.username_for(username)
    account = username.lower()
    # Counted as a failure until it is none: guesses that run at once cannot share the last try.
    try:
        limits.FAILURES.consume(account)
    except LimitExceeded:
        audit.refused(Action.SIGN_IN_LOCKED, sample=account, actor=None, target=_account_named(username))
        raise
    participant = authenticate(None, username=username, password=password)
    if not isinstance(participant, Participant):
        audit.refused(Action.SIGN_IN_FAILED, actor=None, target=_account_named(username))
        raise NotAuthenticated("Username and password do not fit together.", code="bad_credentials")
    limits.FAILURES.give_back(account)
    return participant


def _account_named(username: str) -> Participant | None:
    """Whose account it is; what was typed is not kept, as it may be a password."""
    return Participant.objects.filter(username__iexact=username).first()


def token_obtain(
    *, username: str, password: str, address: str, otp: str = "", user_agent: str = ""
) -> tokens.TokenPair:
    """Sign in with a password, and with a code where a second factor is on.

    Raises as :func:`password_check` and :func:`participants.second_factor.code_check` do, and NotAuthenticated
    ``mfa_required`` where the code is missing.
    """
    participant = password_check(username=username, password=password, address=address)
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


def sign_in_end(
    *,
    participant: Participant,
    sign_in_id: str | uuid.UUID,
    by: Participant | None = None,
    action: Action = Action.SIGN_IN_ENDED,
) -> bool:
    """End one sign-in of a participant: its tokens die, its sockets close. Whether there was one to end.

    ``by`` is whoever does it, the participant themselves unless said; ``action`` what it is to the audit log.
    """
    with transaction.atomic():
        rows = SignIn.objects.filter(pk=sign_in_id, participant=participant, ended_at=None)
        if ended := rows.update(ended_at=timezone.now()):
            result = AuditEvent.REFUSED if action is Action.REFRESH_REUSED else AuditEvent.OK
            audit.record(action, actor=by or participant, target=SignIn(pk=uuid.UUID(str(sign_in_id))), result=result)
        ring_access_changed(participant.pk)
    return bool(ended)


def sign_in_end_others(*, participant: Participant, keep: str | uuid.UUID | None, by: Participant | None = None) -> int:
    """End all sign-ins of a participant but one; how many ended. ``by`` as in :func:`sign_in_end`."""
    with transaction.atomic():
        others = SignIn.objects.filter(participant=participant, ended_at=None)
        if keep is not None:
            others = others.exclude(pk=keep)
        if ended := others.update(ended_at=timezone.now()):
            audit.record(Action.SIGN_INS_ENDED, actor=by or participant, target=participant, ended=ended)
        ring_access_changed(participant.pk)
    return ended


def password_change(*, participant: Participant, old: str, new: str, user_agent: str = "") -> tokens.TokenPair:
    """A new password for one's own account: every sign-in ends, and one new one starts, whose tokens come back."""
    if not participant.check_password(old):
        audit.refused(Action.PASSWORD_CHANGED, actor=participant, target=participant)
        raise InvalidInput.field("old", "This is not your password.", "bad_password")
    try:
        validate_password(new, participant)
    except ValidationError as error:
        errors: list[FieldError] = [{"field": "new", "code": "invalid", "detail": text} for text in error.messages]
        raise InvalidInput(errors[0]["detail"], errors=errors) from error
    with transaction.atomic():
        locked = Participant.objects.select_for_update().get(pk=participant.pk)
        locked.set_password(new)
        locked.save(update_fields=["password", "token_version"])
        audit.record(Action.PASSWORD_CHANGED, actor=locked, target=locked)
        sign_in_end_others(participant=locked, keep=None)
        return token_issue(participant=locked, user_agent=user_agent)


def password_set(*, participant: Participant, password: str) -> None:
    """A new password whose right to be set the caller has seen to: every sign-in ends."""
    with transaction.atomic():
        participant.set_password(password)
        participant.save(update_fields=["password", "token_version"])
        audit.record(Action.PASSWORD_CHANGED, actor=participant, target=participant)
        sign_in_end_others(participant=participant, keep=None)


# --- tickets ----------------------------------------------------------------------------------------------------------


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


def ticket_issue(*, sign_in: SignIn) -> dict[str, Any]:
    """A key that opens one socket once: ``{ticket, expires_in}`` (seconds)."""
    raw = secrets.token_urlsafe(32)
    now = timezone.now()
    Ticket.objects.filter(expires_at__lt=now).delete()
    expires_at = now + timedelta(seconds=conf.ticket_seconds)
    Ticket.objects.create(digest=_digest(raw), sign_in=sign_in, expires_at=expires_at)
    return {"ticket": raw, "expires_in": conf.ticket_seconds}


def ticket_redeem(*, ticket: str) -> SignIn:
    """The sign-in of a ticket, which is spent. Raises NotAuthenticated ``ticket_invalid``."""
    rows = Ticket.objects.filter(digest=_digest(ticket), expires_at__gt=timezone.now())
    sign_in_id = rows.values_list("sign_in_id", flat=True).first()
    # Two sockets may have read it: the one whose delete removes the row has it.
    if sign_in_id is not None and rows.delete()[0] and (sign_in := find_live_sign_in(sign_in_id)):
        return sign_in
    raise NotAuthenticated("This ticket was used or is too old. Get a new one.", code="ticket_invalid")
