"""REST of conversations, members, messages and the log. Views parse, call one service and present."""

from typing import Any
from uuid import UUID

import orjson
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as drf
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from conversations import presentation, selectors, serializers
from conversations.models import Conversation, Membership
from conversations.policy import Standing
from conversations.services import conversations, edits, invitations, memberships, messages, sends
from participants.api import PAGING, query, validated
from participants.authentication import SignedInRequest, require_self
from participants.presence import online_or_unknown
from participants.rest import Pagination
from participants.schema import PROBLEM, page_of

MESSAGE_PAGE, EVENT_PAGE = 100, 300


def present_member(membership: Membership) -> dict[str, Any]:
    """One member object with presence."""
    online = online_or_unknown([membership.participant_id])
    return presentation.member_object(membership, is_online=online[membership.participant_id])


class ConversationViewSet(ViewSet):
    """Conversations."""

    create_serializer: type[drf.Serializer[Any]] = serializers.CreateSerializer

    @extend_schema(
        parameters=[serializers.ListQuery, *PAGING],
        responses=page_of("conversations", serializers.ListedSerializer),
    )
    def list(self, request: SignedInRequest) -> Response:
        """One's own conversations, most recent first, or the public ones as an outsider sees them."""
        wanted = query(serializers.ListQuery, request)
        rows = Conversation.objects.filter(archived_at__isnull=not wanted["archived"]).named(wanted["search"])
        rows = rows.with_counts()
        if wanted["scope"] == "public":
            return Pagination().page(rows.public(), request, "conversations", presentation.conversation_preview)
        rows = rows.of(request.user).with_reading_of(request.user).with_preview_for(request.user)
        return Pagination().page(rows, request, "conversations", presentation.conversation_summary)

    @extend_schema(request=serializers.CreateSerializer, responses={201: serializers.DetailSerializer, 400: PROBLEM})
    def create(self, request: SignedInRequest) -> Response:
        """Make a conversation; one owns it."""
        require_self(request.data, request.user, fields=("creator", "owner", "owner_id", "creator_id"))
        fields = validated(self.create_serializer, request)
        conversation = conversations.conversation_create(creator=request.user, **fields)
        return Response(selectors.conversation_detail(request.user, conversation.pk), status=status.HTTP_201_CREATED)

    @extend_schema(responses={200: serializers.DetailSerializer, 403: PROBLEM, 404: PROBLEM})
    def retrieve(self, request: SignedInRequest, pk: UUID) -> Response:
        """The conversation with members and newest messages."""
        return Response(selectors.conversation_detail(request.user, pk))

    @extend_schema(
        request=serializers.SettingsSerializer,
        responses={200: serializers.DetailSerializer, 403: PROBLEM, 404: PROBLEM},
    )
    def partial_update(self, request: SignedInRequest, pk: UUID) -> Response:
        """Change it."""
        changes = validated(serializers.SettingsSerializer, request)
        conversations.conversation_update(actor=request.user, conversation_id=pk, **changes)
        return Response(selectors.conversation_detail(request.user, pk))

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def destroy(self, request: SignedInRequest, pk: UUID) -> Response:
        """Delete it with its log."""
        conversations.conversation_delete(actor=request.user, conversation_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request=serializers.JoinSerializer,
        responses={200: serializers.JoinedSerializer, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM, 429: PROBLEM},
    )
    def join(self, request: SignedInRequest, pk: UUID) -> Response:
        """Become a member."""
        require_self(request.data, request.user)
        body = validated(serializers.JoinSerializer, request)
        invitations.conversation_join(participant=request.user, conversation_id=pk, **body)
        return Response({"success": True, "conversation": selectors.conversation_detail(request.user, pk)})

    @extend_schema(request=None, responses={200: serializers.SuccessSerializer, 403: PROBLEM, 404: PROBLEM})
    def leave(self, request: SignedInRequest, pk: UUID) -> Response:
        """Stop being a member."""
        require_self(request.data, request.user)
        memberships.conversation_leave(participant=request.user, conversation_id=pk)
        return Response({"success": True})

    @extend_schema(
        request=serializers.ReadSerializer, responses={200: serializers.ReadMarkSerializer, 403: PROBLEM, 404: PROBLEM}
    )
    def read(self, request: SignedInRequest, pk: UUID) -> Response:
        """Move the read marker forward."""
        body = validated(serializers.ReadSerializer, request)
        membership = messages.read_mark(participant=request.user, conversation_id=pk, sequence=body["sequence_id"])
        return Response(
            {
                "last_read_sequence_id": membership.last_read_sequence,
                "unread_count": selectors.unread_of(request.user, pk)[0],
            }
        )


class ShortConversationViewSet(ConversationViewSet):
    """The short paths: the same views."""

    create_serializer = serializers.ShortCreateSerializer


class MessageViewSet(ViewSet):
    """Messages of a conversation."""

    @extend_schema(
        parameters=[serializers.MessagePageQuery],
        responses={200: serializers.HistorySerializer, 403: PROBLEM, 404: PROBLEM},
    )
    def list(self, request: SignedInRequest, pk: UUID) -> Response:
        """A page in ascending order: the newest, or before, after or around a number."""
        wanted = query(serializers.MessagePageQuery, request)
        membership = selectors.get_membership_for(request.user, pk)
        limit = min(wanted.pop("limit"), MESSAGE_PAGE)
        page, has_more = selectors.message_page(membership, limit=limit, **wanted)
        return Response(
            {
                "messages": selectors.message_objects(request.user, page),
                "has_more": has_more,
                "first_sequence_id": membership.first_visible(membership.conversation),
                "current_sequence_id": membership.conversation.last_sequence,
            }
        )

    @extend_schema(
        request=serializers.SendSerializer,
        responses={
            201: serializers.MessageSerializer,
            200: serializers.MessageSerializer,
            403: PROBLEM,
            404: PROBLEM,
            409: PROBLEM,
            413: PROBLEM,
        },
    )
    def create(self, request: SignedInRequest, pk: UUID) -> Response:
        """Send one; the same ``message_id`` again gives the first one."""
        require_self(request.data, request.user)
        body = validated(serializers.SendSerializer, request)
        event, duplicate = sends.message_send(author=request.user, conversation_id=pk, **body)
        answer = selectors.message_object_for(request.user, event)
        if duplicate:
            return Response(answer | {"duplicate": True})
        return Response(answer, status=status.HTTP_201_CREATED)


class MessageView(APIView):
    """One message."""

    @extend_schema(responses={200: serializers.MessageSerializer, 404: PROBLEM})
    def get(self, request: SignedInRequest, message_id: UUID) -> Response:
        """The whole of it, however long."""
        event = selectors.get_message_for(request.user, message_id)
        return Response(selectors.message_object_for(request.user, event))

    @extend_schema(
        request=serializers.EditSerializer,
        responses={200: serializers.MessageSerializer, 403: PROBLEM, 404: PROBLEM, 410: PROBLEM, 413: PROBLEM},
    )
    def patch(self, request: SignedInRequest, message_id: UUID) -> Response:
        """Give it another text: one's own."""
        body = validated(serializers.EditSerializer, request)
        event = edits.message_edit(actor=request.user, message_id=message_id, **body)
        return Response(selectors.message_object_for(request.user, event))

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def delete(self, request: SignedInRequest, message_id: UUID) -> Response:
        """Delete it: the text is gone, the number stays."""
        messages.message_delete(actor=request.user, message_id=message_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EventListView(APIView):
    """The log."""

    @extend_schema(
        parameters=[serializers.EventPageQuery],
        responses={200: serializers.EventPageSerializer, 403: PROBLEM, 404: PROBLEM, 410: PROBLEM},
    )
    def get(self, request: SignedInRequest, pk: UUID) -> Response:
        """Entries behind a number: what a socket's replay sends."""
        wanted = query(serializers.EventPageQuery, request)
        membership = selectors.get_membership_for(request.user, pk)
        if "after" in wanted:
            selectors.require_kept(membership, after=wanted["after"])
        limit = min(wanted["limit"], EVENT_PAGE)
        page, has_more = selectors.entry_page(membership, after=wanted.get("after", 0), limit=limit)
        return Response(
            {
                "events": [orjson.Fragment(text) for _, text in page],
                "has_more": has_more,
                "first_sequence_id": membership.first_visible(membership.conversation),
                "current_sequence_id": membership.conversation.last_sequence,
            }
        )


class MemberViewSet(ViewSet):
    """Members of a conversation."""

    @extend_schema(
        parameters=PAGING,
        responses={200: page_of("participants", serializers.MemberSerializer), 403: PROBLEM, 404: PROBLEM},
    )
    def list(self, request: SignedInRequest, pk: UUID) -> Response:
        """Who is in, longest-standing first."""
        membership = selectors.get_membership_for(request.user, pk)
        rows = Membership.objects.filter(conversation=membership.conversation).select_related("participant")
        page = Pagination()
        members = page.paginate_queryset(rows, request) or []
        online = online_or_unknown(member.participant_id for member in members)
        return page.respond(
            "participants",
            [presentation.member_object(member, is_online=online[member.participant_id]) for member in members],
        )

    @extend_schema(
        request=serializers.AddSerializer,
        responses={201: serializers.MemberSerializer, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM, 429: PROBLEM},
    )
    def create(self, request: SignedInRequest, pk: UUID) -> Response:
        """Bring someone in."""
        body = validated(serializers.AddSerializer, request)
        (participant,) = serializers.found_participants([body["participant"]], "participant")
        role = {"role": Standing(body["role"])} if "role" in body else {}
        membership = memberships.participant_add(
            actor=request.user, conversation_id=pk, participant=participant, **role
        )
        return Response(present_member(membership), status=status.HTTP_201_CREATED)

    @extend_schema(
        request=serializers.RoleSerializer,
        responses={200: serializers.MemberSerializer, 403: PROBLEM, 404: PROBLEM},
    )
    def partial_update(self, request: SignedInRequest, pk: UUID, participant_id: UUID) -> Response:
        """Give someone another role."""
        role = Standing(validated(serializers.RoleSerializer, request)["role"])
        membership = memberships.role_change(
            actor=request.user, conversation_id=pk, participant_id=participant_id, role=role
        )
        return Response(present_member(membership))

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def destroy(self, request: SignedInRequest, pk: UUID, participant_id: UUID) -> Response:
        """Take someone out."""
        memberships.participant_remove(actor=request.user, conversation_id=pk, participant_id=participant_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
