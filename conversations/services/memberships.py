"""Who is in: joining, leaving, adding, removing, roles; all decided under the conversation's lock."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count, Q

from conversations import log, policy, publish
from conversations.models import Ban, Conversation, Event, Invitation, Membership, Mute
from conversations.policy import Action, Situation, Standing
from conversations.presentation import conversation_mode
from conversations.services import changes
from participants import audit
from participants.errors import Conflict, Forbidden, InvalidInput, LimitExceeded, NotFound
from participants.models import Participant

TOLD_AT_ONCE = 20  # newcomers; of more, each socket finds out by its next look


def find_membership(conversation: Conversation, participant_id: UUID) -> Membership | None:
    """The membership as it is now, or None."""
    return Membership.objects.filter(conversation=conversation, participant_id=participant_id).first()


def require_exists(conversation_id: UUID) -> None:
    """Raise NotFound unless there is such a conversation."""
    if not Conversation.objects.filter(pk=conversation_id).exists():
        raise NotFound("There is no such conversation.")


def situation_of(conversation: Conversation, participant: Participant) -> Situation:
    """What ``participant`` is to a (locked) conversation; a deactivated account is outside of everything."""
    return _situation(conversation, _active_membership(conversation, participant))


def _active_membership(conversation: Conversation, participant: Participant) -> Membership | None:
    rows = Membership.objects.filter(conversation=conversation, participant=participant, participant__is_active=True)
    return rows.first()


def _situation(conversation: Conversation, membership: Membership | None) -> Situation:
    if membership is None:
        return conversation.situation(conversation.outside)
    return membership.situation(conversation)


def admit(
    conversation: Conversation,
    newcomers: Sequence[tuple[Participant, Standing]],
    *,
    by: Participant | None,
    via: Invitation | None = None,
) -> list[Membership]:
    """Make ``newcomers`` members of a locked conversation, in order: four statements however many they are.

    Asks no policy, but a ban holds against everyone. Raises Conflict ``already_participant``, Forbidden ``banned``,
    LimitExceeded ``capacity_reached``; then nobody came in.
    """
    people = [participant for participant, _ in newcomers]
    _refuse_known(conversation, people)
    count, mode = count_members(conversation)
    _refuse_overflow(conversation, count + len(newcomers))
    entries = log.append(
        conversation,
        *(
            Event(type="participant_joined", author=by, subject=participant, data={"participant_count": number})
            for number, (participant, _) in enumerate(newcomers, start=count + 1)
        ),
    )
    rows = Mute.objects.filter(conversation=conversation, participant__in=people)
    muted = dict(rows.values_list("participant_id", "until"))
    members = [
        Membership(
            conversation=conversation,
            participant=participant,
            role=role,
            joined_at=entry.created_at,
            joined_sequence=entry.sequence,
            last_read_sequence=entry.sequence,
            joined_via=via,
            muted_until=muted.get(participant.pk),
        )
        for entry, (participant, role) in zip(entries, newcomers, strict=True)
    ]
    _audit_admitted(conversation, newcomers, by=by, via=via)
    if not conversation.has_agents and not all(participant.is_person for participant in people):
        conversation.has_agents = True
        conversation.save(update_fields=["has_agents"])
    made = Membership.objects.bulk_create(members)
    if len(people) <= TOLD_AT_ONCE:
        publish.publish_on_commit(*(publish.Control(participant=newcomer.pk) for newcomer in people))
    if muted:
        Mute.objects.filter(conversation=conversation, participant__in=people).delete()
    if count:
        _announce_mode(conversation, mode)
    return made


def _refuse_known(conversation: Conversation, people: Sequence[Participant]) -> None:
    """Raise Conflict ``already_participant`` if one of ``people`` is in, Forbidden ``banned`` if one may not come."""
    if Membership.objects.filter(conversation=conversation, participant__in=people).exists():
        raise Conflict("Already a participant of this conversation.", code="already_participant")
    if Ban.objects.filter(conversation=conversation, participant__in=people).exists():
        raise Forbidden("Banned from this conversation: an admin of it can lift that.", code="banned")


def _refuse_overflow(conversation: Conversation, count: int) -> None:
    """Raise LimitExceeded ``capacity_reached`` if a conversation does not take ``count`` members."""
    if count > conversation.max_participants:
        raise LimitExceeded(
            f"This conversation is full: it takes {conversation.max_participants} participants.",
            code="capacity_reached",
            retry_after=60,
            limit=conversation.max_participants,
        )


def count_members(conversation: Conversation) -> tuple[int, str]:
    """How many are in, and the mode that makes."""
    counts = Membership.objects.filter(conversation=conversation).aggregate(
        members=Count("pk"), humans=Count("pk", filter=~Q(participant__kind=Participant.Kind.AGENT))
    )
    return counts["members"], conversation_mode(counts["humans"], counts["members"])


def _announce_mode(conversation: Conversation, before: str) -> None:
    """Tell in the log that the mode, which follows from who is in, is another than ``before``."""
    _, mode = count_members(conversation)
    if mode != before:
        log.append(conversation, Event(type="conversation_updated", data={"changes": {"mode": mode}}))


def _audit_admitted(
    conversation: Conversation,
    newcomers: Sequence[tuple[Participant, Standing]],
    *,
    by: Participant | None,
    via: Invitation | None,
) -> None:
    kinds: dict[tuple[audit.Action, Standing], list[Participant]] = {}
    for participant, role in newcomers:
        if not participant.is_person:
            action = audit.Action.AGENT_ADDED
        else:
            action = audit.Action.MEMBER_JOINED if participant == by else audit.Action.MEMBER_ADDED
        kinds.setdefault((action, role), []).append(participant)
    for (action, role), people in kinds.items():
        way = via.pk if via else None
        audit.record(action, actor=by, target=people, conversation=conversation, role=str(role), via=way)


def dismiss(conversation: Conversation, membership: Membership, *, reason: str, by: Participant) -> None:
    """End a membership of a locked conversation. Asks no policy; keeps an owner in place (see :func:`_succeed`)."""
    subject = membership.participant
    count, mode = count_members(conversation)
    if membership.muted_until is not None:
        Mute.objects.create(conversation=conversation, participant=subject, until=membership.muted_until)
    membership.delete()
    if reason == "left":
        action = audit.Action.MEMBER_LEFT
    else:
        action = audit.Action.MEMBER_REMOVED if subject.is_person else audit.Action.AGENT_REMOVED
    if reason != "banned":  # which has a row of its own
        audit.record(action, actor=by, target=subject, conversation=conversation)
    data = {"reason": reason, "participant_count": count - 1}
    log.append(conversation, Event(type="participant_left", author=by, subject=subject, data=data))
    if count > 1:
        _announce_mode(conversation, mode)
    if policy.owns(membership.standing):
        _succeed(conversation)
    changes.archive_if_left(conversation, by=subject)


def _succeed(conversation: Conversation) -> None:
    """Give an ownerless conversation to the human of the longest-standing highest role, if any human is left."""
    members = Membership.objects.filter(conversation=conversation).select_related("participant")
    if any(policy.owns(member.standing) for member in members):
        return
    humans = [member for member in members if member.participant.is_human and member.participant.is_active]
    if humans:
        heir = max(humans, key=lambda member: (policy.rank(member.standing), -member.joined_sequence))
        give_role(conversation, heir, policy.CREATOR_ROLE, by=None)


def give_role(conversation: Conversation, membership: Membership, role: Standing, by: Participant | None) -> None:
    """Give a member of a locked conversation another role. Asks no policy."""
    before, membership.role = membership.role, str(role)
    membership.save(update_fields=["role"])
    action = audit.Action.OWNER_CHANGED if policy.owns(role) else audit.Action.ROLE_CHANGED
    subject = membership.participant
    audit.record(action, actor=by, target=subject, conversation=conversation, before=before, after=membership.role)
    log.append(
        conversation, Event(type="role_changed", author=by, subject=membership.participant, data={"role": str(role)})
    )
    publish.publish_on_commit(publish.Control(participant=membership.participant_id))


def require_joinable(conversation: Conversation, participant: Participant, *, invited: bool = False) -> None:
    """Raise unless somebody outside may come in; a ban is told before what is missing."""
    _refuse_known(conversation, [participant])
    policy.require(Action.JOIN, conversation.situation(conversation.outside, invited=invited))


@audit.watched("participant")
def conversation_leave(*, participant: Participant, conversation_id: UUID) -> None:
    """Leave; the last owner's place goes to a successor, the last person's going archives the conversation."""
    with log.writing():
        conversation = log.lock(conversation_id)
        membership = _active_membership(conversation, participant)
        policy.require(Action.LEAVE, _situation(conversation, membership))
        if membership is not None:  # which the policy has seen to
            membership.participant = participant
            dismiss(conversation, membership, reason="left", by=participant)


def leave_every_conversation(participant: Participant) -> None:
    """Leave all conversations, in id order as locks are taken (see :mod:`conversations.log`)."""
    rows = Membership.objects.filter(participant=participant).order_by("conversation_id")
    for conversation_id in list(rows.values_list("conversation_id", flat=True)):
        conversation_leave(participant=participant, conversation_id=conversation_id)


def require_membership(conversation: Conversation, participant_id: UUID) -> Membership:
    """The membership with its participant; raises NotFound."""
    membership = (
        Membership.objects.filter(conversation=conversation, participant_id=participant_id)
        .select_related("participant")
        .first()
    )
    if membership is None:
        raise NotFound("There is no such participant in this conversation.")
    return membership


@audit.watched("actor")
def participant_add(
    *, actor: Participant, conversation_id: UUID, participant: Participant, role: Standing = policy.DEFAULT_ROLE
) -> Membership:
    """Bring someone in. Raises as joining does, and Forbidden ``role_too_low`` for a role not below one's own."""
    with log.writing():
        conversation = log.lock(conversation_id)
        policy.require(Action.ADD_PARTICIPANT, situation_of(conversation, actor).on(role))
        return admit(conversation, [(participant, role)], by=actor)[0]


@audit.watched("actor")
def participant_remove(*, actor: Participant, conversation_id: UUID, participant_id: UUID) -> None:
    """Take someone out. Raises NotFound, Forbidden ``role_too_low``."""
    if actor.pk == participant_id:
        raise InvalidInput.field("participant", "To go yourself, leave the conversation.")
    with log.writing():
        conversation = log.lock(conversation_id)
        situation = situation_of(conversation, actor)
        policy.require(Action.REMOVE, situation)
        membership = require_membership(conversation, participant_id)
        policy.require(Action.REMOVE, situation.on(membership.standing))
        dismiss(conversation, membership, reason="removed", by=actor)


@audit.watched("actor")
def role_change(*, actor: Participant, conversation_id: UUID, participant_id: UUID, role: Standing) -> Membership:
    """Give a member another role below one's own; ``owner`` hands the conversation over, and the giver becomes admin.

    Raises NotFound, Forbidden ``role_too_low`` or ``last_owner``.
    """
    with log.writing():
        conversation = log.lock(conversation_id)
        situation = situation_of(conversation, actor)
        if policy.owns(role):
            return _hand_over(conversation, actor, situation, participant_id)
        policy.require(Action.CHANGE_ROLE, situation)
        membership = require_membership(conversation, participant_id)
        if membership.participant_id == actor.pk and policy.owns(situation.standing):
            raise Forbidden("You are the owner: hand the conversation over to someone else first.", code="last_owner")
        for target in (membership.standing, role):
            policy.require(Action.CHANGE_ROLE, situation.on(target))
        if membership.standing is not role:
            give_role(conversation, membership, role, by=actor)
        return membership


def _hand_over(
    conversation: Conversation, actor: Participant, situation: Situation, participant_id: UUID
) -> Membership:
    policy.require(Action.HAND_OVER, situation)
    membership = require_membership(conversation, participant_id)
    if not membership.participant.is_human:
        raise InvalidInput.field("participant", policy.NO_OWNER)
    if membership.participant_id != actor.pk:
        give_role(conversation, membership, policy.CREATOR_ROLE, by=actor)
        give_role(conversation, require_membership(conversation, actor.pk), policy.HANDING_OVER_LEAVES, by=actor)
    return membership
