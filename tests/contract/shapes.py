"""The contract's objects: exactly which keys each has, and what each may hold."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

Check = Callable[[Any], bool]
Shape = Mapping[str, Check]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def is_text(value: Any) -> bool:
    return type(value) is str


def is_flag(value: Any) -> bool:
    return type(value) is bool


def is_number(value: Any) -> bool:
    return type(value) is int and value >= 0


def is_object(value: Any) -> bool:
    return type(value) is dict


def is_time(value: Any) -> bool:
    """RFC 3339 in UTC with ``Z``."""
    return is_text(value) and TIME.fullmatch(value) is not None


def is_id(value: Any) -> bool:
    """A UUID in its canonical form."""
    return is_text(value) and re.fullmatch(r"[0-9a-f-]{36}", value) is not None and str(UUID(value)) == value


def maybe(check: Check) -> Check:
    """That, or null."""
    return lambda value: value is None or check(value)


def one_of(*values: Any) -> Check:
    """One of those."""
    return lambda value: value in values


def list_of(check: Check) -> Check:
    """A list of those."""
    return lambda value: type(value) is list and all(map(check, value))


def of(shape: Shape) -> Check:
    """An object of that shape."""

    def check(value: Any) -> bool:
        assert_shape(value, shape)
        return True

    return check


def assert_shape(value: Any, shape: Shape, *, also: Shape | None = None) -> None:
    """Fail unless ``value`` has exactly those keys, and ``also``'s, each with a value that fits."""
    wanted = {**shape, **(also or {})}
    assert is_object(value), f"not an object: {value!r}"
    assert value.keys() == wanted.keys(), (
        f"missing {wanted.keys() - value.keys()}, extra {value.keys() - wanted.keys()}"
    )
    for name, check in wanted.items():
        assert check(value[name]), f"{name} is {value[name]!r}"


PERSON: Shape = {  # inside frames and messages: no presence
    "id": is_id,
    "participant_id": is_id,
    "username": is_text,
    "display_name": is_text,
    "kind": one_of("human", "guest", "agent"),
}
PROFILE: Shape = {**PERSON, "is_online": maybe(is_flag), "last_seen_at": maybe(is_time)}
ME: Shape = {**PROFILE, "email": is_text, "created_at": is_time}
MEMBER: Shape = {
    **PROFILE,
    "role": one_of("owner", "admin", "moderator", "member", "observer"),
    "joined_at": is_time,
    "last_read_sequence_id": is_number,
}
TOKENS: Shape = {"access": is_text, "refresh": is_text, "expires_in": is_number}
MESSAGE: Shape = {
    "type": one_of("message"),
    "id": is_id,
    "conversation_id": is_id,
    "sequence_id": is_number,
    "message_id": is_text,
    "role": one_of("user", "assistant", "system"),
    "participant": of(PERSON),
    "sender_id": is_id,
    "content": maybe(is_text),
    "html": maybe(is_text),
    "reply_to": maybe(is_id),
    "mentions": list_of(is_id),
    "reactions": list_of(is_object),
    "attachments": list_of(is_object),
    "metadata": is_object,
    "status": one_of("delivered"),
    "created_at": is_time,
    "timestamp": is_time,
    "edited_at": maybe(is_time),
    "deleted": is_flag,
}
PREVIEW: Shape = {
    "id": is_id,
    "conversation_id": is_id,
    "title": is_text,
    "description": is_text,
    "visibility": one_of("private", "public"),
    "history": one_of("all", "from_join"),
    "mode": one_of("single", "multi"),
    "archived_at": maybe(is_time),
    "locked": is_flag,
    "created_at": is_time,
    "participant_count": is_number,
    "max_participants": is_number,
}
SUMMARY: Shape = {
    **PREVIEW,
    "slow_mode_s": is_number,
    "updated_at": is_time,
    "metadata": is_object,
    "last_sequence_id": is_number,
    "unread_count": is_number,
    "mention_count": is_number,
    "last_message_preview": maybe(is_text),
}
CONVERSATION: Shape = {
    **SUMMARY,
    "first_sequence_id": is_number,
    "participants": list_of(of(MEMBER)),
    "messages": list_of(of(MESSAGE)),
}
MESSAGE_PAGE: Shape = {
    "messages": list_of(is_object),
    "has_more": is_flag,
    "first_sequence_id": is_number,
    "current_sequence_id": is_number,
}
EVENT_PAGE: Shape = {**{k: v for k, v in MESSAGE_PAGE.items() if k != "messages"}, "events": list_of(is_object)}
PROBLEM: Shape = {
    "type": is_text,
    "title": is_text,
    "status": is_number,
    "code": lambda value: re.fullmatch(r"[a-z][a-z0-9_]*", value) is not None,
    "detail": is_text,
    "error": is_text,
    "request_id": is_text,
}
FIELD_ERROR: Shape = {"field": is_text, "code": is_text, "detail": is_text}


def assert_page(body: Any, name: str, row: Shape, *, total: int, limit: int = 20, offset: int = 0) -> list[Any]:
    """Fail unless it is the list envelope with rows of that shape; returns the rows."""
    assert body.keys() == {name, "total", "limit", "offset"}
    assert (body["total"], body["limit"], body["offset"]) == (total, limit, offset)
    for found in body[name]:
        assert_shape(found, row)
    rows: list[Any] = body[name]
    return rows


def assert_refused(response: Any, status: int, code: str, **members: Any) -> dict[str, Any]:
    """Fail unless it is a problem+json of that status and code with those further members; returns it."""
    assert response.status_code == status, f"{response.status_code}: {response.content[:500]!r}"
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    optional = {"errors": list_of(of(FIELD_ERROR)), "retry_after": is_number, "limit": is_number}
    also = {name: check for name, check in optional.items() if name in problem}
    also |= {name: one_of(wanted) for name, wanted in members.items()}
    assert_shape(problem, PROBLEM, also=also)
    assert problem["status"] == status
    assert problem["error"] == problem["detail"]
    assert response.headers["X-Request-ID"] == problem["request_id"]
    if status in {429, 503}:
        assert int(response.headers["Retry-After"]) == problem["retry_after"] > 0
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    return problem
