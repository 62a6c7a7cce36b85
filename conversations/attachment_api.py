"""REST of what is beside the log: files, drafts and figures."""

from uuid import UUID

from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import presentation, selectors, serializers, statistics
from conversations.files import DOWNLOAD, FORMATS, THUMBNAIL_TYPE
from conversations.models import Attachment
from conversations.services import attachments, drafts
from participants.api import validated
from participants.authentication import SignedInRequest
from participants.errors import Forbidden, NotFound
from participants.schema import PROBLEM

FILE = OpenApiResponse(OpenApiTypes.BINARY, description="The file itself.")
# A page of ours shows pictures; whatever else a file may be, opened by itself it can do nothing.
POLICY = "default-src 'none'; sandbox"


def file_response(stored: str, content_type: str, name: str) -> HttpResponse:
    """A file from the storage: pictures that were written here are shown, anything else is a download."""
    shown = content_type in {*FORMATS.values(), THUMBNAIL_TYPE}
    try:
        with default_storage.open(stored) as file:
            response = HttpResponse(file.read(), content_type=content_type if shown else DOWNLOAD)
    except FileNotFoundError as error:
        raise NotFound from error
    response["Content-Disposition"] = content_disposition_header(not shown, name) or "attachment"
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    return response


class AttachmentListView(APIView):
    """Files of a conversation."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": serializers.UploadSerializer},
        responses={201: serializers.AttachmentSerializer, 403: PROBLEM, 404: PROBLEM, 413: PROBLEM, 415: PROBLEM},
    )
    def post(self, request: SignedInRequest, pk: UUID) -> Response:
        """Upload one, to be sent with a message later."""
        body = validated(serializers.UploadSerializer, request)
        made = attachments.attachment_create(uploader=request.user, conversation_id=pk, file=body["file"])
        return Response(
            presentation.attachment_object(presentation.attachment_row(made)), status=status.HTTP_201_CREATED
        )


class AttachmentView(APIView):
    """One file."""

    @extend_schema(responses={(200, "application/octet-stream"): FILE, 404: PROBLEM})
    def get(self, request: SignedInRequest, attachment_id: UUID) -> HttpResponse:
        """For whoever may read its message now."""
        row = selectors.get_attachment_for(request.user, attachment_id)
        return file_response(str(row.file), row.content_type if row.width else DOWNLOAD, row.name)


class ThumbnailView(APIView):
    """The small form of a picture."""

    @extend_schema(responses={(200, "image/webp"): FILE, 404: PROBLEM})
    def get(self, request: SignedInRequest, attachment_id: UUID) -> HttpResponse:
        """For whoever may read its message now."""
        row: Attachment = selectors.get_attachment_for(request.user, attachment_id)
        if not row.thumbnail:
            raise NotFound
        return file_response(str(row.thumbnail), THUMBNAIL_TYPE, "thumbnail.webp")


class DraftView(APIView):
    """What one has begun to write."""

    @extend_schema(responses={200: serializers.KeptDraftSerializer, 403: PROBLEM, 404: PROBLEM})
    def get(self, request: SignedInRequest, pk: UUID) -> Response:
        """Read it; empty if there is none."""
        return Response(drafts.draft_get(participant=request.user, conversation_id=pk))

    @extend_schema(
        request=serializers.DraftSerializer,
        responses={200: serializers.KeptDraftSerializer, 403: PROBLEM, 404: PROBLEM, 413: PROBLEM},
    )
    def put(self, request: SignedInRequest, pk: UUID) -> Response:
        """Keep it."""
        body = validated(serializers.DraftSerializer, request)
        return Response(drafts.draft_set(participant=request.user, conversation_id=pk, **body))

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def delete(self, request: SignedInRequest, pk: UUID) -> Response:
        """Forget it."""
        drafts.draft_clear(participant=request.user, conversation_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConversationFiguresView(APIView):
    """Figures of a conversation."""

    @extend_schema(responses={200: serializers.FiguresSerializer, 403: PROBLEM, 404: PROBLEM})
    def get(self, request: SignedInRequest, pk: UUID) -> Response:
        """For its members."""
        return Response(statistics.conversation_figures(request.user, pk))


class SiteFiguresView(APIView):
    """Figures of the site."""

    @extend_schema(responses={200: serializers.FiguresSerializer, 403: PROBLEM})
    def get(self, request: SignedInRequest) -> Response:
        """For its staff."""
        if not request.user.is_staff:
            raise Forbidden
        return Response(statistics.site_figures())
