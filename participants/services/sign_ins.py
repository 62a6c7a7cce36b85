"""Sign-ins: what lets a participant in until it ends; one row decides over tokens, browser session and sockets."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from django.db import transaction
from django.utils import timezone

from participants import audit, tokens
from participants.audit import Action
from participants.models import AuditEvent, Participant, SignIn
from participants.rows import Shape, parameter, select

SIGN_IN_SESSION_KEY = "sign_in"

# Rung after a commit that may end someone's access, with the participant's id; realtime hangs its bell in here, so
# that sockets close at once. Without it they close at the next re-check.
access_changed: list[Callable[[uuid.UUID], None]] = []


def ring_access_changed(participant_id: uuid.UUID) -> None:
    """Tell every listener, after the commit, that this participant's access may have changed."""
    for listener in access_changed:
        transaction.on_commit(lambda listener=listener: listener(participant_id), robust=True)  # type: ignore[misc]


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


_SIGN_IN = Shape(SignIn, "s")
_PARTICIPANT = Shape(Participant, "p")
# As SignInQuerySet.live has it.
_LIVE = (
    f"SELECT {_SIGN_IN.columns}, {_PARTICIPANT.columns} FROM {_SIGN_IN.table}"  # noqa: S608 - names of models
    f" JOIN {_PARTICIPANT.table} ON p.id = s.participant_id AND p.token_version = s.token_version AND p.is_active"
    " WHERE s.id = %s AND s.ended_at IS NULL AND s.expires_at > %s"
)


def find_live_sign_in(sign_in_id: str | uuid.UUID) -> SignIn | None:
    """The sign-in with its participant if it still lets them in, else None: every request and handshake asks."""
    try:
        key = uuid.UUID(str(sign_in_id))
    except ValueError:
        return None
    for sign_in, participant in select(_LIVE, [parameter(key), parameter(timezone.now())], _SIGN_IN, _PARTICIPANT):
        sign_in.participant = participant
        return cast(SignIn, sign_in)
    return None


def token_issue(*, participant: Participant, user_agent: str = "") -> tokens.TokenPair:
    """Start a sign-in for an API client and give its first tokens."""
    sign_in = sign_in_start(participant=participant, user_agent=user_agent)
    pair = tokens.issue_pair(sign_in)
    sign_in.save(update_fields=["refresh_jti", "used_at", "expires_at"])
    return pair


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
