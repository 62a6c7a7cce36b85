"""The catalogue of what clients are sent about a conversation. Pure: shapes only.

Each class is one frame; its docstring is the protocol's text. ``durable`` frames are entries of the log and carry
``sequence_id``; the others are transient: never stored, and never needed for correctness. ``audience`` is what one
must be allowed to do to get the frame.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from conversations.policy import Action

Role = Literal["owner", "admin", "moderator", "member", "observer"]
Kind = Literal["human", "guest", "agent"]


class Shape(BaseModel):
    """A frozen shape; a field that is not declared is an error when it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Participant(Shape):
    """Who: never with presence inside a frame."""

    id: UUID
    participant_id: UUID
    username: str
    display_name: str
    kind: Kind


class Member(Participant):
    """A participant as a member of the conversation."""

    role: Role
    joined_at: datetime
    last_read_sequence_id: int
    is_online: bool | None
    last_seen_at: datetime | None


class Reaction(Shape):
    """One emoji on a message and how often."""

    emoji: str
    count: int
    mine: bool | None = None


class Event(Shape):
    """What every frame about a conversation has."""

    durable: ClassVar[bool] = False
    audience: ClassVar[Action] = Action.READ
    type: str
    conversation_id: UUID


class Entry(Event):
    """What every entry of the log has."""

    durable: ClassVar[bool] = True
    sequence_id: int = Field(ge=1)
    created_at: datetime


class Message(Entry):
    """Somebody said something. Shown as it is now: edited text, or nothing once deleted.

    What the site announces has role `system` and nobody as its `participant`.
    """

    type: Literal["message"] = "message"
    id: UUID
    message_id: str
    role: Literal["user", "assistant", "system"]
    participant: Participant | None
    sender_id: UUID | None
    content: str | None
    html: str | None
    reply_to: UUID | None
    mentions: list[UUID]
    reactions: list[Reaction]
    attachments: list[dict[str, Any]]
    metadata: dict[str, Any]
    status: Literal["delivered"]
    timestamp: datetime
    edited_at: datetime | None
    deleted: bool
    truncated: bool | None = None
    content_length: int | None = None
    run_id: UUID | None = Field(None, description="of an agent's answer, like the three below")
    model: str | None = None
    tokens: int | None = None
    response_time_ms: int | None = None


class MessageEdited(Message):
    """A message has another text; the fields are those of the message as it is now, the number is the edit's own."""

    type: Literal["message_edited"] = "message_edited"  # type: ignore[assignment]


class ReactionAdded(Entry):
    """Somebody reacted to a message; `count` is how often the emoji is on it now."""

    type: Literal["reaction_added"] = "reaction_added"
    id: UUID
    emoji: str
    participant: Participant
    count: int


class ReactionRemoved(Entry):
    """Somebody took a reaction back; `count` is how often the emoji is on the message now."""

    type: Literal["reaction_removed"] = "reaction_removed"
    id: UUID
    emoji: str
    participant: Participant
    count: int


class ParticipantJoined(Entry):
    """Somebody became a member; number 1 is the creator's."""

    type: Literal["participant_joined"] = "participant_joined"
    participant: Participant
    participant_count: int


class ParticipantLeft(Entry):
    """Somebody is no longer a member. They themselves do not get it: they are told by `unsubscribed` or `closing`."""

    type: Literal["participant_left"] = "participant_left"
    participant: Participant
    reason: Literal["left", "removed", "banned"]
    participant_count: int


class RoleChanged(Entry):
    """A member has another role."""

    type: Literal["role_changed"] = "role_changed"
    participant: Participant
    role: Role
    by: Participant | None


class ConversationUpdated(Entry):
    """The conversation itself changed; `changes` holds the new values of what changed.

    `pins` are the ids of all pinned messages, the latest pin last.
    """

    type: Literal["conversation_updated"] = "conversation_updated"
    changes: dict[str, Any]
    by: Participant | None


class MessageDeleted(Entry):
    """A message was deleted; its text is gone everywhere, its number stays."""

    type: Literal["message_deleted"] = "message_deleted"
    id: UUID
    by: Participant


class AgentStarted(Entry):
    """An agent begins to answer the message with that number (null: it was started without one)."""

    type: Literal["agent_started"] = "agent_started"
    run_id: UUID
    agent: Participant
    trigger_sequence_id: int | None


class AgentThinking(Entry):
    """What an agent thought, a whole thought each. Cut at 32 KiB, like arguments and results, with `truncated`."""

    type: Literal["agent_thinking"] = "agent_thinking"
    run_id: UUID
    text: str
    truncated: bool | None = None


class ToolExecuting(Entry):
    """An agent uses a tool; `purpose` is a phrase for people. Arguments too long are `{"text": …}`, cut."""

    type: Literal["tool_executing"] = "tool_executing"
    run_id: UUID
    call_id: str
    tool: str
    arguments: dict[str, Any]
    purpose: str
    truncated: bool | None = None


class ToolCompleted(Entry):
    """What came of it: text from outside, to be trusted no more than a message. One for each `tool_executing`."""

    type: Literal["tool_completed"] = "tool_completed"
    run_id: UUID
    call_id: str
    tool: str
    result: str
    is_error: bool
    duration_ms: int
    truncated: bool | None = None


class AgentCompleted(Entry):
    """An agent has answered: `message` is the answer, which is a message like any other and has no other entry."""

    type: Literal["agent_completed"] = "agent_completed"
    run_id: UUID
    message: Message
    tokens: int | None
    response_time_ms: int | None


class AgentFailed(Entry):
    """An agent will not answer: `code` says why (`cancelled` too), `detail` says it to people."""

    type: Literal["agent_failed"] = "agent_failed"
    run_id: UUID
    code: str
    detail: str


class Withheld(Event):
    """An entry about an older message that this reader may not see: its number alone, so that none is missing."""

    durable: ClassVar[bool] = True
    type: Literal["withheld"] = "withheld"
    sequence_id: int = Field(ge=1)


class Typing(Event):
    """Somebody is writing, or stopped; shown for 5 s. Not sent to oneself."""

    type: Literal["typing"] = "typing"
    participant: Participant
    is_typing: bool


class Read(Event):
    """Somebody has read up to there."""

    type: Literal["read"] = "read"
    participant_id: UUID
    last_read_sequence_id: int


class Presence(Event):
    """A member came or went."""

    type: Literal["presence"] = "presence"
    participant_id: UUID
    status: Literal["online", "away", "offline"]
    last_seen_at: datetime | None


class AgentDelta(Event):
    """A piece of an answer in the making, from `offset` (in code points) on.

    What is known behind `offset` is replaced: a run that another process took over begins anew at 0, and about once a
    second a piece is repeated for whoever missed it. A piece that begins behind what is known waits for that.
    """

    type: Literal["agent_delta"] = "agent_delta"
    run_id: UUID
    offset: int
    text: str


class AgentProgress(Event):
    """A run is still at it, or still waiting; comes where nothing else would for 5 s."""

    type: Literal["agent_progress"] = "agent_progress"
    run_id: UUID
    status: Literal["queued", "running", "completed", "failed", "cancelled"]


AnyEntry = Annotated[
    Message
    | MessageEdited
    | MessageDeleted
    | ReactionAdded
    | ReactionRemoved
    | ParticipantJoined
    | ParticipantLeft
    | RoleChanged
    | ConversationUpdated
    | AgentStarted
    | AgentThinking
    | ToolExecuting
    | ToolCompleted
    | AgentCompleted
    | AgentFailed
    | Withheld,
    Field(discriminator="type"),
]
ENTRY: TypeAdapter[AnyEntry] = TypeAdapter(AnyEntry)
STORED: tuple[type[Entry], ...] = (
    Message,
    MessageEdited,
    MessageDeleted,
    ReactionAdded,
    ReactionRemoved,
    ParticipantJoined,
    ParticipantLeft,
    RoleChanged,
    ConversationUpdated,
    AgentStarted,
    AgentThinking,
    ToolExecuting,
    ToolCompleted,
    AgentCompleted,
    AgentFailed,
)
ENTRIES: tuple[type[Event], ...] = (*STORED, Withheld)
TRANSIENT: tuple[type[Event], ...] = (Typing, Read, Presence, AgentDelta, AgentProgress)


def type_of(entry: type[Event]) -> str:
    """The wire name of a class."""
    return str(entry.model_fields["type"].default)
