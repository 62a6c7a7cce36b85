"""Starting and stopping runs by hand."""

from uuid import UUID

from django.conf import settings

from agents.errors import BUSY
from agents.lifecycle import ENDS, Status
from agents.models import Agent, AgentRun
from agents.services import steps, triggers
from conversations import log, policy
from conversations.models import Event, Membership
from conversations.policy import Action
from conversations.services.memberships import find_membership, situation_of
from conversations.services.sends import message_send
from participants import audit
from participants.errors import Conflict, InvalidInput, NotFound, Unavailable
from participants.models import Participant


@audit.watched("actor")
def run_start(*, actor: Participant, conversation_id: UUID, agent: Agent, content: str | None = None) -> AgentRun:
    """Let an agent answer: what is said with ``content``, or else the newest message.

    Raises NotFound, Forbidden as the policy says, InvalidInput for an agent that is not in, Conflict ``agent_busy``,
    what :func:`message_send` raises, Unavailable ``agents_off``.
    """
    if settings.AGENTS == "off":
        raise Unavailable("Agents are switched off on this site.", code="agents_off")
    _require_startable(actor, conversation_id, agent)
    said = None
    if content is not None:
        said = message_send(author=actor, conversation_id=conversation_id, content=content).event.sequence
    with log.writing():
        conversation = log.lock(conversation_id)
        policy.require(Action.START_RUN, situation_of(conversation, actor))
        own = AgentRun.objects.filter(agent=agent, conversation=conversation)
        if said is not None and (started := own.filter(trigger_sequence=said).first()):
            return started  # what was said has started it already
        if triggers.is_full(agent.pk, conversation):
            raise Conflict(BUSY[1], code=BUSY[0])
        if said is None:
            membership = Membership.objects.get(conversation=conversation, participant=actor)
            rows = Event.objects.visible_to(membership, conversation).messages().filter(deleted_at=None)
            said = rows.order_by("-sequence").values_list("sequence", flat=True).first()
        return triggers.run_queue(agent.pk, conversation, trigger=said, requested_by=actor.pk)


def _require_startable(actor: Participant, conversation_id: UUID, agent: Agent) -> None:
    """Raise unless a run may be started and has a place, before anything is said for it."""
    with log.writing():
        conversation = log.lock(conversation_id)
        policy.require(Action.START_RUN, situation_of(conversation, actor))
        if find_membership(conversation, agent.pk) is None:
            raise InvalidInput.field("agent", "This agent is not in the conversation. Add it first.", "not_found")
        if triggers.is_full(agent.pk, conversation):
            raise Conflict(BUSY[1], code=BUSY[0])


@audit.watched("actor")
def run_cancel(*, actor: Participant, run_id: UUID, conversation_id: UUID | None = None) -> AgentRun:
    """Stop a run; one that has ended stays as it is. With ``conversation_id`` it has to be one of that.

    Raises NotFound also for a run that one may not read, Forbidden for somebody else's without the right.
    """
    found = AgentRun.objects.filter(pk=run_id).first()
    if found is None or conversation_id not in {None, found.conversation_id}:
        raise NotFound
    with log.writing():
        conversation = log.lock(found.conversation_id)
        situation = situation_of(conversation, actor)
        if not policy.is_allowed(Action.READ, situation):
            raise NotFound
        run = AgentRun.objects.select_for_update(no_key=True).get(pk=run_id)
        own = run.requested_by_id == actor.pk
        policy.require(Action.CANCEL_OWN_RUN if own else Action.CANCEL_ANY_RUN, situation)
        if Status(run.status) not in ENDS:
            steps.end_cancelled(conversation, run)
    return run
