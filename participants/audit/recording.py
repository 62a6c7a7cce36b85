"""Writing the audit log."""

import inspect
import ipaddress
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import structlog
from django.db import models, transaction

from participants import addresses, limits
from participants.audit.actions import Action
from participants.errors import ChatError, Forbidden
from participants.models import AuditEvent

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")
Target = models.Model | Sequence[models.Model] | None
Someone = models.Model | UUID | None

_CODE = re.compile(r"[a-z0-9_.:-]{1,64}")
_is_watched: ContextVar[bool] = ContextVar("audit_is_watched", default=False)


def record(
    action: Action,
    *,
    actor: Someone,
    target: Target = None,
    conversation: Someone = None,
    result: str = AuditEvent.OK,
    **data: Any,
) -> None:
    """Write one row (one a target, where there are several) in the transaction in hand.

    ``data`` takes ids, codes, numbers and times. Raises ValueError for anything that could be somebody's words.
    """
    targets = [target] if target is None or isinstance(target, models.Model) else target
    common: dict[str, Any] = {
        "action": action.value,
        "actor": _id(actor),
        "conversation": _id(conversation),
        "result": result,
        "data": {name: _plain(value) for name, value in data.items()},
        **_context(),
    }
    AuditEvent.objects.bulk_create(AuditEvent(target_kind=_kind(row), target=_id(row), **common) for row in targets)


def refused(action: Action, *, sample: str | None = None, **about: Any) -> None:
    """Write a row about a refusal, in a transaction of its own; with ``sample`` at most one a minute for that key.

    Never raises: whoever is refused is told why, whether or not it could be noted.
    """
    try:
        if sample is None or limits.is_first_in(60, f"{action.value}:{sample}"):
            with transaction.atomic():
                record(action, result=AuditEvent.REFUSED, **about)
    except Exception:
        logger.exception("audit row not written", extra={"action": action.value})


def denied(command: str, *, actor: Someone, conversation: Someone = None, error: ChatError) -> None:
    """Note that a command was refused for want of a right (sampled)."""
    sample = f"{_id(actor)}:{_id(conversation)}:{command}:{error.code}"
    refused(
        Action.PERMISSION_DENIED,
        sample=sample,
        actor=actor,
        conversation=conversation,
        command=command,
        code=error.code,
    )


def limit_exceeded(scope: str, parts: Sequence[Any]) -> None:
    """Note that a limit was reached (sampled); ``parts`` is what it counts for."""
    actor = parts[0] if parts and isinstance(parts[0], UUID) else None
    conversation = parts[1] if len(parts) > 1 and isinstance(parts[1], UUID) else None
    sample = ":".join(map(str, (scope, *parts)))
    refused(Action.LIMIT_EXCEEDED, sample=sample, actor=actor, conversation=conversation, scope=scope)


@contextmanager
def watching(command: str, *, actor: Someone, conversation: Someone = None) -> Iterator[None]:
    """Note what inside is refused for want of a right, once it is rolled back.

    Only the outermost one does: what is inside a transaction would be rolled back along with it.
    """
    if _is_watched.get():
        yield
        return
    token = _is_watched.set(True)
    try:
        yield
    except Forbidden as error:
        denied(command, actor=actor, conversation=conversation, error=error)
        raise
    finally:
        _is_watched.reset(token)


def watched(
    actor: str, conversation: str | None = "conversation_id"
) -> Callable[[Callable[Arguments, Returned]], Callable[Arguments, Returned]]:
    """Mark a service that asks for rights; names are those of its parameters (see :func:`watching`)."""

    def decorate(service: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
        signature = inspect.signature(service)

        @wraps(service)
        def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
            if _is_watched.get():
                return service(*args, **kwargs)
            given = signature.bind_partial(*args, **kwargs).arguments
            with watching(
                service.__name__, actor=given.get(actor), conversation=given.get(conversation) if conversation else None
            ):
                return service(*args, **kwargs)

        return call

    return decorate


def _context() -> dict[str, str]:
    bound = structlog.contextvars.get_contextvars()
    return {
        "request_id": str(bound.get("request_id") or bound.get("connection_id") or "")[:64],
        "address": _address(addresses.current.get()),
    }


def _address(raw: str) -> str:
    """An address in its one spelling; what is none is not kept, since anybody may have written it."""
    try:
        address = ipaddress.ip_address(raw.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _id(row: Any) -> UUID | None:
    key = getattr(row, "pk", row)
    return key if isinstance(key, UUID) else None


def _kind(row: models.Model | None) -> str:
    return row._meta.model_name or "" if row is not None else ""


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in sorted(value, key=str)]
    if isinstance(value, str) and _CODE.fullmatch(value):
        return str(value)
    raise ValueError("The audit log takes ids, codes, numbers and times only.")
