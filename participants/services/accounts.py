"""Accounts: made, changed, closed; guests and their way to one."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from participants import audit, mail_addresses
from participants.audit import Action
from participants.conf import conf
from participants.errors import FieldError, Forbidden, InvalidInput
from participants.hashing import hashing
from participants.models import Participant
from participants.services.passwords import password_store
from participants.services.sign_ins import sign_in_end_others

# Called inside the transaction that closes an account, ahead of it: whoever holds something of a participant lets go.
account_closing: list[Callable[[Participant], None]] = []


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


def _check_address(participant: Participant) -> None:
    if mail_addresses.are_required() and not participant.email:
        raise InvalidInput.field("email", "An e-mail address is needed here.", "required")


def _check_account(participant: Participant, password: str) -> None:
    _check_address(participant)
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
    with hashing():
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


def guest_upgrade(*, guest: Participant, username: str, password: str, email: str = "") -> Participant:
    """Make a guest's account a full one, with all that is theirs; sign-ins from before end.

    Raises as :func:`participant_register` does, and Forbidden ``not_a_guest``.
    """
    if guest.kind != Participant.Kind.GUEST:
        raise Forbidden("You have an account already.", code="not_a_guest")
    _require_open()
    guest.username, guest.kind, guest.email = username, Participant.Kind.HUMAN, email
    _check_account(guest, password)
    with hashing():
        guest.set_password(password)
    try:
        with transaction.atomic():
            guest.save(update_fields=["username", "kind", "email"])
            mail_addresses.follow_profile(guest)
            audit.record(Action.GUEST_UPGRADED, actor=guest, target=guest)
            password_store(participant=guest)
    except IntegrityError as error:
        raise InvalidInput.field("username", "This username is taken.") from error
    return guest


def profile_update(*, participant: Participant, **changes: Any) -> Participant:
    """Change one's own ``display_name`` or ``email``."""
    before = participant.email
    for field, value in changes.items():
        setattr(participant, field, value)
    if before and "email" in changes:
        _check_address(participant)
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
