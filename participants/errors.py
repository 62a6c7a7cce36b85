"""The error tree: everything that may be refused, once, for REST, sockets, pages and the admin.

ChatError
├── InvalidInput            400  validation_error, invalid_json, token_in_url …
├── NotAuthenticated        401  not_authenticated, token_invalid, token_expired, token_revoked
├── Forbidden               403  not_a_participant, role_too_low, sender_mismatch, archived, locked …
├── NotFound                404  not_found (also for what one may not see)
├── Conflict                409  already_participant, message_conflict
├── Gone                    410  sequence_too_old, invitation_expired
├── TooLarge                413  message_too_large, request_too_large
├── UnsupportedMedia        415  unsupported_media_type
├── LimitExceeded           429  capacity_reached, too_many_sockets, rate_limited, queue_full
└── Unavailable             503  unavailable

No Django in here. A message of these errors is written for people: it says what happened and what to do next.
"""

from typing import Any, ClassVar, TypedDict


class FieldError(TypedDict):
    """One refused input field."""

    field: str
    code: str
    detail: str


class ChatError(Exception):
    """A refusal with a stable ``code``. ``data`` holds further public fields (``limit``, ``actual`` …)."""

    http_status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"
    default_detail: ClassVar[str] = "Something went wrong here. Try again; tell us the request id if it goes on."
    title: ClassVar[str] = "Internal error"
    temporary: ClassVar[bool] = False

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        retry_after: int | None = None,
        errors: list[FieldError] | None = None,
        **data: Any,
    ) -> None:
        self.detail = detail or self.default_detail
        self.code = code or self.default_code
        self.retry_after = retry_after
        self.errors = errors
        self.data = data
        super().__init__(self.detail)

    def problem(self, request_id: str | None) -> dict[str, Any]:
        """The body of an ``application/problem+json`` answer (RFC 9457)."""
        body: dict[str, Any] = {
            "type": f"/api/docs#error-{self.code}",
            "title": self.title,
            "status": self.http_status,
            "code": self.code,
            "detail": self.detail,
            "error": self.detail,
            "request_id": request_id,
            **self.data,
        }
        if self.errors:
            body["errors"] = self.errors
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        return body

    def frame(self, request_id: str | None = None, **about: Any) -> dict[str, Any]:
        """The same refusal as an ``error`` frame; ``about`` names the command (``message_id``, ``conversation_id``)."""
        body = {"type": "error", "code": self.code, "message": self.detail, "request_id": request_id, **self.data}
        if self.errors:
            body["errors"] = self.errors
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        return {**body, **{name: value for name, value in about.items() if value is not None}}


class InvalidInput(ChatError):
    """The request itself is wrong."""

    http_status = 400
    default_code = "validation_error"
    default_detail = "Some of what was sent cannot be used."
    title = "Invalid input"

    @classmethod
    def field(cls, field: str, detail: str, code: str = "invalid") -> "InvalidInput":
        """A refusal of one field."""
        return cls(detail, errors=[{"field": field, "code": code, "detail": detail}])


class NotAuthenticated(ChatError):
    """Nobody, or nobody any more."""

    http_status = 401
    default_code = "not_authenticated"
    default_detail = "Sign in first."
    title = "Not signed in"


class Forbidden(ChatError):
    """Known, and not allowed."""

    http_status = 403
    default_code = "permission_denied"
    default_detail = "You may not do this."
    title = "Not allowed"


class NotFound(ChatError):
    """Not there, or not visible to the one who asks: both look alike."""

    http_status = 404
    default_code = "not_found"
    default_detail = "There is nothing here that you can see."
    title = "Not found"


class Conflict(ChatError):
    """The request does not fit what is there."""

    http_status = 409
    default_code = "conflict"
    default_detail = "This does not fit what is there already."
    title = "Conflict"


class Gone(ChatError):
    """It was there, and will not come back."""

    http_status = 410
    default_code = "gone"
    default_detail = "This is no longer available."
    title = "Gone"


class TooLarge(ChatError):
    """More than a limit of size allows; ``actual`` and ``max`` say by how much."""

    http_status = 413
    default_code = "message_too_large"
    default_detail = "This is too large."
    title = "Too large"


class UnsupportedMedia(ChatError):
    """A body of a kind that is not read here."""

    http_status = 415
    default_code = "unsupported_media_type"
    default_detail = "Send the body as application/json."
    title = "Unsupported media type"


class LimitExceeded(ChatError):
    """A limit is reached; where waiting helps, ``retry_after`` is in seconds."""

    http_status = 429
    default_code = "rate_limited"
    default_detail = "Too much at once. Wait a little and try again."
    title = "Limit reached"
    temporary = True

    def __init__(self, detail: str | None = None, *, retry_after: int = 1, **kwargs: Any) -> None:
        super().__init__(detail, retry_after=retry_after, **kwargs)


class Unavailable(ChatError):
    """A part of the server does not answer now."""

    http_status = 503
    default_code = "unavailable"
    default_detail = "The server cannot do this right now. Nothing is lost: try again in a moment."
    title = "Temporarily unavailable"
    temporary = True

    def __init__(self, detail: str | None = None, *, retry_after: int = 2, **kwargs: Any) -> None:
        super().__init__(detail, retry_after=retry_after, **kwargs)
