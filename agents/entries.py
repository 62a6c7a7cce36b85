"""The entries of a run as rows of the log: what a model or a tool said, cleaned and cut. No queries."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from agents.steps import Thinking, ToolCall, ToolResult
from conversations import markdown
from conversations.conf import conf
from conversations.models import Event
from conversations.presentation import ANSWERED
from participants.encoding import encode
from participants.models import Participant

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
DEPTH = 16
CALL_ID_LENGTH = 100
NAME_LENGTH = 100


def clean(text: str) -> str:
    """Without what a database does not take."""
    return _UNSTORABLE.sub("\ufffd", text)


def head(text: str) -> tuple[str, dict[str, Any]]:
    """A text within the bound of lists and frames, and ``truncated`` if it was longer."""
    encoded = clean(text[: conf.cut_bytes + 1]).encode()
    if len(encoded) <= conf.cut_bytes:
        return encoded.decode(), {}
    return encoded[: conf.cut_bytes].decode(errors="ignore"), {"truncated": True}


def tail(text: str) -> str:
    """The end of a text, within the same bound."""
    return text[-conf.cut_bytes :].encode()[-conf.cut_bytes :].decode(errors="ignore")


def started(agent: Participant, run: UUID, trigger: int | None) -> Event:
    """A run begins."""
    return Event(type="agent_started", author=agent, data={"run_id": str(run), "trigger_sequence_id": trigger})


def failed(agent: Participant, run: UUID, code: str, detail: str) -> Event:
    """A run ends without an answer."""
    return Event(type="agent_failed", author=agent, data={"run_id": str(run), "code": code, "detail": detail})


def step(agent: Participant, run: UUID, done: Thinking | ToolCall | ToolResult) -> Event:
    """A step of a run."""
    match done:
        case Thinking(text):
            kind, data = "agent_thinking", _cut("text", text)
        case ToolCall():
            kind = "tool_executing"
            data = _named(done) | _arguments(done.arguments) | {"purpose": clean(done.purpose)[:300]}
        case ToolResult():
            kind = "tool_completed"
            data = _named(done) | _cut("result", done.result)
            data |= {"is_error": done.is_error, "duration_ms": max(0, int(done.duration_ms))}
    return Event(type=kind, author=agent, data={"run_id": str(run)} | data)


def _named(done: ToolCall | ToolResult) -> dict[str, Any]:
    return {"call_id": clean(done.call_id)[:CALL_ID_LENGTH], "tool": clean(done.tool)[:NAME_LENGTH]}


def _cut(name: str, text: str) -> dict[str, Any]:
    shown, truncated = head(text)
    return {name: shown} | truncated


def _arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    plain = _plain(dict(arguments), DEPTH)
    text = encode(plain)
    if len(text) <= conf.cut_bytes:
        return {"arguments": plain}
    return {"arguments": {"text": head(text.decode())[0]}, "truncated": True}


def _plain(value: Any, depth: int) -> Any:
    """What JSON can say of a value."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= 2**53 else str(value)
    if isinstance(value, Mapping) and depth:
        return {clean(str(key)): _plain(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list | tuple) and depth:
        return [_plain(each, depth - 1) for each in value]
    return clean(str(value))


def answer(agent: Participant, run: UUID, text: str, *, model: str, tokens: int | None, milliseconds: int) -> Event:
    """The answer: a message, but for the type of its entry."""
    about = {"run_id": str(run), "model": model, "tokens": tokens, "response_time_ms": milliseconds}
    html = markdown.render(text) if len(text) <= markdown.MAXIMUM_CHARACTERS else ""  # made when it is asked for
    return Event(
        id=uuid4(), type=ANSWERED, author=agent, message_id=f"run-{run}", content=text, html=html, data={"run": about}
    )
