"""Creating, changing and deleting conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from conversations import amend, log, policy, publish
from conversations.conf import conf
from conversations.models import Conversation
from conversations.policy import Action, Standing
from conversations.services import memberships
from conversations.services.changes import apply
from conversations.services.content import check_metadata
from participants import audit, limits
from participants.errors import InvalidInput
from participants.models import Participant

# Which right each changeable field needs. What a reader can see of it is announced in the log.
FIELDS: dict[str, Action] = {
    "title": Action.CHANGE_SETTINGS,
    "description": Action.CHANGE_SETTINGS,
    "visibility": Action.CHANGE_SETTINGS,
    "history": Action.CHANGE_SETTINGS,
    "metadata": Action.CHANGE_SETTINGS,
    "max_participants": Action.CHANGE_SETTINGS,
    "retention_days": Action.CHANGE_SETTINGS,
    "slow_mode_s": Action.CHANGE_SETTINGS,
    "locked": Action.LOCK,
    "archived": Action.ARCHIVE,
}


def conversation_create(
    *,
    creator: Participant,
    title: str,
    participants: Sequence[Participant] = (),
    roles: Mapping[UUID, Standing] | None = None,
    **fields: Any,
) -> Conversation:
    """Make a conversation; its creator is the owner (entry 1), ``participants`` come in behind them.

    They are members, unless ``roles`` says otherwise by their ids. Raises InvalidInput and LimitExceeded.
    """
    check_metadata(fields.get("metadata") or {})
    limits.CONVERSATIONS.consume(creator.pk)
    fields.setdefault("max_participants", conf.participants)
    _check_capacity(fields["max_participants"])
    with log.writing():
        conversation = Conversation.objects.create(title=title, **fields)
        others = {participant.pk: participant for participant in participants if participant.pk != creator.pk}
        given = roles or {}
        newcomers = [
            (creator, policy.CREATOR_ROLE),
            *((other, given.get(key, policy.DEFAULT_ROLE)) for key, other in others.items()),
        ]
        audit.record(
            audit.Action.CONVERSATION_CREATED,
            actor=creator,
            target=conversation,
            conversation=conversation,
            visibility=conversation.visibility,
            history=conversation.history,
        )
        memberships.admit(conversation, newcomers, by=creator)
    return conversation


def _check_capacity(maximum: int) -> None:
    if not 1 <= maximum <= conf.participants_ceiling:
        raise InvalidInput.field("max_participants", f"Choose a number from 1 to {conf.participants_ceiling}.")


@audit.watched("actor")
def conversation_update(*, actor: Participant, conversation_id: UUID, **changes: Any) -> Conversation:
    """Change fields of :data:`FIELDS`, each by its own right; one entry tells what really changed."""
    if "metadata" in changes:
        check_metadata(changes["metadata"])
    if "max_participants" in changes:
        _check_capacity(changes["max_participants"])
    with log.writing():
        conversation = log.lock(conversation_id)
        situation = memberships.situation_of(conversation, actor)
        if changes.get("archived") is False:  # decided as if it were done: other changes may come along
            situation = replace(situation, archived=False)
        for action in sorted({FIELDS[name] for name in changes}):
            policy.require(action, situation)
        apply(conversation, changes, by=actor)
    return conversation


@audit.watched("actor")
def conversation_delete(*, actor: Participant, conversation_id: UUID) -> None:
    """Delete a conversation with its log; every socket on it is told."""
    with log.writing():
        conversation = log.lock(conversation_id)
        policy.require(Action.DELETE, memberships.situation_of(conversation, actor))
        erase(conversation, by=actor)


def erase(conversation: Conversation, *, by: Participant) -> None:
    """Delete a locked conversation with its log. Asks no policy."""
    audit.record(
        audit.Action.CONVERSATION_DELETED,
        actor=by,
        target=conversation,
        conversation=conversation,
        entries=conversation.last_sequence,
    )
    publish.publish_on_commit(publish.Control(conversation=conversation.pk))
    amend.erase(conversation)
