"""Reads of agents and runs, each with its access rule inside."""

import contextlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from agents import entries, presentation
from agents.lifecycle import Status
from agents.models import OPEN, Agent, AgentPlacement, AgentRun, AgentRunStep, AgentRunText
from conversations.conf import conf
from conversations.models import Conversation, Event, Membership
from conversations.selectors import get_membership_for
from participants.errors import InvalidInput, NotFound
from participants.models import Participant

STEPS = ("agent_thinking", "tool_executing", "tool_completed")


def agents_available() -> QuerySet[Agent]:
    """The agents of this site that can be asked."""
    rows = Agent.objects.filter(is_enabled=True, participant__is_active=True)
    return rows.select_related("participant").order_by("participant__username")


def agents_of(participant: Participant, conversation_id: UUID) -> QuerySet[Any]:
    """The agents in a conversation, each with ``trigger_own``. Raises NotFound, Forbidden ``not_a_participant``."""
    membership = get_membership_for(participant, conversation_id)
    own = AgentPlacement.objects.filter(conversation=membership.conversation, agent=OuterRef("pk"))
    rows = agents_available().filter(participant__memberships__conversation=membership.conversation)
    return rows.annotate(trigger_own=Subquery(own.values("trigger")[:1]))


def get_agent(name: str, field: str = "agent") -> Agent:
    """The agent of an id or username. Raises InvalidInput ``not_found``."""
    match = Q(participant__username__iexact=name)
    with contextlib.suppress(ValueError):
        match |= Q(pk=UUID(name))
    agent = agents_available().filter(match).first()
    if agent is None:
        raise InvalidInput.field(field, "There is no such agent.", "not_found")
    return agent


def _visible(rows: QuerySet[AgentRun], membership: Membership) -> QuerySet[AgentRun]:
    """Those that began, or were asked for, where the member may read."""
    begun = AgentRunStep.objects.filter(run=OuterRef("pk")).order_by("sequence").values("sequence")[:1]
    place = Coalesce(Subquery(begun), F("trigger_sequence"), F("conversation__last_sequence"))
    return rows.annotate(place=place).filter(place__gte=membership.first_visible(membership.conversation))


def runs_of(participant: Participant, conversation_id: UUID) -> QuerySet[AgentRun]:
    """The runs of a conversation that one may read, newest first. Raises NotFound, Forbidden."""
    membership = get_membership_for(participant, conversation_id)
    rows = AgentRun.objects.filter(conversation=membership.conversation).select_related("agent__participant")
    return _visible(rows, membership).order_by("-created_at")


def get_run_for(participant: Participant, run_id: UUID) -> AgentRun:
    """One run; NotFound also for what one may not read."""
    row = AgentRun.objects.filter(pk=run_id).values_list("conversation_id", flat=True).first()
    membership = Membership.objects.filter(conversation=row, participant=participant).select_related("conversation")
    if row is None or (found := membership.first()) is None:
        raise NotFound
    rows = AgentRun.objects.filter(pk=run_id).select_related("agent__participant")
    run = _visible(rows, found).first()
    if run is None:
        raise NotFound
    return run


def run_objects(runs: Iterable[AgentRun], *, whole: bool = False) -> list[dict[str, Any]]:
    """Runs as REST shows them: three queries for all of them."""
    rows = list(runs)
    kept = AgentRunStep.objects.filter(run__in=rows).order_by("sequence")
    numbers: dict[UUID, list[int]] = {row.pk: [] for row in rows}
    for step in kept:
        numbers[step.run_id].append(step.sequence)
    found = _entries({row.conversation_id: [] for row in rows}, numbers, rows)
    texts: dict[UUID, str] = {}
    for piece in AgentRunText.objects.filter(run__in=rows).order_by("offset"):
        texts[piece.run_id] = texts.get(piece.run_id, "") + piece.text
    return [_shown(row, found.get(row.pk, []), texts.get(row.pk, ""), whole=whole) for row in rows]


def _entries(
    wanted: dict[UUID, list[int]], numbers: dict[UUID, list[int]], rows: list[AgentRun]
) -> dict[UUID, list[Event]]:
    """The entries of each run."""
    of_run: dict[tuple[UUID, int], UUID] = {}
    for row in rows:
        wanted[row.conversation_id].extend(numbers[row.pk])
        of_run |= {(row.conversation_id, number): row.pk for number in numbers[row.pk]}
    found: dict[UUID, list[Event]] = {}
    for conversation, sequences in wanted.items():  # a page of runs is of one conversation
        events = Event.objects.filter(conversation=conversation, sequence__in=sequences)
        for event in events.with_people().order_by("sequence"):
            found.setdefault(of_run[conversation, event.sequence], []).append(event)
    return found


def _shown(run: AgentRun, events: list[Event], text: str, *, whole: bool) -> dict[str, Any]:
    answer = next((event for event in events if event.is_message), None)
    if answer is not None:
        text = answer.content  # empty once it was deleted
    return presentation.run_object(run, [event for event in events if event.type in STEPS], text, whole=whole)


def running_in(conversation: Conversation) -> list[dict[str, Any]]:
    """The runs of a conversation that have not ended, with the end of their texts as far as they are kept."""
    if not conversation.has_agents:
        return []
    rows = AgentRun.objects.filter(conversation=conversation, status__in=OPEN, error_code="")
    runs = list(rows.select_related("agent__participant").order_by("created_at"))
    return [presentation.running_object(run, *_end_of_text(run)) for run in runs]


def _end_of_text(run: AgentRun) -> tuple[int, str]:
    pieces: list[AgentRunText] = []
    size = 0
    for piece in run.texts.order_by("-offset")[:100]:
        pieces.append(piece)
        size += len(piece.text)
        if size >= conf.cut_bytes:
            break
    if not pieces:
        return 0, ""
    text = entries.tail("".join(piece.text for piece in reversed(pieces)))
    return pieces[0].offset + len(pieces[0].text) - len(text), text


def runs_open() -> tuple[int, int, float | None]:
    """How many runs wait and are executed, and the seconds that the oldest of those that wait has waited."""
    waiting, running = Q(status=Status.QUEUED), Q(status=Status.RUNNING)
    found = AgentRun.objects.filter(status__in=OPEN).aggregate(
        queued=Count("pk", filter=waiting), running=Count("pk", filter=running), since=Min("created_at", filter=waiting)
    )
    oldest = None if found["since"] is None else round((timezone.now() - found["since"]).total_seconds(), 1)
    return found["queued"], found["running"], oldest
