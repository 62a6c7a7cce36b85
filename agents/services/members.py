"""Agents in conversations: they come in and go like anyone, and may be told what triggers them there."""

from uuid import UUID

from agents.models import Agent, AgentPlacement
from conversations.models import Membership
from conversations.services import memberships
from participants.errors import NotFound
from participants.models import Participant


def agent_add(*, actor: Participant, conversation_id: UUID, agent: Agent, trigger: str = "") -> Membership:
    """Bring an agent in; ``trigger`` is what makes it answer here. Raises as :func:`participant_add` does."""
    membership = memberships.participant_add(
        actor=actor, conversation_id=conversation_id, participant=agent.participant
    )
    AgentPlacement.objects.filter(agent=agent, conversation=conversation_id).delete()
    if trigger:
        AgentPlacement.objects.create(agent=agent, conversation_id=conversation_id, trigger=trigger)
    return membership


def agent_remove(*, actor: Participant, conversation_id: UUID, agent_id: UUID) -> None:
    """Take an agent out; what it was doing ends. Raises as :func:`participant_remove` does, NotFound for people."""
    if not Agent.objects.filter(pk=agent_id).exists():
        memberships.require_exists(conversation_id)
        raise NotFound("There is no such agent in this conversation.")
    memberships.participant_remove(actor=actor, conversation_id=conversation_id, participant_id=agent_id)
