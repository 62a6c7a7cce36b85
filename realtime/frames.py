"""What goes over a socket besides the log: the commands of clients and the transient frames of the server. Pure.

Each class is one frame; its docstring is the protocol's text. :func:`parse` is the only way in.
"""

import contextlib
from datetime import datetime
from typing import Annotated, Any, Literal, Union
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from conversations.events import Member, Participant, Shape
from participants import json_guard
from participants.errors import FieldError, InvalidInput

LARGEST = 2**53

Id = Annotated[UUID, Field(strict=False)]
Sequence = Annotated[int, Field(ge=0, le=LARGEST)]


def _either(name: str, other: str) -> Any:
    return AliasChoices(name, other)


class Command(BaseModel):
    """What every command may have; ``conversation_id`` is needed on a socket for many conversations."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")
    type: str
    conversation_id: Id | None = Field(None, validation_alias=_either("conversation_id", "conversationId"))


class SendMessage(Command):
    """Say something. `message_id` is the client's own key: sent again with the same key it is stored once."""

    type: Literal["message"]
    content: str
    message_id: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        validation_alias=_either("message_id", "messageId")
    )
    reply_to: Id | None = None
    metadata: dict[str, Any] | None = None
    attachments: list[Id] | None = None
    sender_id: Any = Field(None, validation_alias=_either("sender_id", "senderId"))


class Sync(Command):
    """Move the cursor and get everything behind it; live frames wait meanwhile."""

    type: Literal["sync"]
    last_sequence_id: Sequence = Field(validation_alias=_either("last_sequence_id", "lastSequenceId"))


class Subscribe(Command):
    """Follow a conversation; with `last_sequence_id` what was missed comes first. `presence` asks for presence frames
    where they are not sent unasked (more than 500 members).
    """

    type: Literal["subscribe"]
    last_sequence_id: Sequence | None = Field(None, validation_alias=_either("last_sequence_id", "lastSequenceId"))
    presence: bool = False


class Unsubscribe(Command):
    """Stop following a conversation."""

    type: Literal["unsubscribe"]


class Join(Command):
    """Become a member, and follow."""

    type: Literal["join"]
    invitation: str | None = None
    participant_id: Any = Field(None, validation_alias=_either("participant_id", "participantId"))


class Leave(Command):
    """Stop being a member."""

    type: Literal["leave"]


class Typing(Command):
    """Say that one is writing, or has stopped."""

    type: Literal["typing"]
    is_typing: bool = Field(validation_alias=_either("is_typing", "isTyping"))


class MarkRead(Command):
    """Move the read marker forward."""

    type: Literal["read"]
    sequence_id: Sequence = Field(validation_alias=_either("sequence_id", "sequenceId"))


class Authenticate(Command):
    """Show a new access token of the same participant before the old one ends."""

    type: Literal["authenticate"]
    access: str


class Ping(Command):
    """For clients that cannot see the pings of the transport."""

    type: Literal["ping"]
    nonce: Any = None


# Other apps add theirs: see register.
COMMANDS: list[type[Command]] = [
    SendMessage,
    Sync,
    Subscribe,
    Unsubscribe,
    Join,
    Leave,
    Typing,
    MarkRead,
    Authenticate,
    Ping,
]
_ANSWERS = {
    "message": "`message_ack`, and the message itself to all sockets",
    "sync": "`sync` pages until caught up",
    "subscribe": "`connected`, then `sync` pages if a cursor came along",
    "unsubscribe": "`unsubscribed`",
    "join": "`connected`",
    "leave": "`unsubscribed`, or `closing` on a socket for that conversation alone",
    "typing": "nothing",
    "read": "nothing",
    "authenticate": "`authenticated`",
    "ping": "`pong`",
}


def name_of(command: type[Command]) -> str:
    """The wire name of a command class."""
    (name,) = command.model_fields["type"].annotation.__args__  # type: ignore[union-attr]
    return str(name)


def answer_of(command: type[Command]) -> str:
    """What a command is answered with, for the documentation."""
    return _ANSWERS[name_of(command)]


_ADAPTERS = {name_of(command): TypeAdapter(command) for command in COMMANDS}


def register(command: type[Command], answer: str) -> None:
    """Take a further command in; ``answer`` is what it is answered with, for the documentation."""
    COMMANDS.append(command)
    _ANSWERS[name_of(command)] = answer
    _ADAPTERS[name_of(command)] = TypeAdapter(command)


class BadFrame(InvalidInput):
    """A frame that is no command; ``about`` says which command it seems to be (``message_id`` …)."""

    def __init__(self, code: str, detail: str, errors: list[FieldError] | None = None, **about: Any) -> None:
        self.about = about
        super().__init__(detail, code=code, errors=errors)


class FrameTooLarge(BadFrame):
    """Over the limit: the socket ends with 4413."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            "frame_too_large", f"A frame takes {limit:,} bytes; this has {size:,}. Send long texts over REST."
        )


def parse(raw: str | bytes, limit: int) -> Command:
    """The command in a frame of at most ``limit`` bytes; raises BadFrame, whatever the bytes are."""
    if isinstance(raw, bytes):
        raise BadFrame("binary_frame", "Send frames as text: one JSON object each.")
    size = len(raw) if raw.isascii() else len(raw.encode(errors="replace"))
    if size > limit:
        raise FrameTooLarge(size, limit)
    try:
        data = json_guard.loads(raw)
    except json_guard.JSONRejected as error:
        raise BadFrame("invalid_json", error.detail) from error
    if not isinstance(data, dict):
        raise BadFrame("invalid_frame", "A frame is one JSON object with a type.")
    kind = data.get("type")
    adapter = _ADAPTERS.get(kind) if isinstance(kind, str) else None
    if adapter is None:
        known = ", ".join(_ADAPTERS)
        raise BadFrame("unknown_type", f"There is no such command. Commands are: {known}.", **_about(data))
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise _invalid(error, _about(data)) from error


def _about(data: dict[str, Any]) -> dict[str, Any]:
    """What the answer to a bad frame can name, as far as the frame has it in the right shape."""
    about: dict[str, Any] = {}
    if isinstance(key := data.get("message_id", data.get("messageId")), str):
        about["message_id"] = key
    if isinstance(conversation := data.get("conversation_id", data.get("conversationId")), str):
        with contextlib.suppress(ValueError):
            about["conversation_id"] = UUID(conversation)
    return about


def _invalid(error: ValidationError, about: dict[str, Any]) -> BadFrame:
    errors: list[FieldError] = [
        {"field": ".".join(map(str, row["loc"])), "code": row["type"], "detail": row["msg"]} for row in error.errors()
    ]
    first = errors[0]
    return BadFrame("validation_error", f"{first['field']}: {first['detail']}", errors, **about)


# --- the server's transient frames ------------------------------------------------------------------------------------


class Limits(Shape):
    """What the server takes, so that a client need not find out by being refused."""

    message_characters: int
    frame_bytes: int
    metadata_bytes: int
    participants: int | None
    typing_seconds: float
    sync_events: int


class Connected(Shape):
    """The socket (or the subscription) stands; delivery starts after `current_sequence_id`, or after the cursor
    that came along. With `conversation_id: null` on a socket for many conversations.
    """

    type: Literal["connected"] = "connected"
    conversation_id: UUID | None
    participant: Participant
    limits: Limits
    participants: list[Member] | None = None
    first_sequence_id: int | None = None
    current_sequence_id: int | None = None
    runs: list[dict[str, Any]] | None = None


class SyncPage(Shape):
    """A page of the log behind the cursor, at most 300 entries and 512 KiB; the last one has `has_more: false`."""

    type: Literal["sync"] = "sync"
    conversation_id: UUID
    events: list[dict[str, Any]]
    first_sequence_id: int
    current_sequence_id: int
    participants: list[Member] | None = Field(None, description="on the first page")
    has_more: bool


class MessageAck(Shape):
    """The message is stored. To the sending socket only."""

    type: Literal["message_ack"] = "message_ack"
    conversation_id: UUID
    message_id: str
    id: UUID
    sequence_id: int
    created_at: datetime
    duplicate: bool


class Unread(Shape):
    """What of a conversation one has not read. On a socket for many conversations, subscribed or not."""

    type: Literal["unread"] = "unread"
    conversation_id: UUID
    unread_count: int
    mention_count: int
    last_sequence_id: int


class ConversationAdded(Shape):
    """One is in another conversation, which comes as in the list. On a socket for many conversations."""

    type: Literal["conversation_added"] = "conversation_added"
    conversation_id: UUID
    conversation: dict[str, Any]


class Unsubscribed(Shape):
    """A conversation no longer comes over this socket."""

    type: Literal["unsubscribed"] = "unsubscribed"
    conversation_id: UUID
    reason: Literal["left", "removed", "banned", "deleted", "unsubscribed"]


class Authenticated(Shape):
    """The new token counts."""

    type: Literal["authenticated"] = "authenticated"
    expires_at: datetime


class Pong(Shape):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"
    nonce: Any = None


class Error(Shape):
    """A command was refused, or something is about to happen; the socket lives."""

    model_config = ConfigDict(frozen=True, extra="allow")
    type: Literal["error"] = "error"
    code: str
    message: str
    retry_after: int | None = None
    message_id: str | None = None
    conversation_id: UUID | None = None
    request_id: str | None = None


class Closing(Shape):
    """The socket ends with the next frame; says why, as the close reason is not always carried."""

    type: Literal["closing"] = "closing"
    reason: str
    reconnect_in: float | None = None
    conversation_id: UUID | None = None


SERVER_FRAMES: tuple[type[Shape], ...] = (
    Connected,
    SyncPage,
    MessageAck,
    Unread,
    ConversationAdded,
    Unsubscribed,
    Authenticated,
    Pong,
    Error,
    Closing,
)
AnyServerFrame = Union[  # noqa: UP007
    Connected, SyncPage, MessageAck, Unread, ConversationAdded, Unsubscribed, Authenticated, Pong, Error, Closing
]
SERVER_FRAME: TypeAdapter[AnyServerFrame] = TypeAdapter(Annotated[AnyServerFrame, Field(discriminator="type")])
