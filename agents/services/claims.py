"""Whose a run is: claimed by one worker under a lease, renewed while it lives, taken over when it does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from agents.conf import conf
from agents.errors import RunLost
from agents.lifecycle import Happening, Status, after
from agents.models import OPEN, AgentRun
from conversations import log
from conversations.models import Conversation, Membership

TAKEN_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is one's own, until somebody else's ``attempt`` is newer."""

    run: UUID
    attempt: int


def runs_claim(*, worker: str, limit: int) -> list[Claim]:
    """Make up to ``limit`` runs the worker's: queued ones whose turn it is, and those whose worker is dead."""
    if not _claimable().exists():  # a poll takes no lock
        return []
    with log.writing():
        rows = _claimable().select_for_update(skip_locked=True, no_key=True, of=("self",))
        claims = [_claim(run, worker) for run in rows.order_by("created_at")[: min(limit, TAKEN_AT_ONCE)]]
    return [claim for claim in claims if claim is not None]


def runs_refused() -> list[UUID]:
    """Runs that were one too many as they were queued; :func:`agents.services.steps.run_refuse` ends them."""
    rows = AgentRun.objects.filter(status=Status.QUEUED).exclude(error_code="").order_by("created_at")
    return list(rows.values_list("pk", flat=True)[:TAKEN_AT_ONCE])


def _claimable() -> QuerySet[AgentRun]:
    earlier = AgentRun.objects.filter(
        agent=OuterRef("agent"),
        conversation=OuterRef("conversation"),
        status__in=OPEN,
        error_code="",
        created_at__lt=OuterRef("created_at"),
    )
    turn = Q(status=Status.QUEUED, error_code="") & ~Exists(earlier)
    return AgentRun.objects.filter(turn | Q(status=Status.RUNNING, lease_until__lt=timezone.now()))


def _claim(run: AgentRun, worker: str) -> Claim | None:
    now = timezone.now()
    happening = Happening.CLAIM if run.status == Status.QUEUED else Happening.TAKE_OVER
    run.status = after(Status(run.status), happening)
    run.attempt += 1
    run.worker = worker
    run.started_at = run.started_at or now
    run.heartbeat_at, run.lease_until = now, _lease(now)
    try:
        with transaction.atomic():
            run.save(update_fields=["status", "attempt", "worker", "started_at", "heartbeat_at", "lease_until"])
    except IntegrityError:  # its agent began another one here at this moment
        return None
    return Claim(run.pk, run.attempt)


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=conf.lease_seconds)


def own(claim: Claim) -> AgentRun:
    """The run of a claim, locked until the transaction ends. Raises RunLost."""
    rows = AgentRun.objects.select_related("agent__participant").select_for_update(no_key=True, of=("self",))
    run = rows.filter(pk=claim.run).first()
    if run is None or run.status != Status.RUNNING or run.attempt != claim.attempt:
        raise RunLost
    return run


def runs_lost(attempts: Mapping[UUID, int]) -> set[UUID]:
    """Which of these runs, each with the attempt that it is, are no longer one's own: one query."""
    rows = AgentRun.objects.filter(pk__in=list(attempts), status=Status.RUNNING).order_by()
    held = {pk for pk, attempt in rows.values_list("pk", "attempt") if attempts[pk] == attempt}
    return attempts.keys() - held


def runs_unwelcome(runs: Sequence[UUID]) -> list[UUID]:
    """Which of these runs may have to end: their agent is out, or somebody came who reads less. One query."""
    members = Membership.objects.filter(conversation=OuterRef("conversation")).order_by()
    newest = members.values("conversation").annotate(joined=Max("joined_sequence")).values("joined")
    rows = AgentRun.objects.filter(pk__in=runs).annotate(
        is_in=Exists(members.filter(participant=OuterRef("agent"), participant__is_active=True)),
        newest=Subquery(newest),
        history=F("conversation__history"),
    )
    return [
        run.pk
        for run in rows
        if not run.is_in
        or (run.history == Conversation.History.FROM_JOIN and run.newest > run.context.get("readable_from", run.newest))
    ]


def leases_renew(*, worker: str, runs: Mapping[UUID, int]) -> None:
    """Hold on to these runs: one statement."""
    now = timezone.now()
    with log.writing():
        rows = AgentRun.objects.filter(pk__in=list(runs), worker=worker, status=Status.RUNNING)
        rows.update(heartbeat_at=now, lease_until=_lease(now))


def run_release(*, claim: Claim) -> None:
    """Let go of a run that has not ended: whoever looks next takes it over."""
    with log.writing():
        rows = AgentRun.objects.filter(pk=claim.run, attempt=claim.attempt, status=Status.RUNNING)
        rows.update(lease_until=timezone.now() - timedelta(seconds=1))
