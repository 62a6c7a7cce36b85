"""What the staff of the site do to conversations that they need not be members of.

The policy knows members only, so it is not asked: whether ``by`` may do this is the admin's to decide. Everything else
is as in the other services: locked rows, the same entries in the log, the same invariants. Raises ChatError only.
"""

from typing import Any
from uuid import UUID, uuid4

from conversations import log, markdown, policy
from conversations.models import Ban, Conversation, Event, Membership
from conversations.policy import Standing
from conversations.services import changes, conversations, invitations, memberships, moderation
from conversations.services.content import check_content
from participants import audit
from participants.errors import Forbidden, InvalidInput
from participants.models import Participant


def settings_change(*, by: Participant, conversation_id: UUID, **fields: Any) -> Conversation:
    """Change fields of a conversation; one entry tells what really changed. Raises NotFound."""
    with log.writing():
        conversation = log.lock(conversation_id)
        changes.apply(conversation, fields, by=by)
    return conversation


def member_admit(*, by: Participant, conversation_id: UUID, participant: Participant, role: Standing) -> Membership:
    """Bring someone in. An owner takes over from the one there is.

    Raises NotFound, Conflict ``already_participant``, LimitExceeded ``capacity_reached``, InvalidInput.
    """
    with log.writing():
        conversation = log.lock(conversation_id)
        if policy.owns(role):
            _depose(conversation, successor=participant, by=by)
        return memberships.admit(conversation, [(participant, role)], by=by)[0]


def member_dismiss(*, by: Participant, conversation_id: UUID, participant_id: UUID) -> None:
    """Take someone out; an owner is succeeded as if they had left. Raises NotFound."""
    with log.writing():
        conversation = log.lock(conversation_id)
        membership = memberships.require_membership(conversation, participant_id)
        memberships.dismiss(conversation, membership, reason="removed", by=by)


def member_role_change(*, by: Participant, conversation_id: UUID, participant_id: UUID, role: Standing) -> Membership:
    """Give a member another role. An owner takes over from the one there is.

    Raises NotFound, InvalidInput, Forbidden ``last_owner`` for what would leave nobody owning the conversation.
    """
    with log.writing():
        conversation = log.lock(conversation_id)
        membership = memberships.require_membership(conversation, participant_id)
        if membership.standing is role:
            return membership
        if policy.owns(membership.standing):
            raise Forbidden("Make somebody else the owner first: this one becomes an admin.", code="last_owner")
        if policy.owns(role):
            _depose(conversation, successor=membership.participant, by=by)
        memberships.give_role(conversation, membership, role, by=by)
        return membership


def _depose(conversation: Conversation, *, successor: Participant, by: Participant) -> None:
    """Make room for a new owner: there is one at a time, and it is a human."""
    if not successor.is_human:
        raise InvalidInput.field("participant", policy.NO_OWNER)
    owners = Membership.objects.filter(conversation=conversation, role=policy.CREATOR_ROLE)
    for owner in owners.select_related("participant"):
        memberships.give_role(conversation, owner, policy.HANDING_OVER_LEAVES, by=by)


def participant_ban(*, by: Participant, conversation_id: UUID, participant_id: UUID) -> Ban:
    """Keep someone out, and take them out if they are in; an owner is succeeded. Raises NotFound."""
    with log.writing():
        return moderation.ban(log.lock(conversation_id), participant_id, by=by)


def ban_lift(*, by: Participant, conversation_id: UUID, participant_id: UUID) -> None:
    """Let someone come back. Raises NotFound."""
    with log.writing():
        moderation.lift_ban(log.lock(conversation_id), participant_id, by=by)


def invitation_revoke(*, by: Participant, conversation_id: UUID, invitation_id: UUID) -> None:
    """End an invitation; ended already is fine. Raises NotFound."""
    with log.writing():
        invitations.revoke(log.lock(conversation_id), invitation_id, by=by)


def announcement_send(*, by: Participant, conversation_id: UUID, content: str) -> Event:
    """Say something to everybody in a conversation, as the site: a message without an author.

    Raises NotFound, InvalidInput, TooLarge, Forbidden ``archived``.
    """
    check_content(content)
    html = markdown.render(content)  # ahead of the lock
    identity = uuid4()
    announcement = Event(id=identity, type=Event.MESSAGE, message_id=str(identity), content=content, html=html)
    with log.writing():
        conversation = log.lock(conversation_id)
        if conversation.archived_at is not None:
            raise Forbidden("This conversation is archived: it can be read, not changed.", code="archived")
        log.append(conversation, announcement)
        audit.record(audit.Action.ANNOUNCED, actor=by, target=announcement, conversation=conversation)
    return announcement


def conversation_erase(*, by: Participant, conversation_id: UUID) -> None:
    """Delete a conversation with its log; every socket on it is told. Raises NotFound."""
    with log.writing():
        conversations.erase(log.lock(conversation_id), by=by)
