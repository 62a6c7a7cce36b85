"""Ways in: joining with or without an invitation, making and revoking invitations, guests.

A token has 256 bits, is shown once, and is stored as a hash. Uses are counted under the conversation's lock, so a link
for one lets in one, however many try at once.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from conversations import log, policy
from conversations.models import Conversation, Invitation, Membership
from conversations.policy import Action, Standing
from conversations.services import memberships
from participants import audit, limits, services
from participants.errors import Forbidden, Gone, InvalidInput, NotFound
from participants.models import Participant

MAXIMUM_SECONDS = 365 * 86_400
MAXIMUM_USES = 10_000


def digest_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@audit.watched("actor")
def invitation_create(
    *,
    actor: Participant,
    conversation_id: UUID,
    role: Standing = policy.DEFAULT_ROLE,
    expires_in: int = 86_400,
    max_uses: int = 10,
    allow_guests: bool = False,
) -> tuple[Invitation, str]:
    """Make an invitation; it and its token, which nobody can read again. ``expires_in`` is in seconds.

    Raises Forbidden as the policy says (a role below one's own), LimitExceeded, InvalidInput.
    """
    if not 1 <= expires_in <= MAXIMUM_SECONDS:
        raise InvalidInput.field("expires_in", f"Choose 1 to {MAXIMUM_SECONDS} seconds.")
    if not 1 <= max_uses <= MAXIMUM_USES:
        raise InvalidInput.field("max_uses", f"Choose 1 to {MAXIMUM_USES}.")
    limits.INVITATIONS.consume(actor.pk)
    token = secrets.token_urlsafe(32)
    with log.writing():
        conversation = log.lock(conversation_id)
        policy.require(Action.INVITE, memberships.situation_of(conversation, actor).on(role))
        invitation = Invitation.objects.create(
            conversation=conversation,
            digest=digest_of(token),
            role=role,
            inviter=actor,
            allow_guests=allow_guests,
            max_uses=max_uses,
            expires_at=timezone.now() + timedelta(seconds=expires_in),
        )
        audit.record(
            audit.Action.INVITATION_CREATED,
            actor=actor,
            target=invitation,
            conversation=conversation,
            role=str(role),
            max_uses=max_uses,
            guests=allow_guests,
        )
    return invitation, token


@audit.watched("actor")
def invitation_revoke(*, actor: Participant, conversation_id: UUID, invitation_id: UUID) -> None:
    """End an invitation, one's own or as a moderator any; ended already is fine. Raises NotFound, Forbidden."""
    with log.writing():
        conversation = log.lock(conversation_id)
        situation = memberships.situation_of(conversation, actor)
        policy.require(Action.INVITE, situation)
        others = Invitation.objects.filter(conversation=conversation, pk=invitation_id).exclude(inviter=actor)
        if others.exists():
            policy.require(Action.INVITATIONS_OF_OTHERS, situation)
        revoke(conversation, invitation_id, by=actor)


def revoke(conversation: Conversation, invitation_id: UUID, *, by: Participant) -> None:
    """End an invitation to a locked conversation. Asks no policy. Raises NotFound."""
    found = Invitation.objects.filter(conversation=conversation, pk=invitation_id).first()
    if found is None:
        raise NotFound("There is no such invitation.")
    if found.revoked_at is None:
        found.revoked_at = timezone.now()
        found.save(update_fields=["revoked_at"])
        audit.record(audit.Action.INVITATION_REVOKED, actor=by, target=found, conversation=conversation)


def find_invitation(token: str) -> Invitation:
    """The usable invitation of a token. Raises NotFound, Gone ``invitation_expired``."""
    rows = Invitation.objects.filter(digest=digest_of(token)).select_related("conversation", "inviter")
    invitation = rows.first()
    if invitation is None:
        raise NotFound("There is no such invitation. Ask for a new link.")
    if not rows.usable().exists():
        raise _gone()
    return invitation


def _gone() -> Gone:
    return Gone(
        "This invitation has expired, was used up or is no longer good. Ask for a new one.", code="invitation_expired"
    )


@audit.watched("participant", conversation=None)
def invitation_accept(*, participant: Participant, token: str) -> Membership:
    """Come in by an invitation.

    Raises as joining does, NotFound for an unknown token, Gone ``invitation_expired``.
    """
    limits.JOINS.consume(participant.pk)
    invitation = find_invitation(token)
    with log.writing():
        conversation = log.lock(invitation.conversation_id)
        return _redeem(conversation, participant, invitation)


def _redeem(conversation: Conversation, participant: Participant, invitation: Invitation) -> Membership:
    memberships.require_joinable(conversation, participant, invited=True)
    # Again, now that nothing moves: uses and roles change under the conversation's lock only.
    locked = Invitation.objects.usable().filter(pk=invitation.pk).first()
    if locked is None:
        raise _gone()
    role = Standing(locked.role)
    (membership,) = memberships.admit(conversation, [(participant, role)], by=participant, via=locked)
    locked.uses += 1
    locked.save(update_fields=["uses"])
    audit.record(
        audit.Action.INVITATION_USED, actor=participant, target=locked, conversation=conversation, uses=locked.uses
    )
    return membership


@audit.watched("participant")
def conversation_join(*, participant: Participant, conversation_id: UUID, invitation: str | None = None) -> Membership:
    """Join a public conversation, or any one with an invitation to it.

    Raises Conflict ``already_participant``, LimitExceeded ``capacity_reached``, Forbidden ``invitation_required`` and
    ``banned``; with an invitation as :func:`invitation_accept`.
    """
    if invitation is None:
        limits.JOINS.consume(participant.pk)
        with log.writing():
            conversation = log.lock(conversation_id)
            memberships.require_joinable(conversation, participant)
            return memberships.admit(conversation, [(participant, policy.DEFAULT_ROLE)], by=participant)[0]
    known = Invitation.objects.filter(digest=digest_of(invitation), conversation_id=conversation_id)
    if not known.exists():
        memberships.require_exists(conversation_id)
        raise Forbidden("This is no invitation to this conversation. Ask for a link.", code="invitation_required")
    return invitation_accept(participant=participant, token=invitation)


def guest_join(*, token: str, display_name: str, address: str) -> Participant:
    """Let somebody in without an account, if the invitation allows it: the new guest.

    Raises NotFound, Gone, Forbidden ``guests_not_allowed``, InvalidInput, LimitExceeded.
    """
    invitation = _invitation_for_guests(token, address)
    with log.writing():
        return _bring_guest(invitation, display_name)


def guest_admit(*, token: str, display_name: str, address: str, user_agent: str = "") -> dict[str, Any]:
    """The same for an API client: the guest and their tokens. Raises as :func:`guest_join` does."""
    invitation = _invitation_for_guests(token, address)
    with log.writing():
        guest = _bring_guest(invitation, display_name)
        pair = services.token_issue(participant=guest, user_agent=user_agent)
    return {"participant": guest, **pair}


def _invitation_for_guests(token: str, address: str) -> Invitation:
    limits.SIGN_INS.consume(address)
    invitation = find_invitation(token)
    if not invitation.allow_guests:
        raise Forbidden("This invitation is for people with an account. Sign in first.", code="guests_not_allowed")
    return invitation


def _bring_guest(invitation: Invitation, display_name: str) -> Participant:
    conversation = log.lock(invitation.conversation_id)
    guest = services.guest_create(display_name=display_name)
    _redeem(conversation, guest, invitation)
    return guest
