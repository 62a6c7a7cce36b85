"""A run from its first entry to its last. Each of these is one transaction under the conversation's lock, in which the
run must still be the caller's: two processes that both think so cannot both write, and nothing is written twice.
"""

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from agents import context, entries, errors, signals
from agents.errors import RunLost
from agents.lifecycle import Happening, IllegalTransition, Status, after
from agents.models import AgentPlacement, AgentRun, AgentRunStep, AgentRunText
from agents.services import budgets, claims, triggers
from agents.services.claims import Claim
from agents.steps import Question, Thinking, ToolCall, ToolResult
from conversations import log, mentions, policy, publish
from conversations.conf import conf as conversations_conf
from conversations.models import Conversation, Event, Membership
from conversations.policy import Action
from participants.errors import NotFound
from participants.presentation import participant_object

logger = logging.getLogger(__name__)

ATTEMPTS = 5
INTERRUPTED = "Interrupted: what executed it ended. It may have had its effect."
ENDED = "The run ended before this did."


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that may go on: what to ask, in which conversation, for how long, as whom."""

    question: Question
    conversation: UUID
    seconds: float
    agent: dict[str, Any]


class Refused(Exception):
    """The run may not go on; ``why`` is a code and a text for people."""

    def __init__(self, why: tuple[str, str]) -> None:
        super().__init__(why[0])
        self.why = why


def _locked(claim: Claim) -> tuple[Conversation, AgentRun]:
    """Both rows, the conversation's first, as everywhere. Raises RunLost."""
    conversation_id = AgentRun.objects.filter(pk=claim.run).values_list("conversation_id", flat=True).first()
    if conversation_id is None:
        raise RunLost
    try:
        conversation = log.lock(conversation_id)
    except NotFound as error:
        raise RunLost from error
    return conversation, claims.own(claim)


def run_begin(*, claim: Claim) -> Begun | None:
    """Begin a run, or go on with one whose worker is dead; None for one that had to end here. Raises RunLost."""
    with log.writing():
        conversation, run = _locked(claim)
        try:
            question = _begin(conversation, run)
        except Refused as refusal:
            _end(conversation, run, Happening.FAIL, refusal.why)
            return None
        passed = (timezone.now() - (run.started_at or run.created_at)).total_seconds()
        seconds = max(0.0, run.agent.run_seconds - passed)
        return Begun(question, conversation.pk, seconds, participant_object(run.agent.participant))


def _begin(conversation: Conversation, run: AgentRun) -> Question:
    if run.attempt > ATTEMPTS:
        raise Refused(errors.LOST)
    _require_welcome(conversation, run)
    found = context.of_run(run, run.agent, conversation)
    if not found.lines or (run.trigger_sequence and found.lines[-1].sequence != run.trigger_sequence):
        raise Refused(errors.NOTHING)
    if not run.reserved_tokens and not budgets.tokens_reserve(run, run.agent.max_tokens):
        raise Refused(errors.BUDGET)
    if not run.steps.exists():
        _append(conversation, run, "", entries.started(run.agent.participant, run.pk, run.trigger_sequence))
    _close_calls(conversation, run, INTERRUPTED)
    run.texts.all().delete()  # a new attempt writes its answer from the beginning
    run.context = found.range | {"readable_from": found.first_readable}
    run.save(update_fields=["context", "reserved_tokens"])
    return _question(conversation, run, found)


def _question(conversation: Conversation, run: AgentRun, found: context.Context) -> Question:
    agent = run.agent
    own = AgentPlacement.objects.filter(agent=agent, conversation=conversation).first()
    return Question(
        run=run.pk,
        agent=agent.pk,
        conversation=conversation.pk,
        provider=agent.provider,
        model=agent.model,
        instructions="\n\n".join(text for text in (agent.instructions, own.instructions if own else "") if text),
        tools=tuple(agent.tools),
        lines=tuple(found.lines),
        first=found.first_readable,
        up_to=found.up_to,
        done=_done(run),
        max_steps=agent.max_steps,
        tool_seconds=float(agent.tool_seconds),
    )


def _require_welcome(conversation: Conversation, run: AgentRun) -> None:
    """Raise Refused where the agent may not write (any more), or somebody may not read what it was shown."""
    rows = Membership.objects.filter(conversation=conversation, participant=run.agent_id, participant__is_active=True)
    membership = rows.first()
    if membership is None or not run.agent.is_enabled:
        raise Refused(errors.REMOVED)
    if refusal := policy.refusal(Action.SEND, membership.situation(conversation)):
        raise Refused((refusal.code, refusal.detail))
    shown_from = run.context.get("readable_from")
    if shown_from is not None and context.first_readable(conversation) > shown_from:
        raise Refused(errors.HIDDEN)


def _done(run: AgentRun) -> tuple[ToolCall | ToolResult, ...]:
    done: list[ToolCall | ToolResult] = []
    for entry in entries_of(run, ("tool_executing", "tool_completed")):
        data = entry.data
        if entry.type == "tool_executing":
            done.append(ToolCall(data["call_id"], data["tool"], data["arguments"], data["purpose"]))
        else:
            done.append(
                ToolResult(data["call_id"], data["tool"], data["result"], data["is_error"], data["duration_ms"])
            )
    return tuple(done)


def entries_of(run: AgentRun, kinds: tuple[str, ...]) -> list[Event]:
    """The entries of a run, in order, as far as they are kept."""
    numbers = run.steps.filter(kind__in=kinds).values("sequence")
    rows = Event.objects.filter(conversation=run.conversation_id, sequence__in=numbers)
    return list(rows.with_people().order_by("sequence"))


def _append(conversation: Conversation, run: AgentRun, key: str, entry: Event) -> None:
    log.append(conversation, entry)
    AgentRunStep.objects.create(run=run, kind=entry.type, key=key, sequence=entry.sequence)


def step_append(*, claim: Claim, step: Thinking | ToolCall | ToolResult, key: str) -> bool:
    """Append a step once; whether it was not there. Raises RunLost, also for a run that had to end here."""
    with log.writing():
        conversation, run = _locked(claim)
        try:
            _require_welcome(conversation, run)
        except Refused as refusal:
            _end(conversation, run, Happening.FAIL, refusal.why)
        else:
            entry = entries.step(run.agent.participant, run.pk, step)
            key = key[: entries.CALL_ID_LENGTH]
            if run.steps.filter(kind=entry.type, key=key).exists():
                return False
            _append(conversation, run, key, entry)
            return True
    raise RunLost


def text_store(*, claim: Claim, offset: int, text: str) -> None:
    """Keep a piece of the text so far. Raises RunLost."""
    with log.writing():
        claims.own(claim)
        AgentRunText.objects.create(run_id=claim.run, offset=offset, text=text)


def texts_forget(*, claim: Claim) -> None:
    """The answer is written anew. Raises RunLost."""
    with log.writing():
        claims.own(claim).texts.all().delete()


def run_check(*, claim: Claim) -> None:
    """End the run if its agent may not go on. Raises RunLost for one that is somebody else's."""
    with log.writing():
        conversation, run = _locked(claim)
        try:
            _require_welcome(conversation, run)
        except Refused as refusal:
            _end(conversation, run, Happening.FAIL, refusal.why)


def run_complete(*, claim: Claim, text: str, model: str, tokens: int | None) -> None:
    """Store the answer, which is the run's last entry. Raises RunLost."""
    with log.writing():
        conversation, run = _locked(claim)
        try:
            _require_welcome(conversation, run)
        except Refused as refusal:
            _end(conversation, run, Happening.FAIL, refusal.why)
            return
        run.tokens = tokens
        run.model = entries.clean(model or run.agent.model)[:200]
        run.response_time_ms = _milliseconds(run)
        answer = entries.answer(
            run.agent.participant, run.pk, text, model=run.model, tokens=tokens, milliseconds=run.response_time_ms
        )
        head = text[: conversations_conf.message_characters]
        mentions.mark(answer, mentions.resolve([mentions.Text(conversation, head, may_call_all=False)])[0])
        _end(conversation, run, Happening.COMPLETE, None, answer)


def run_fail(*, claim: Claim, why: tuple[str, str], tokens: int | None = None) -> None:
    """End a run without an answer. Raises RunLost."""
    with log.writing():
        conversation, run = _locked(claim)
        run.tokens = tokens
        _end(conversation, run, Happening.FAIL, why)


def run_refuse(*, run_id: UUID) -> None:
    """End a run that was queued to be refused, in front of everybody."""
    with log.writing():
        found = AgentRun.objects.filter(pk=run_id).first()
        if found is None:
            return
        conversation = log.lock(found.conversation_id)
        run = AgentRun.objects.select_for_update(no_key=True).get(pk=run_id)
        if run.status == Status.QUEUED:
            _append(conversation, run, "", entries.started(run.agent.participant, run.pk, run.trigger_sequence))
            _end(conversation, run, Happening.FAIL, (run.error_code, run.error_detail))


def end_cancelled(conversation: Conversation, run: AgentRun) -> None:
    """Stop a (locked) run that has not ended."""
    _end(conversation, run, Happening.CANCEL, errors.CANCELLED)


def _end(
    conversation: Conversation,
    run: AgentRun,
    happening: Happening,
    why: tuple[str, str] | None,
    answer: Event | None = None,
) -> None:
    """Give a locked run its end: its status, and the one entry that tells it if it had a beginning."""
    try:
        run.status = after(Status(run.status), happening)
    except IllegalTransition as error:
        raise RunLost from error
    run.ended_at, run.lease_until = timezone.now(), None
    if why is not None:
        run.error_code, run.error_detail = why[0][:40], why[1][:500]
    budgets.tokens_settle(run, _cost(run))
    has_begun = run.steps.exists()
    if not has_begun and happening is Happening.FAIL:
        _append(conversation, run, "", entries.started(run.agent.participant, run.pk, run.trigger_sequence))
        has_begun = True
    if has_begun:
        _close_calls(conversation, run, ENDED)
        entry = answer or entries.failed(run.agent.participant, run.pk, run.error_code, run.error_detail)
        _append(conversation, run, "", entry)
    else:  # it waited, and the log knows nothing of it
        publish.publish_on_commit(triggers.progress_of(run))
    if answer is not None:  # of a run that failed, what was written so far stays to be looked at
        run.texts.all().delete()
    run.save()
    signals.stop_on_commit(run.pk)
    signals.wake_on_commit()  # the next in the queue


def _cost(run: AgentRun) -> int:
    """What the provider counted; without that about a token for four characters that were written."""
    if run.tokens is not None:
        return run.tokens
    last = run.texts.order_by("-offset").first()
    return 0 if last is None else (last.offset + len(last.text)) // 4


def _close_calls(conversation: Conversation, run: AgentRun, result: str) -> None:
    """Complete, as an error, what was executing: no ``tool_executing`` is left without its end."""
    rows = entries_of(run, ("tool_executing", "tool_completed"))
    completed = {row.data["call_id"] for row in rows if row.type == "tool_completed"}
    for row in rows:
        if row.type == "tool_executing" and row.data["call_id"] not in completed:
            step = ToolResult(row.data["call_id"], row.data["tool"], result, is_error=True, duration_ms=0)
            _append(conversation, run, step.call_id, entries.step(run.agent.participant, run.pk, step))


def _milliseconds(run: AgentRun) -> int:
    return int((timezone.now() - (run.started_at or run.created_at)).total_seconds() * 1000)


def queued_runs(limit: int = 100) -> list[tuple[UUID, UUID]]:
    """Runs that wait, each with its conversation: the oldest."""
    rows = AgentRun.objects.filter(status=Status.QUEUED).order_by("created_at").annotate(where=F("conversation_id"))
    return list(rows.values_list("pk", "where")[:limit])
