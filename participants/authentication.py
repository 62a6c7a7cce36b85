"""From what a client shows to who it is: bearer tokens, tickets, browser sessions; for REST and for sockets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare
from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as DRFSessionAuthentication
from rest_framework.request import Request

from participants import services, tokens
from participants.errors import Forbidden, InvalidInput, NotAuthenticated
from participants.models import Participant, SignIn


@dataclass(frozen=True, slots=True)
class Credential:
    """Who someone is, by which sign-in, and until when (Unix seconds)."""

    participant: Participant = field(repr=False)
    sign_in: SignIn
    expires_at: float

    @property
    def sign_in_id(self) -> UUID:
        """The sign-in this rests on."""
        return self.sign_in.pk


class SignedInRequest(Request):
    """A request as the views behind sign-in know it; for annotations only."""

    user: Participant
    auth: Credential


def refuse_token_in_url(query: Any) -> None:
    """Raise InvalidInput ``token_in_url`` if a token is in the query string: URLs end up in logs and histories."""
    if "token" in query or "access" in query:
        raise InvalidInput(
            "Never put a token into a URL. Send it in the Authorization header, or use a ticket for a socket.",
            code="token_in_url",
        )


CLAIMS_OF_SELF = (
    "sender_id",
    "senderId",
    "sender",
    "author",
    "author_id",
    "participant_id",
    "participantId",
    "participant",
    "user_id",
    "userId",
)


def require_self(data: Any, participant: Participant, fields: Iterable[str] = CLAIMS_OF_SELF) -> None:
    """Raise Forbidden ``sender_mismatch`` if input names somebody else as its author or joiner.

    The server sets who did it; a client that says otherwise is mistaken about who it is signed in as.
    """
    if not isinstance(data, Mapping):
        return
    own = {str(participant.pk), participant.username.lower()}
    for name in fields:
        claimed = data.get(name)
        if isinstance(claimed, Mapping):
            claimed = claimed.get("id") or claimed.get("participant_id")
        if claimed is not None and str(claimed).lower() not in own:
            raise Forbidden(f"You cannot act as somebody else ({name}).", code="sender_mismatch")


def authenticate_access(raw: str) -> Credential:
    """The holder of an access token. Raises NotAuthenticated ``token_invalid`` or ``token_revoked``."""
    claims = tokens.read_access(raw)
    sign_in = services.find_live_sign_in(claims["sid"])
    if sign_in is None or str(sign_in.participant_id) != claims["sub"]:
        raise NotAuthenticated("This sign-in has ended. Sign in again.", code="token_revoked")
    return Credential(sign_in.participant, sign_in, float(claims["exp"]))


def authenticate_ticket(raw: str) -> Credential:
    """The holder of a socket ticket, which is spent. Raises NotAuthenticated ``ticket_invalid``."""
    sign_in = services.ticket_redeem(ticket=raw)
    return Credential(sign_in.participant, sign_in, sign_in.expires_at.timestamp())


def authenticate_session(key: str) -> Credential:
    """The holder of a browser session. Raises NotAuthenticated."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    sign_in = services.find_live_sign_in(session.get(services.SIGN_IN_SESSION_KEY, ""))
    if sign_in is None or session.get(SESSION_KEY) != str(sign_in.participant_id):
        raise NotAuthenticated
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), sign_in.participant.get_session_auth_hash()):
        raise NotAuthenticated
    return Credential(sign_in.participant, sign_in, sign_in.expires_at.timestamp())


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access>``. ``request.auth`` is the :class:`Credential`."""

    def authenticate(self, request: Request) -> tuple[Participant, Credential] | None:
        """The participant, None without the header; raises NotAuthenticated."""
        kind, _, raw = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        credential = authenticate_access(raw.strip())
        return credential.participant, credential

    def authenticate_header(self, request: Request) -> str:
        """The challenge that goes with 401 (RFC 6750)."""
        return "Bearer"


class SessionAuthentication(DRFSessionAuthentication):
    """The browser's session, with CSRF protection. ``request.auth`` is the :class:`Credential`."""

    def authenticate(self, request: Request) -> tuple[Participant, Credential] | None:
        """The participant, None without a session; raises PermissionDenied for a CSRF failure."""
        found = super().authenticate(request)
        if found is None:
            return None
        sign_in = services.find_live_sign_in(request.session.get(services.SIGN_IN_SESSION_KEY, ""))
        if sign_in is None:
            raise NotAuthenticated
        return found[0], Credential(found[0], sign_in, sign_in.expires_at.timestamp())
