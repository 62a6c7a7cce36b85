"""How REST speaks here: parser, renderer, lists. Named in the settings, so nothing of DRF's views may be imported."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db.models import QuerySet
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from participants import json_guard
from participants.encoding import encode
from participants.errors import InvalidInput, TooLarge


class Parser(JSONParser):
    """JSON through the same guard as socket frames."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The decoded body; raises InvalidInput ``invalid_json``."""
        try:
            raw = stream.read()
        except RequestDataTooBig as error:
            raise TooLarge("The request is larger than 1 MiB.", code="request_too_large") from error
        try:
            return json_guard.loads(raw)
        except json_guard.JSONRejected as error:
            raise InvalidInput(error.detail, code="invalid_json") from error


class Renderer(BaseRenderer):
    """JSON by orjson; problems with their own media type."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The body's bytes."""
        return b"" if data is None else encode(data)


class Negotiation(DefaultContentNegotiation):
    """There is one representation: whatever is asked for, JSON is the answer."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The view's first renderer."""
        return renderers[0], renderers[0].media_type


class Pagination(LimitOffsetPagination):
    """``{<plural>, total, limit, offset}``: limit 20, at most 100, and the true total."""

    default_limit = 20
    max_limit = 100

    def get_offset(self, request: Request) -> int:
        """As asked for, as far as JSON numbers go."""
        return min(super().get_offset(request), json_guard.LARGEST_INTEGER)

    def respond(self, name: str, rows: list[dict[str, Any]]) -> Response:
        """The page that was just cut, under ``name``."""
        return Response({name: rows, "total": self.count, "limit": self.limit, "offset": self.offset})

    def page(
        self, queryset: QuerySet[Any], request: Request, name: str, present: Callable[[Any], dict[str, Any]]
    ) -> Response:
        """Cut a page of ``queryset`` and answer with it, each row through ``present``."""
        return self.respond(name, [present(row) for row in self.paginate_queryset(queryset, request) or []])
