"""How the OpenAPI document is made: credentials, lists, refusals. Loaded only when it is asked for or made."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import is_list_serializer
from drf_spectacular.utils import Direction, OpenApiResponse, inline_serializer
from rest_framework import serializers as drf
from rest_framework.permissions import AllowAny

from participants.serializers import ProblemSerializer

PROBLEM_TYPE = "application/problem+json"
PROBLEM = OpenApiResponse(ProblemSerializer, description="Refused; `code` says why.")

PAGES: set[str] = set()


def page_of(name: str, row: type[drf.Serializer[Any]]) -> drf.Serializer[Any]:
    """The shape of a list: ``{<name>, total, limit, offset}``, its rows those of another serializer."""
    title = f"{row.__name__.removesuffix('Serializer')}Page"
    PAGES.add(title)
    page: drf.Serializer[Any] = inline_serializer(
        title,
        {
            name: row(many=True),
            "total": drf.IntegerField(help_text="All there are, on this page or not."),
            "limit": drf.IntegerField(),
            "offset": drf.IntegerField(),
        },
    )
    return page


class Schema(AutoSchema):
    """What every route has in common need not be said at each: lists in their envelope, refusals as problems."""

    def get_summary(self) -> str:
        """The first line of what the method says of itself."""
        return (super().get_description() or "").partition("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """The rest of it."""
        return (super().get_description() or "").partition("\n")[2].strip()

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Without a shape (for a name): whether it is a list. Of a shape: whether to wrap it, as none here is."""
        if serializer is not None:
            return bool(is_list_serializer(serializer))
        shape: Any = self.get_response_serializers()
        if isinstance(shape, dict):
            shape = shape.get(200)
        return type(shape).__name__ in PAGES

    def _get_response_for_code(
        self, serializer: Any, status_code: str, media_types: Any = None, direction: Direction = "response"
    ) -> Any:
        if isinstance(serializer, OpenApiResponse) and serializer.response is ProblemSerializer:
            media_types = [PROBLEM_TYPE]
        return super()._get_response_for_code(serializer, status_code, media_types, direction)

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for code in self._refusals():
            if code not in bodies:
                bodies[code] = self._get_response_for_code(PROBLEM, code, direction=direction)
        return dict(sorted(bodies.items()))

    def _refusals(self) -> list[str]:
        """Those that any route of this kind may answer with."""
        is_open = all(isinstance(permission, AllowAny) for permission in self.view.get_permissions())
        has_id = "{" in self.path
        return ["400", *([] if is_open else ["401"]), *(["404"] if has_id else []), "429", "500", "503"]


class BearerScheme(OpenApiAuthenticationExtension):
    """``Authorization: Bearer <access>``."""

    target_class = "participants.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """RFC 6750."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class SessionScheme(OpenApiAuthenticationExtension):
    """The browser's session; unsafe methods need the CSRF token too."""

    target_class = "participants.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The cookie."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
