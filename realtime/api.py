"""REST of this app: the stream of a conversation."""

import uuid
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers as drf
from rest_framework.request import Request
from rest_framework.views import APIView

from participants import addresses, limits
from participants.api import query
from participants.authentication import SignedInRequest
from participants.errors import InvalidInput, Unavailable
from participants.presence import Connection
from participants.schema import PROBLEM
from realtime import replay
from realtime.frames import LARGEST
from realtime.hub import hub
from realtime.streams import OVER, START, Start

LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID", int, OpenApiParameter.HEADER, description="The last number one has; wins over `after`."
)
EVENTS = OpenApiResponse(
    OpenApiTypes.STR,
    description="`event:` is a frame's type, `data:` the frame, `id:` its number if it has one. See docs/protocol.md.",
)


class StreamQuery(drf.Serializer[None]):
    """Where a stream starts."""

    after = drf.IntegerField(
        min_value=0, max_value=LARGEST, required=False, help_text="Entries behind this number; else from now."
    )


class StreamView(APIView):
    """A conversation as server-sent events."""

    http_method_names = ["get", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Note how often access has changed before anybody asks who this is."""
        self.since = hub.controls
        super().initial(request, *args, **kwargs)

    @extend_schema(
        parameters=[StreamQuery, LAST_EVENT_ID],
        responses={(200, "text/event-stream"): EVENTS, 403: PROBLEM, 404: PROBLEM, 429: PROBLEM},
    )
    def get(self, request: SignedInRequest, pk: UUID) -> HttpResponse:
        """Follow it: what a socket for this conversation gets, entry by entry.

        A stream counts as a socket, and ends as one does: with an event `closing`.
        """
        since = self.since
        cursor = self._cursor(request)
        scope = getattr(request, "scope", None)
        if scope is None or not hub.is_open:
            raise Unavailable
        limits.ADDRESSES.consume(addresses.current.get())
        limits.CONNECTS.consume(request.user.pk)
        connection = Connection(hub.process, uuid.uuid4().hex, request.user.pk, str(pk))
        found = replay.open_socket(connection, request.user, pk)
        if found is None:
            raise AssertionError("a conversation was named, and there is no snapshot of it")
        scope[START] = Start(request.auth, connection, found, cursor, since)
        if scope.get(OVER) and scope.pop(START, None):
            hub.handover.add(hub.presence.release, connection)
        return HttpResponse(content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @staticmethod
    def _cursor(request: SignedInRequest) -> int | None:
        raw = request.headers.get("Last-Event-ID", "")
        if not raw:
            after: int | None = query(StreamQuery, request).get("after")
            return after
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 16 and int(raw) <= LARGEST):
            raise InvalidInput.field("Last-Event-ID", "This is not a sequence number.")
        return int(raw)
