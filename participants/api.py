"""REST of participants and sign-ins."""

from functools import cache
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as drf
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from participants import selectors, serializers, services
from participants.authentication import SignedInRequest
from participants.errors import NotFound
from participants.models import Participant, SignIn
from participants.presence import online_or_unknown
from participants.presentation import participant_profile
from participants.rest import Pagination
from participants.schema import PROBLEM, page_of
from participants.throttling import address_of

PAGING = [OpenApiParameter("limit", int), OpenApiParameter("offset", int)]


def validated(serializer: type[drf.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body through a serializer; raises DRF's ValidationError."""
    return _validated(serializer, request.data)


def query(serializer: type[drf.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The query string through a serializer; raises DRF's ValidationError."""
    return _validated(serializer, request.query_params)


def _validated(serializer: type[drf.Serializer[Any]], data: Any) -> dict[str, Any]:
    try:
        return dict(_validator(serializer).run_validation(data))
    except drf.ValidationError as error:
        if isinstance(error.detail, dict):
            raise
        raise drf.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: error.detail}) from error


@cache
def _validator(serializer: type[drf.Serializer[Any]]) -> drf.Serializer[Any]:
    """One for all requests: an instance copies all of its fields, and validating leaves nothing behind in it."""
    return serializer()


def me_object(participant: Participant) -> dict[str, Any]:
    """One's own profile."""
    online = online_or_unknown([participant.pk])[participant.pk]
    profile = participant_profile(participant, is_online=online, knows=True)
    return profile | {"email": participant.email, "created_at": participant.created_at}


class OpenView(APIView):
    """A route that is open without credentials."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []


class RegisterView(OpenView):
    """New accounts."""

    @extend_schema(
        request=serializers.RegisterSerializer, responses={201: serializers.RegisteredSerializer, 400: PROBLEM}
    )
    def post(self, request: Request) -> Response:
        """Make an account and sign in; without tokens where an address has to be confirmed first."""
        body = validated(serializers.RegisterSerializer, request)
        participant, pair = services.token_register(user_agent=request.headers.get("User-Agent", ""), **body)
        tokens = pair or {"access": None, "refresh": None, "expires_in": None}
        return Response({"participant": me_object(participant), **tokens}, status=status.HTTP_201_CREATED)


class TokenView(OpenView):
    """Sign-in of API clients."""

    @extend_schema(request=serializers.TokenSerializer, responses={200: serializers.TokenPairSerializer, 401: PROBLEM})
    def post(self, request: Request) -> Response:
        """Sign in with a password."""
        user_agent = request.headers.get("User-Agent", "")
        body = validated(serializers.TokenSerializer, request)
        return Response(services.token_obtain(**body, address=address_of(request), user_agent=user_agent))


class TokenRefreshView(OpenView):
    """Refresh tokens rotate; one used twice ends its family."""

    @extend_schema(
        request=serializers.RefreshSerializer, responses={200: serializers.TokenPairSerializer, 401: PROBLEM}
    )
    def post(self, request: Request) -> Response:
        """New tokens for old."""
        return Response(services.token_refresh(**validated(serializers.RefreshSerializer, request)))


class LogoutView(OpenView):
    """The end of a family of tokens."""

    @extend_schema(request=serializers.RefreshSerializer, responses={205: None, 401: PROBLEM})
    def post(self, request: Request) -> Response:
        """Sign out: tokens die, sockets close."""
        services.token_logout(**validated(serializers.RefreshSerializer, request))
        return Response(status=status.HTTP_205_RESET_CONTENT)


class PasswordView(APIView):
    """A new password of one's own."""

    @extend_schema(
        request=serializers.PasswordSerializer, responses={200: serializers.TokenPairSerializer, 400: PROBLEM}
    )
    def post(self, request: SignedInRequest) -> Response:
        """Change it; all other sign-ins end."""
        body = validated(serializers.PasswordSerializer, request)
        return Response(
            services.password_change(participant=request.user, **body, user_agent=request.headers.get("User-Agent", ""))
        )


class TicketView(APIView):
    """Tickets for opening sockets."""

    @extend_schema(request=None, responses={200: serializers.TicketSerializer})
    def post(self, request: SignedInRequest) -> Response:
        """A single-use ticket."""
        return Response(services.ticket_issue(sign_in=request.auth.sign_in))


class SignInListView(APIView):
    """One's own sign-ins."""

    def _present(self, request: SignedInRequest, sign_in: SignIn) -> dict[str, Any]:
        fields = ("id", "user_agent", "created_at", "used_at", "expires_at")
        current = sign_in.pk == request.auth.sign_in_id
        return {name: getattr(sign_in, name) for name in fields} | {"current": current}

    @extend_schema(parameters=PAGING, responses=page_of("sessions", serializers.SignInSerializer))
    def get(self, request: SignedInRequest) -> Response:
        """List those that are in force."""
        rows = SignIn.objects.live().filter(participant=request.user)
        return Pagination().page(rows, request, "sessions", lambda row: self._present(request, row))

    @extend_schema(operation_id="auth_sessions_destroy_others", responses={204: None})
    def delete(self, request: SignedInRequest) -> Response:
        """End all but this one."""
        services.sign_in_end_others(participant=request.user, keep=request.auth.sign_in_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SignInView(APIView):
    """One of one's own sign-ins."""

    @extend_schema(responses={204: None, 404: PROBLEM})
    def delete(self, request: SignedInRequest, sign_in_id: UUID) -> Response:
        """End it."""
        if not services.sign_in_end(participant=request.user, sign_in_id=sign_in_id):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """One's own profile."""

    @extend_schema(responses=serializers.MeSerializer)
    def get(self, request: SignedInRequest) -> Response:
        """Read it."""
        return Response(me_object(request.user))

    @extend_schema(request=serializers.ProfileSerializer, responses={200: serializers.MeSerializer, 400: PROBLEM})
    def patch(self, request: SignedInRequest) -> Response:
        """Change display name or e-mail address."""
        changes = validated(serializers.ProfileSerializer, request)
        return Response(me_object(services.profile_update(participant=request.user, **changes)))

    @extend_schema(responses={204: None})
    def delete(self, request: SignedInRequest) -> Response:
        """Close the account: leave every conversation; names and sign-ins are gone."""
        services.account_close(participant=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ParticipantListView(APIView):
    """Everyone here."""

    @extend_schema(
        parameters=[serializers.ParticipantQuery, *PAGING],
        responses=page_of("participants", serializers.ParticipantSerializer),
    )
    def get(self, request: SignedInRequest) -> Response:
        """Find participants by part of a name."""
        page = Pagination()
        found = selectors.participants_named(query(serializers.ParticipantQuery, request)["search"])
        rows = page.paginate_queryset(found, request) or []
        return page.respond("participants", present_all(request.user, rows))


class ParticipantView(APIView):
    """One participant."""

    @extend_schema(responses={200: serializers.ParticipantSerializer, 404: PROBLEM})
    def get(self, request: SignedInRequest, participant_id: UUID) -> Response:
        """Their profile; presence only for those who share a conversation with them."""
        participant = Participant.objects.filter(pk=participant_id, is_active=True).first()
        if participant is None:
            raise NotFound
        return Response(present_all(request.user, [participant])[0])


def present_all(viewer: Participant, rows: list[Participant]) -> list[dict[str, Any]]:
    """Profiles as ``viewer`` may see them: one query and one presence call for all."""
    known = selectors.known_to(viewer, [row.pk for row in rows])
    online = online_or_unknown(known)
    return [participant_profile(row, is_online=online.get(row.pk), knows=row.pk in known) for row in rows]
