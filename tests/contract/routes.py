"""The route table as it is, each with a concrete address and the methods it takes."""

import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, get_resolver

OPEN = {  # what the contract leaves open, as far as it is an API
    "/api/v1/auth/register",
    "/api/v1/auth/token",
    "/api/v1/auth/token/refresh",
    "/api/v1/auth/logout",
    "/api/v1/auth/guest",
    "/api/v1/invitations/{token}",
    "/api/schema",
    "/api/docs",
    "/api/redoc",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Route(NamedTuple):
    """One address of the API: ``template`` has names in braces, ``path`` is one that fits."""

    template: str
    path: str
    methods: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return self.template in OPEN


def _patterns(entries: Any, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in entries:
        if isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry
        else:
            yield from _patterns(entry.url_patterns, prefix + str(entry.pattern))


def _methods(callback: Any) -> tuple[str, ...]:
    if actions := getattr(callback, "actions", None):
        return tuple(method.upper() for method in actions)
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    return tuple(method for method in METHODS if hasattr(view, method.lower()))


def api_routes() -> list[Route]:
    """Every route below /api and /chat, but for the scripts of the documentation's pages."""
    found = []
    for pattern, entry in _patterns(get_resolver().url_patterns, "/"):
        if pattern.startswith(("/api/", "/chat/")) and not pattern.endswith(".js"):
            template = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", pattern)
            path = re.sub(r"<uuid:\w+>", lambda _: str(uuid.uuid4()), pattern)
            path = re.sub(r"<int:\w+>", "1", re.sub(r"<(?:\w+:)?\w+>", "x", path))
            found.append(Route(template, path, _methods(entry.callback)))
    return found


ROUTES = api_routes()
CLOSED = [route for route in ROUTES if not route.is_open]
EVERY_METHOD = [(method, route) for route in ROUTES for method in route.methods]


def name_of(value: Any) -> str | None:
    """How a test about a route is called."""
    return value.template if isinstance(value, Route) else None
