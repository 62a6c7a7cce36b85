"""REST of logs as files: taking them away, and bringing them in."""

from typing import IO, Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import exports, selectors, serializers
from conversations.services.imports import conversation_import
from participants import audit
from participants.api import query
from participants.authentication import SignedInRequest
from participants.errors import TooLarge
from participants.rest import Parser
from participants.schema import PROBLEM
from participants.streaming import streamed

LINES = "application/x-ndjson"


class LinesParser(BaseParser):
    """JSON lines, each read later."""

    media_type = LINES

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The lines."""
        try:
            return stream.read().splitlines()
        except RequestDataTooBig as error:
            raise TooLarge("The request is larger than 1 MiB.", code="request_too_large") from error


class JsonLinesParser(LinesParser):
    """The same, called otherwise."""

    media_type = "application/jsonl"


class ExportView(APIView):
    """A log as a file."""

    @extend_schema(
        parameters=[serializers.ExportQuery],
        responses={
            (200, LINES): OpenApiResponse(OpenApiTypes.BINARY, description="The log, one JSON object a line."),
            403: PROBLEM,
            404: PROBLEM,
        },
    )
    def get(self, request: SignedInRequest, pk: UUID) -> StreamingHttpResponse:
        """As far as one may read it: `jsonl` without loss, `markdown` for people."""
        form = query(serializers.ExportQuery, request)["format"]
        membership = selectors.get_membership_for(request.user, pk)
        audit.record(audit.Action.LOG_EXPORTED, actor=request.user, target=membership.conversation, conversation=pk)
        if form == "markdown":
            return streamed(exports.markdown(membership), "text/markdown; charset=utf-8", f"{pk}.md")
        return streamed(exports.json_lines(membership), LINES, f"{pk}.jsonl")


class ImportView(APIView):
    """A file as a log."""

    parser_classes = [LinesParser, JsonLinesParser, Parser]

    @extend_schema(
        request={LINES: OpenApiTypes.BINARY},
        responses={201: serializers.DetailSerializer, 400: PROBLEM, 403: PROBLEM, 409: PROBLEM},
    )
    def post(self, request: SignedInRequest) -> Response:
        """Make an equal log; for the staff of the site. Larger ones: `manage.py import_conversation`."""
        lines = request.data if isinstance(request.data, list) else []
        conversation = conversation_import(importer=request.user, lines=lines)
        answer = selectors.conversation_detail(request.user, conversation.pk)
        return Response(answer, status=status.HTTP_201_CREATED)


class OwnDataView(APIView):
    """What is kept of oneself."""

    @extend_schema(responses={(200, LINES): OpenApiResponse(OpenApiTypes.BINARY, description="JSON lines.")})
    def get(self, request: SignedInRequest) -> StreamingHttpResponse:
        """Account, memberships, and everything one has said."""
        return streamed(exports.own_data(request.user), LINES, "my-data.jsonl")
