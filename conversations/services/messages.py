"""What becomes of a message once it is there, and the read marker."""

from typing import cast
from uuid import UUID

from conversations import amend, log, policy, publish, selectors
from conversations.models import Membership
from conversations.policy import Action
from conversations.services import changes
from conversations.services.memberships import find_membership, situation_of
from participants import audit
from participants.encoding import encode
from participants.models import Participant


@audit.watched("actor", conversation=None)
def message_delete(*, actor: Participant, message_id: UUID) -> None:
    """Delete one's own message, or as a moderator that of somebody of a lower role; deleted already is fine.

    Raises NotFound for what one may not read, Forbidden as the policy says.
    """
    found = selectors.get_message_for(actor, message_id)
    with log.writing():
        conversation = log.lock(found.conversation_id)
        situation = situation_of(conversation, actor)
        if found.author_id == actor.pk:
            policy.require(Action.CHANGE_OWN, situation)
        else:
            policy.require(Action.DELETE_OTHERS, situation)
            author = find_membership(conversation, cast(UUID, found.author_id))
            if author is not None:  # whoever left has no role to respect any more
                policy.require(Action.DELETE_OTHERS, situation.on(author.standing))
        if found.author_id != actor.pk and found.deleted_at is None:
            audit.record(audit.Action.MESSAGE_DELETED, actor=actor, target=found, conversation=conversation)
        found.conversation = conversation
        amend.redact(found, by=actor)
        changes.unpin(conversation, found, by=actor)


def read_mark(*, participant: Participant, conversation_id: UUID, sequence: int) -> Membership:
    """Move the participant's read marker forward to ``sequence``, never back and never past the end.

    Returns the membership as it is now. Raises NotFound, Forbidden ``not_a_participant``.
    """
    membership = selectors.get_membership_for(participant, conversation_id)
    sequence = min(sequence, membership.conversation.last_sequence)
    # One conditional statement: two devices can race, and the higher number stays.
    moved = Membership.objects.filter(pk=membership.pk, last_read_sequence__lt=sequence).update(
        last_read_sequence=sequence
    )
    if not moved:  # they had read further, or are not in any more
        return selectors.get_membership_for(participant, conversation_id)
    membership.last_read_sequence = sequence
    frame = {
        "type": "read",
        "conversation_id": conversation_id,
        "participant_id": participant.pk,
        "last_read_sequence_id": sequence,
    }
    publish.publish_on_commit(publish.Transient(conversation_id, encode(frame)))
    return membership
