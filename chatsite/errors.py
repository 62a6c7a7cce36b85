"""Refusals outside of DRF: for programs as problem+json (see the middleware), for people as a page that helps."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from participants.errors import ChatError, Forbidden, InvalidInput, NotFound, TooLarge, UnsupportedMedia
from participants.problems import MethodNotAllowed, problem_response, request_id, wants_json

_BY_STATUS: dict[int, type[ChatError]] = {
    400: InvalidInput,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
    500: ChatError,
}


def error_for_status(status: int) -> ChatError | None:
    """The error that a bare status stands for."""
    kind = _BY_STATUS.get(status)
    if kind is TooLarge:
        return TooLarge("The request is larger than 1 MiB.", code="request_too_large")
    return kind() if kind else None


def _page(request: HttpRequest, error: ChatError) -> HttpResponse:
    if wants_json(request):
        return problem_response(error)
    context = {"error": error, "request_id": request_id(), "sidebar": None}  # which takes a database
    return render(request, "error.html", context, status=error.http_status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _page(request, InvalidInput())


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _page(request, exception if isinstance(exception, ChatError) else Forbidden())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _page(request, NotFound("There is nothing at this address, or nothing that you can see."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return _page(request, ChatError())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came from elsewhere, or from a page that is too old."""
    return _page(request, Forbidden("This page is too old. Go back, reload it, and try again.", code="csrf_failed"))
