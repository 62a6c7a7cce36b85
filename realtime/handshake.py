"""Before a socket is open: who asks, by what credential, from which page; and how a refusal is said."""

import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings
from django.http import parse_cookie

from participants import audit, authentication
from participants.audit import Action
from participants.authentication import Credential
from participants.encoding import encode
from participants.errors import ChatError, Forbidden, InvalidInput, NotAuthenticated, NotFound
from participants.models import Participant
from realtime import metrics
from realtime.frames import LARGEST

logger = logging.getLogger(__name__)

SUBPROTOCOL = "chat.v1"
BEARER = "bearer."


class Handshake:
    """A request to open a socket, read once."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope
        self.headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self.query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)

    @property
    def takes_arrays(self) -> bool:
        """Whether the client offered ``chat.v1``, and so takes a backlog as one array."""
        return SUBPROTOCOL in self.scope.get("subprotocols", [])

    def conversation(self) -> UUID | None:
        """The conversation in the address; raises NotFound for what is no id."""
        raw = self.scope["url_route"]["kwargs"].get("conversation_id")
        if raw is None:
            return None
        try:
            return UUID(raw)
        except ValueError as error:
            raise NotFound("There is no such conversation.") from error

    def cursor(self) -> int | None:
        """``last_sequence_id`` of the address; raises InvalidInput for what is no number."""
        raw = (self.query.get("last_sequence_id") or self.query.get("lastSequenceId") or [None])[0]
        if raw is None:
            return None
        if not (raw.isascii() and raw.isdigit() and int(raw[:17]) <= LARGEST and len(raw) <= 16):
            raise InvalidInput.field("last_sequence_id", "This is not a sequence number.")
        return int(raw)

    def authenticate(self) -> Credential:
        """Who asks. Raises InvalidInput ``token_in_url``, NotAuthenticated, Forbidden ``origin_not_allowed``.

        A token in the header wins over one in the subprotocols, that over a ticket, and that over a cookie.
        """
        authentication.refuse_token_in_url(self.query)
        kind, _, raw = self.headers.get(b"authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return authentication.authenticate_access(raw.strip())
        for offered in self.scope.get("subprotocols", []):
            if offered.startswith(BEARER):
                return authentication.authenticate_access(offered.removeprefix(BEARER))
        if "ticket" in self.query:
            return authentication.authenticate_ticket(self.query["ticket"][0])
        if key := self._session_key():
            credential = authentication.authenticate_session(key)
            self._require_own_origin(credential.participant)
            return credential
        raise NotAuthenticated

    def _session_key(self) -> str | None:
        # As Django reads it for pages: SimpleCookie gives up at a cookie that another program wrote its own way.
        return parse_cookie(self.headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME)

    def _require_own_origin(self, participant: Participant) -> None:
        """A browser sends the cookie from any page: only the exact origins of ours count (scheme, host and port)."""
        origin = self.headers.get(b"origin")
        if origin not in settings.ALLOWED_ORIGINS:
            logger.warning("socket refused: foreign origin", extra={"origin": (origin or "absent")[:200]})
            audit.refused(Action.ORIGIN_REFUSED, sample=str(participant.pk), actor=participant)
            raise Forbidden("This page may not open a socket here.", code="origin_not_allowed")


async def refuse(scope: dict[str, Any], send: Callable[[dict[str, Any]], Awaitable[None]], error: ChatError) -> None:
    """Refuse a handshake with the error's status where the server can choose it, else with a bare 403."""
    metrics.refusals.labels(error.code).inc()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"application/problem+json")]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if isinstance(error, NotAuthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    with contextlib.suppress(OSError):  # gone meanwhile
        await send({"type": "websocket.http.response.start", "status": error.http_status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": encode(error.problem(scope["connection_id"]))})
