"""Keeping order: bans and mutes. Each acts on live sockets too, by the log's entry or by a doorbell."""

from datetime import datetime
from typing import Any
from uuid import UUID

from conversations import log, policy, publish
from conversations.models import Ban, Conversation, Membership
from conversations.policy import Action
from conversations.services import memberships
from participants import audit
from participants.errors import InvalidInput, NotFound
from participants.models import Participant


def _require_other(actor: Participant, participant_id: UUID) -> None:
    if actor.pk == participant_id:
        raise InvalidInput.field("participant", "You cannot do this to yourself.")


@audit.watched("actor")
def participant_ban(*, actor: Participant, conversation_id: UUID, participant_id: UUID) -> Ban:
    """Keep somebody out, and take them out if they are in; done already is fine.

    Somebody who is not in can be banned too, which makes no entry. Raises NotFound, Forbidden ``role_too_low``.
    """
    _require_other(actor, participant_id)
    with log.writing():
        conversation = log.lock(conversation_id)
        situation = memberships.situation_of(conversation, actor)
        policy.require(Action.BAN, situation)
        membership = memberships.find_membership(conversation, participant_id)
        if membership is not None:
            policy.require(Action.BAN, situation.on(membership.standing))
        return ban(conversation, participant_id, by=actor)


def ban(conversation: Conversation, participant_id: UUID, *, by: Participant) -> Ban:
    """Keep somebody out of a locked conversation. Asks no policy. Raises NotFound."""
    participant = Participant.objects.filter(pk=participant_id).first()
    if participant is None:
        raise NotFound("There is no such participant.")
    membership = memberships.find_membership(conversation, participant_id)
    if membership is not None:
        membership.participant = participant
        memberships.dismiss(conversation, membership, reason="banned", by=by)
    made, is_new = Ban.objects.get_or_create(conversation=conversation, participant=participant, defaults={"by": by})
    if is_new:
        audit.record(audit.Action.MEMBER_BANNED, actor=by, target=participant, conversation=conversation)
    return made


@audit.watched("actor")
def ban_lift(*, actor: Participant, conversation_id: UUID, participant_id: UUID) -> None:
    """Let somebody come back. Raises NotFound for who is not banned."""
    with log.writing():
        conversation = log.lock(conversation_id)
        policy.require(Action.BAN, memberships.situation_of(conversation, actor))
        lift_ban(conversation, participant_id, by=actor)


def lift_ban(conversation: Conversation, participant_id: UUID, *, by: Participant) -> None:
    """Let somebody come back to a locked conversation. Asks no policy. Raises NotFound for who is not banned."""
    row = Ban.objects.filter(conversation=conversation, participant_id=participant_id).select_related("participant")
    if (found := row.first()) is None:
        raise NotFound("They are not banned from this conversation.")
    found.delete()
    audit.record(audit.Action.BAN_LIFTED, actor=by, target=found.participant, conversation=conversation)


@audit.watched("actor")
def participant_mute(*, actor: Participant, conversation_id: UUID, participant_id: UUID, until: datetime) -> Membership:
    """Let a member only read until a time. Makes no entry. Raises NotFound, Forbidden ``role_too_low``."""
    _require_other(actor, participant_id)
    with log.writing():
        conversation, membership = _mutable(actor, conversation_id, participant_id)
        return _set_mute(conversation, membership, until, by=actor)


@audit.watched("actor")
def mute_lift(*, actor: Participant, conversation_id: UUID, participant_id: UUID) -> None:
    """Let a muted member write again; not muted is fine."""
    with log.writing():
        conversation, membership = _mutable(actor, conversation_id, participant_id)
        _set_mute(conversation, membership, None, by=actor)


def _mutable(actor: Participant, conversation_id: UUID, participant_id: UUID) -> tuple[Conversation, Membership]:
    conversation = log.lock(conversation_id)
    situation = memberships.situation_of(conversation, actor)
    policy.require(Action.MUTE, situation)
    membership = memberships.require_membership(conversation, participant_id)
    policy.require(Action.MUTE, situation.on(membership.standing))
    return conversation, membership


def _set_mute(
    conversation: Conversation, membership: Membership, until: datetime | None, *, by: Participant
) -> Membership:
    was_muted, membership.muted_until = membership.muted_until is not None, until
    membership.save(update_fields=["muted_until"])
    about: dict[str, Any] = {"actor": by, "target": membership.participant, "conversation": conversation}
    if until is not None:
        audit.record(audit.Action.MEMBER_MUTED, until=until, **about)
    elif was_muted:
        audit.record(audit.Action.MUTE_LIFTED, **about)
    publish.publish_on_commit(publish.Control(participant=membership.participant_id))
    return membership
