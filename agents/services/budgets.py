"""Tokens of a day: reserved before a run asks its model, settled when it has ended. In the caller's transaction."""

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.db.models import F, Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from agents.conf import conf
from agents.models import AgentRun, Scope, TokenBudget, TokenUse

SITE = UUID(int=0)
_DEFAULTS: dict[str, Callable[[], int]] = {
    Scope.SITE: lambda: conf.site_tokens,
    Scope.CONVERSATION: lambda: conf.conversation_tokens,
    Scope.PARTICIPANT: lambda: conf.participant_tokens,
}


def tokens_reserve(run: AgentRun, tokens: int) -> bool:
    """Set ``tokens`` aside in each scope; False, and nothing set aside, where a budget does not allow it."""
    uses = [_use(scope, target, _day(run)) for scope, target in _scopes(run)]
    for use in uses:
        limit = budget_of(use.scope, use.target)
        if limit and use.used + use.reserved + tokens > limit:
            return False
    TokenUse.objects.filter(pk__in=[use.pk for use in uses]).update(reserved=F("reserved") + tokens)
    run.reserved_tokens = tokens
    return True


def tokens_settle(run: AgentRun, tokens: int) -> None:
    """Take what the run has cost for what was set aside for it."""
    if not run.reserved_tokens:
        return
    for scope, target in _scopes(run):
        TokenUse.objects.filter(scope=scope, target=target, day=_day(run)).update(
            used=F("used") + tokens, reserved=Greatest(F("reserved") - run.reserved_tokens, Value(0))
        )
    run.reserved_tokens = 0


def budget_of(scope: str, target: UUID) -> int:
    """The tokens a day of one: its own line, else that of all, else the setting; 0 is without a bound."""
    rows = TokenBudget.objects.filter(Q(target=target) | Q(target=None), scope=scope)
    lines = dict(rows.values_list("target", "tokens_a_day"))
    return lines.get(target, lines.get(None, _DEFAULTS[scope]()))


def _scopes(run: AgentRun) -> list[tuple[str, UUID]]:
    """Always in this order, which is the order of their locks."""
    scopes: list[tuple[str, UUID]] = [(Scope.CONVERSATION, run.conversation_id)]
    if run.requested_by_id is not None:
        scopes.append((Scope.PARTICIPANT, run.requested_by_id))
    return [*scopes, (Scope.SITE, SITE)]


def _day(run: AgentRun) -> dt.date:
    return (run.started_at or timezone.now()).date()


def _use(scope: str, target: UUID, day: dt.date) -> TokenUse:
    """The row of a scope, locked."""
    TokenUse.objects.bulk_create([TokenUse(scope=scope, target=target, day=day)], ignore_conflicts=True)
    return TokenUse.objects.select_for_update(no_key=True).get(scope=scope, target=target, day=day)
