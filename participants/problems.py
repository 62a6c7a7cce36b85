"""Refusals as ``application/problem+json`` (RFC 9457), of DRF's views and of everything else."""

import logging
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.views import set_rollback

from participants.encoding import encode
from participants.errors import (
    ChatError,
    FieldError,
    Forbidden,
    InvalidInput,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
)

logger = logging.getLogger(__name__)


class MethodNotAllowed(ChatError):
    """405: the route exists, the method does not."""

    http_status = 405
    default_code = "method_not_allowed"
    default_detail = "This address does not take that method; the Allow header names those it takes."
    title = "Method not allowed"


def request_id() -> str | None:
    """The id of the request in hand, as it stands in the logs."""
    return structlog.contextvars.get_contextvars().get("request_id")


def _field_errors(detail: Any, field: str = "") -> list[FieldError]:
    if isinstance(detail, dict):
        return [e for name, part in detail.items() for e in _field_errors(part, f"{field}.{name}" if field else name)]
    if isinstance(detail, list):
        return [error for part in detail for error in _field_errors(part, field)]
    return [{"field": field or "non_field_errors", "code": getattr(detail, "code", "invalid"), "detail": str(detail)}]


def _invalid(error: exceptions.ValidationError) -> ChatError:
    errors = _field_errors(error.detail)
    first = errors[0]
    return InvalidInput(f"{first['field']}: {first['detail']}", errors=errors)


def as_chat_error(error: Exception) -> ChatError:  # noqa: C901 - a table, one line a kind
    """Any exception of a view as one of our tree; what nobody foresaw is ``internal_error``, its text kept here."""
    match error:
        case ChatError():
            return error
        case exceptions.ValidationError():
            return _invalid(error)
        case exceptions.ParseError():
            return InvalidInput("The body is not what this address reads.", code="invalid_json")
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return NotAuthenticated()
        case exceptions.PermissionDenied():
            csrf = "CSRF" in str(error.detail)
            return Forbidden(
                "Your page is too old for this. Reload it and try again." if csrf else None,
                code="csrf_failed" if csrf else None,
            )
        case Http404() | exceptions.NotFound():
            return NotFound()
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed()
        case exceptions.UnsupportedMediaType():
            return UnsupportedMedia()
        case exceptions.Throttled():
            return LimitExceeded(retry_after=int(getattr(error, "wait", None) or 1))
        case RequestDataTooBig():
            return TooLarge("The request is larger than 1 MiB.", code="request_too_large")
        case OperationalError() | InterfaceError():
            logger.warning("database unavailable", exc_info=error)
            return Unavailable()
        case _:
            logger.error("unexpected error", exc_info=error, extra={"database": isinstance(error, DatabaseError)})
            return ChatError()


def problem_headers(error: ChatError) -> dict[str, str]:
    """The headers that go with a refusal."""
    headers = {}
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return headers


def problem_response(error: ChatError) -> HttpResponse:
    """The same answer for code outside DRF."""
    return HttpResponse(
        encode(error.problem(request_id())),
        status=error.http_status,
        content_type="application/problem+json",
        headers=problem_headers(error),
    )


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """DRF's hook: every refusal of an API view leaves as problem+json, whatever else the view renders."""
    refusal = as_chat_error(error)
    set_rollback()
    response = problem_response(refusal)
    if isinstance(refusal, MethodNotAllowed) and (view := context.get("view")):
        response["Allow"] = ", ".join(view.allowed_methods)
    return response


def wants_json(request: HttpRequest) -> bool:
    """Whether whoever asked is a program: an API path, or no wish for HTML."""
    path = request.path_info
    return path.startswith(("/api/", "/chat/", "/health/", "/metrics")) or "text/html" not in request.headers.get(
        "Accept", ""
    )
