"""REST of what hangs on a message: its thread, former texts, reactions and pins."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import selectors, serializers
from conversations.models import EventQuerySet
from conversations.services import edits, pins, reactions
from participants.api import PAGING
from participants.authentication import SignedInRequest, require_self
from participants.models import Participant
from participants.rest import Pagination
from participants.schema import PROBLEM, page_of

MESSAGES = page_of("messages", serializers.MessageSerializer)


def message_list(reader: Participant, rows: EventQuerySet, request: Request) -> Response:
    """A page of messages in the envelope of lists."""
    page = Pagination()
    found = page.paginate_queryset(rows, request) or []
    return page.respond("messages", selectors.message_objects(reader, found))


class ThreadView(APIView):
    """Replies."""

    @extend_schema(parameters=PAGING, responses={200: MESSAGES, 404: PROBLEM})
    def get(self, request: SignedInRequest, message_id: UUID) -> Response:
        """The whole thread that a message begins or is in, ascending."""
        return message_list(request.user, selectors.thread_of(request.user, message_id), request)


class RevisionListView(APIView):
    """Former texts."""

    @extend_schema(
        parameters=PAGING,
        responses={200: page_of("revisions", serializers.RevisionSerializer), 403: PROBLEM, 404: PROBLEM},
    )
    def get(self, request: SignedInRequest, message_id: UUID) -> Response:
        """What a message said before it was edited, oldest first; for moderators."""
        rows = edits.former_texts(actor=request.user, message_id=message_id)
        return Pagination().page(
            rows, request, "revisions", lambda row: {"content": row.content, "replaced_at": row.replaced_at}
        )


class ReactionView(APIView):
    """One's own reactions."""

    @extend_schema(
        request=None,
        responses={200: serializers.MessageSerializer, 400: PROBLEM, 403: PROBLEM, 404: PROBLEM, 410: PROBLEM},
    )
    def put(self, request: SignedInRequest, message_id: UUID, emoji: str) -> Response:
        """React with an emoji; done already is fine."""
        require_self(request.data, request.user)
        event = reactions.reaction_add(actor=request.user, message_id=message_id, emoji=emoji)
        return Response(selectors.message_object_for(request.user, event))

    @extend_schema(responses={204: None, 400: PROBLEM, 403: PROBLEM, 404: PROBLEM})
    def delete(self, request: SignedInRequest, message_id: UUID, emoji: str) -> Response:
        """Take it back; done already is fine."""
        reactions.reaction_remove(actor=request.user, message_id=message_id, emoji=emoji)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PinView(APIView):
    """The pin of a message."""

    @extend_schema(
        request=None,
        responses={200: serializers.MessageSerializer, 403: PROBLEM, 404: PROBLEM, 410: PROBLEM},
    )
    def put(self, request: SignedInRequest, message_id: UUID) -> Response:
        """Pin it; done already is fine."""
        require_self(request.data, request.user)
        event = pins.pin_set(actor=request.user, message_id=message_id)
        return Response(selectors.message_object_for(request.user, event))

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def delete(self, request: SignedInRequest, message_id: UUID) -> Response:
        """Take the pin off; done already is fine."""
        pins.pin_clear(actor=request.user, message_id=message_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PinListView(APIView):
    """Pinned messages."""

    @extend_schema(parameters=PAGING, responses={200: MESSAGES, 403: PROBLEM, 404: PROBLEM})
    def get(self, request: SignedInRequest, pk: UUID) -> Response:
        """Those of a conversation, in its order."""
        return message_list(request.user, selectors.pinned_in(request.user, pk), request)
