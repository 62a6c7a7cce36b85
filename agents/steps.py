"""What passes between a run and whoever answers it: a question in, steps out, one at a time, as they happen. Pure.

The engine stores and shows the steps and knows nothing of models; an *answerer* talks to a model and its tools and
knows nothing of rows, leases and sockets. A run that is taken over from a dead process is asked again with ``done``:
what it had done is not done again.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the context: ``role`` is ``user`` or ``assistant`` (the agent's own), ``name`` who said it."""

    sequence: int
    role: str
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A whole thought (a provider's reasoning between two other steps), not a piece of one."""

    text: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer, as it comes: any length, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool is about to be executed. ``call_id`` is unique in the run; ``purpose`` is a phrase for people."""

    call_id: str
    tool: str
    arguments: Mapping[str, Any]
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool has ended; its result is untrusted text."""

    call_id: str
    tool: str
    result: str
    is_error: bool
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Usage:
    """The last step of every answer: the tokens that it cost, and the model that a provider says it was."""

    tokens: int
    model: str


Step = Thinking | TextDelta | ToolCall | ToolResult | Usage


@dataclass(frozen=True, slots=True)
class Question:
    """What an answerer is asked.

    ``agent`` is the participant that answers; ``conversation`` and ``up_to`` (a sequence number) bound what its tools
    may read, ``first`` is the first number that the least privileged reader of the answer may read. ``tools`` are
    names; ``lines`` end with what it answers. ``done`` are calls and results of an earlier attempt of the same run.
    """

    run: UUID
    agent: UUID
    conversation: UUID
    provider: str
    model: str
    instructions: str
    tools: Sequence[str]
    lines: Sequence[Line]
    first: int
    up_to: int
    done: Sequence[ToolCall | ToolResult] = field(default=())
    max_steps: int = 20
    tool_seconds: float = 10.0


class AnswerFailed(Exception):
    """An answer could not be given. ``code`` is stable and for clients, ``detail`` for people and free of secrets;
    ``is_safe_to_retry`` says that nothing was done that a second attempt would do twice.
    """

    def __init__(self, code: str, detail: str, *, is_safe_to_retry: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.is_safe_to_retry = is_safe_to_retry


class Answerer(Protocol):
    """Answers questions; raises AnswerFailed. Cancelling its iteration stops it within a second."""

    def __call__(self, question: Question) -> AsyncIterator[Step]:
        """Yield steps as they happen; the last is Usage."""
        ...
