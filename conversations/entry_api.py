"""REST of the ways in and out: invitations, guests, bans and mutes."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from conversations import presentation, selectors, serializers
from conversations.api import present_member
from conversations.models import Invitation
from conversations.policy import Action, Standing
from conversations.services import invitations, moderation
from participants.api import PAGING, OpenView, me_object, validated
from participants.authentication import SignedInRequest, require_self
from participants.presentation import participant_object
from participants.rest import Pagination
from participants.schema import PROBLEM, page_of
from participants.serializers import RegisteredSerializer
from participants.throttling import address_of


class InvitationViewSet(ViewSet):
    """Invitations to a conversation."""

    @extend_schema(
        parameters=PAGING,
        responses={200: page_of("invitations", serializers.InvitationSerializer), 403: PROBLEM, 404: PROBLEM},
    )
    def list(self, request: SignedInRequest, pk: UUID) -> Response:
        """Those that still let somebody in (of members: their own); their tokens cannot be shown again."""
        membership = selectors.get_membership_for(request.user, pk, Action.INVITE)
        rows = Invitation.objects.shown_to(membership, membership.conversation)
        return Pagination().page(rows, request, "invitations", presentation.invitation_object)

    @extend_schema(
        request=serializers.InviteSerializer,
        responses={201: serializers.InvitationSerializer, 403: PROBLEM, 404: PROBLEM, 429: PROBLEM},
    )
    def create(self, request: SignedInRequest, pk: UUID) -> Response:
        """Make one; its token is shown this once."""
        body = validated(serializers.InviteSerializer, request)
        if "role" in body:
            body["role"] = Standing(body["role"])
        invitation, token = invitations.invitation_create(actor=request.user, conversation_id=pk, **body)
        answer = presentation.invitation_object(invitation, token=token)
        return Response(answer, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def destroy(self, request: SignedInRequest, pk: UUID, invitation_id: UUID) -> Response:
        """Withdraw one."""
        invitations.invitation_revoke(actor=request.user, conversation_id=pk, invitation_id=invitation_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationPreviewView(OpenView):
    """An invitation, for whoever holds its token."""

    @extend_schema(responses={200: serializers.InvitationPreviewSerializer, 404: PROBLEM, 410: PROBLEM})
    def get(self, request: Request, token: str) -> Response:
        """What it leads to."""
        return Response(selectors.invitation_preview(invitations.find_invitation(token)))


class InvitationAcceptView(APIView):
    """Coming in by an invitation."""

    @extend_schema(
        request=None,
        responses={200: serializers.AcceptedSerializer, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM, 410: PROBLEM},
    )
    def post(self, request: SignedInRequest, token: str) -> Response:
        """Accept it."""
        require_self(request.data, request.user)
        membership = invitations.invitation_accept(participant=request.user, token=token)
        conversation = selectors.conversation_detail(request.user, membership.conversation_id)
        member = present_member(membership) | {"joined_via": membership.joined_via_id}
        return Response({"success": True, "conversation": conversation, "membership": member})


class GuestView(OpenView):
    """Guests."""

    @extend_schema(
        request=serializers.GuestSerializer,
        responses={201: RegisteredSerializer, 403: PROBLEM, 404: PROBLEM, 410: PROBLEM, 429: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Come in without an account, by an invitation that allows it."""
        body = validated(serializers.GuestSerializer, request)
        admitted = invitations.guest_admit(
            token=body["invitation"],
            display_name=body["display_name"],
            address=address_of(request),
            user_agent=request.headers.get("User-Agent", ""),
        )
        answer: dict[str, Any] = admitted | {"participant": me_object(admitted["participant"])}
        return Response(answer, status=status.HTTP_201_CREATED)


class BanView(APIView):
    """Who may not come back."""

    @extend_schema(request=None, responses={200: serializers.BanSerializer, 403: PROBLEM, 404: PROBLEM})
    def put(self, request: SignedInRequest, pk: UUID, participant_id: UUID) -> Response:
        """Ban somebody."""
        require_self(request.data, request.user, fields=("by",))
        ban = moderation.participant_ban(actor=request.user, conversation_id=pk, participant_id=participant_id)
        return Response({"participant": participant_object(ban.participant), "created_at": ban.created_at})

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def delete(self, request: SignedInRequest, pk: UUID, participant_id: UUID) -> Response:
        """Lift a ban."""
        moderation.ban_lift(actor=request.user, conversation_id=pk, participant_id=participant_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MuteView(APIView):
    """Who may only read for a while."""

    @extend_schema(
        request=serializers.MuteSerializer, responses={200: serializers.MuteSerializer, 403: PROBLEM, 404: PROBLEM}
    )
    def put(self, request: SignedInRequest, pk: UUID, participant_id: UUID) -> Response:
        """Mute somebody until a time."""
        until = validated(serializers.MuteSerializer, request)["until"]
        membership = moderation.participant_mute(
            actor=request.user, conversation_id=pk, participant_id=participant_id, until=until
        )
        return Response({"participant_id": participant_id, "until": membership.muted_until})

    @extend_schema(responses={204: None, 403: PROBLEM, 404: PROBLEM})
    def delete(self, request: SignedInRequest, pk: UUID, participant_id: UUID) -> Response:
        """Let them write again."""
        moderation.mute_lift(actor=request.user, conversation_id=pk, participant_id=participant_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
