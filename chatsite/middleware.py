"""What every HTTP answer gets: a request id in the logs, security headers, problem+json for programs."""

import math
import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware

from chatsite.errors import error_for_status
from participants import addresses, limits
from participants.authentication import refuse_token_in_url
from participants.errors import ChatError
from participants.problems import problem_response, request_id, wants_json

GetResponse = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"


# Whoever reads the logs must not be able to accept an invitation or reset a password.
SECRET_IN_PATH = re.compile(r"(?<=/v1/invitations/)[^/]+|(?<=/i/)[^/]+|(?<=/reset/).+")
MASK = "***"


class RequestContextMiddleware(RequestMiddleware):
    """django-structlog's, in one thread hop with the rest, and without query strings in the logs."""

    async_capable = False

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Method and path; what follows the ``?``, and keys that are part of a path, may be secret."""
        return f"{request.method} {SECRET_IN_PATH.sub(MASK, request.path)}"


class HeadersMiddleware:
    """Headers that Django has no setting for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add them, but for what the view chose itself."""
        limits.latest.set(None)
        address = addresses.current.set(addresses.of_request(request.META))
        try:
            response = self.get_response(request)
        finally:
            addresses.current.reset(address)
        if allowance := limits.latest.get():
            response.headers["X-RateLimit-Limit"] = str(allowance.limit)
            response.headers["X-RateLimit-Remaining"] = str(allowance.remaining)
            response.headers["X-RateLimit-Reset"] = str(math.ceil(allowance.reset))
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path_info.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        if request_id():
            response.headers.setdefault("X-Request-ID", request_id() or "")
        return response


# A UUID may be written with either case (RFC 9562, section 4); routes know the lower one.
UUID_SEGMENT = re.compile(r"(?<=/)[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?=/|$)")


class PathMiddleware:
    """One spelling of a path: ``/x/`` answers like ``/x``, and ids may be in capitals. The admin keeps its slashes."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Rewrite the path before routes are looked at."""
        path = request.path_info = UUID_SEGMENT.sub(lambda found: found[0].lower(), request.path_info)
        if path.endswith("/") and not path.startswith((f"/{settings.ADMIN_PATH}", "/static/")):
            request.path_info = path.rstrip("/") or "/"
        return self.get_response(request)


class ProblemMiddleware:
    """Refusals made outside of DRF (no such route, wrong method, a crash) become problem+json for programs too."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse tokens in URLs; translate what comes back."""
        try:
            refuse_token_in_url(request.GET)
        except ChatError as error:
            return problem_response(error)
        response = self.get_response(request)
        if response.status_code < 400 or "json" in response.get("Content-Type", "") or not wants_json(request):
            return response
        if not (error_found := error_for_status(response.status_code)):
            return response
        problem = problem_response(error_found)
        if "Allow" in response:
            problem["Allow"] = response["Allow"]
        return problem
