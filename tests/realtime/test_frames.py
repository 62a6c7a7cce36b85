"""Frames of clients: what is a command becomes one, and whatever else comes is a BadFrame with a stable code."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from participants.encoding import encode
from realtime import frames
from realtime.frames import BadFrame, FrameTooLarge
from tests.realtime.commands import VALID

LIMIT = 64 * 1024
ID = "0f7e6f0c-7d0f-4a53-9d0b-6f6f5f0d9a11"
HUGE = 2**53 + 1

patient = settings(max_examples=200, deadline=None)  # a busy machine is no defect

ALIASES = {
    "message_id": "messageId",
    "sender_id": "senderId",
    "last_sequence_id": "lastSequenceId",
    "is_typing": "isTyping",
    "sequence_id": "sequenceId",
    "participant_id": "participantId",
    "conversation_id": "conversationId",
}
NO_TEXT: list[Any] = [1, True, [], {}, ["hello"]]
NO_NUMBER: list[Any] = ["1", 1.5, -1, True, [], {}, [1]]
NO_ID: list[Any] = ["", "x", 1, True, [], {}, [ID], ID + "0"]
WRONG: dict[tuple[str, str], list[Any]] = {
    ("message", "content"): [None, *NO_TEXT],
    ("message", "message_id"): [None, "", "k" * 65, *NO_TEXT],
    ("message", "reply_to"): NO_ID,
    ("message", "metadata"): ["", 1, True, [], [{}]],
    ("message", "conversation_id"): NO_ID,
    ("sync", "last_sequence_id"): [None, *NO_NUMBER],
    ("subscribe", "last_sequence_id"): NO_NUMBER,
    ("subscribe", "conversation_id"): NO_ID,
    ("unsubscribe", "conversation_id"): NO_ID,
    ("join", "conversation_id"): NO_ID,
    ("leave", "conversation_id"): NO_ID,
    ("typing", "is_typing"): [None, 0, 1, "true", [], {}],
    ("read", "sequence_id"): [None, *NO_NUMBER],
    ("authenticate", "access"): [None, *NO_TEXT],
}
WRONG_FIELDS = [(kind, field, value) for (kind, field), values in WRONG.items() for value in values]
UNKNOWN_TYPES: list[Any] = [
    "fanout.event", "fanout.control", "fanout_event", "websocket.close", "websocket.receive", "websocket.disconnect",
    "message.ack", "message_ack", "connected", "__class__", "__init__", "Message", "MESSAGE", " message", "message\n",
    "", None, 0, True, [], {}, ["message"], {"type": "message"},
]  # fmt: skip
NO_JSON = {
    "empty": "",
    "blank": "  \n",
    "words": "hello",
    "cut": '{"type": "ping"',
    "trailing comma": '{"type": "ping",}',
    "two documents": '{"type": "ping"} {"type": "ping"}',
    "NaN": '{"type": "ping", "nonce": NaN}',
    "Infinity": '{"type": "ping", "nonce": Infinity}',
    "minus Infinity": '{"type": "ping", "nonce": -Infinity}',
    "too large for a double": '{"type": "ping", "nonce": 1e999}',
    "huge integer": '{"type": "ping", "nonce": 9007199254740993}',
    "5,000 digits": '{"type": "ping", "nonce": ' + "9" * 5000 + "}",
    "NUL": '{"type": "ping", "nonce": "\\u0000"}',
    "bare NUL": '{"type": "ping", "nonce": "\0"}',
    "half a surrogate": '{"type": "message", "message_id": "k", "content": "\\ud800"}',
    "other half": '{"type": "message", "message_id": "k", "content": "\\udfff!"}',
    "same key twice": '{"type": "ping", "type": "leave"}',
    "same key twice inside": '{"type": "ping", "nonce": {"a": 1, "a": 2}}',
    "17 deep": '{"type": "ping", "nonce": ' + "[" * 16 + "]" * 16 + "}",
    "objects 17 deep": '{"type": "ping", "nonce": ' + '{"a":' * 16 + "1" + "}" * 17,
    "30,000 deep": "[" * 30_000 + "]" * 30_000,
    "never closed": "[" * LIMIT,
}
NO_OBJECTS = ["[]", '[{"type": "ping"}]', "1", "-0.5", '"ping"', "null", "true"]


def parse(frame: Any) -> frames.Command:
    return frames.parse(json.dumps(frame), LIMIT)


def refusal(raw: str | bytes) -> BadFrame:
    with pytest.raises(BadFrame) as caught:
        frames.parse(raw, LIMIT)
    return caught.value


def test_the_smallest_frame_of_every_command_is_taken() -> None:
    assert set(VALID) == {frames.name_of(command) for command in frames.COMMANDS}
    for kind, fields in VALID.items():
        command = parse({"type": kind, **fields})
        assert frames.name_of(type(command)) == kind
        assert command.model_dump(mode="json", include=set(fields)) == fields
        assert command.conversation_id is None


def test_every_command_has_an_answer_in_the_documentation() -> None:
    assert all(frames.answer_of(command) for command in frames.COMMANDS)


@pytest.mark.parametrize("name", ALIASES)
def test_camel_case_means_the_same(name: str) -> None:
    value: Any = {"message_id": "k", "is_typing": False, "conversation_id": ID}.get(name, 7)
    taken = 0
    for command in frames.COMMANDS:
        if name in command.model_fields:
            kind = frames.name_of(command)
            fields = VALID[kind] | {name: value}
            camel = {ALIASES.get(key, key): field for key, field in fields.items()}
            assert parse({"type": kind, **camel}) == parse({"type": kind, **fields})
            assert str(getattr(parse({"type": kind, **camel}), name)) == str(value)
            taken += 1
    assert taken


def test_unknown_fields_are_ignored() -> None:
    for kind, fields in VALID.items():
        frame = {"type": kind, **fields}
        assert parse(frame | {"colour": "red", "sequence": 7, "__class__": []}) == parse(frame)


@pytest.mark.parametrize(("kind", "field", "value"), WRONG_FIELDS, ids=lambda part: repr(part)[:20])
def test_a_field_of_the_wrong_type_is_named(kind: str, field: str, value: Any) -> None:
    for name in (field, ALIASES.get(field, field)):
        rest = {key: given for key, given in VALID[kind].items() if key != field}
        error = refusal(json.dumps({"type": kind, **rest, name: value}))
        assert error.code == "validation_error"
        assert error.errors is not None
        assert {row["field"] for row in error.errors} <= {field, ALIASES.get(field), f"{field}.0"}


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, fields in VALID.items() for field in fields], ids=str
)
def test_a_missing_field_is_named(kind: str, field: str) -> None:
    rest = {key: given for key, given in VALID[kind].items() if key != field}
    error = refusal(json.dumps({"type": kind, **rest}))
    assert error.code == "validation_error"
    assert error.errors is not None
    assert [row["field"] for row in error.errors] == [field]


@pytest.mark.parametrize("kind", UNKNOWN_TYPES, ids=repr)
def test_an_unknown_type_is_no_command(kind: Any) -> None:
    assert refusal(json.dumps({"type": kind, "content": "x", "message_id": "k"})).code == "unknown_type"


def test_a_frame_without_a_type_is_no_command() -> None:
    assert refusal("{}").code == "unknown_type"


@pytest.mark.parametrize("name", NO_JSON)
def test_what_json_forbids_or_readers_disagree_on_is_refused(name: str) -> None:
    assert refusal(NO_JSON[name]).code == "invalid_json"


@pytest.mark.parametrize("raw", NO_OBJECTS)
def test_a_frame_is_one_object(raw: str) -> None:
    assert refusal(raw).code == "invalid_frame"


def test_sixteen_deep_and_the_largest_integer_are_taken() -> None:
    parse({"type": "ping", "nonce": json.loads("[" * 15 + "]" * 15)})
    assert parse({"type": "read", "sequence_id": 2**53}) == frames.MarkRead(type="read", sequence_id=2**53)
    assert refusal(json.dumps({"type": "read", "sequence_id": HUGE})).code == "invalid_json"


@pytest.mark.parametrize("raw", [b"", b'{"type": "ping"}', b"\xff"])
def test_binary_is_refused(raw: bytes) -> None:
    assert refusal(raw).code == "binary_frame"


@pytest.mark.parametrize("letter", ["x", "é", "字", "😀"])
def test_the_limit_counts_bytes_and_is_exact(letter: str) -> None:
    room = LIMIT - len('{"type": "ping", "nonce": ""}')
    width = len(letter.encode())
    text = letter * (room // width) + "x" * (room % width)
    assert frames.parse(f'{{"type": "ping", "nonce": "{text}"}}', LIMIT) == frames.Ping(type="ping", nonce=text)
    error = refusal(f'{{"type": "ping", "nonce": "{text}x"}}')
    assert isinstance(error, FrameTooLarge)
    assert error.code == "frame_too_large"
    assert "65,537" in error.detail


def test_a_refusal_names_what_it_is_about_as_far_as_that_is_well_formed() -> None:
    about = {"message_id": "k", "conversation_id": ID}
    expected = {"message_id": "k", "conversation_id": UUID(ID)}
    assert refusal(json.dumps({"type": "message", **about})).about == expected
    assert refusal(json.dumps({"type": "unheard", **about})).about == expected
    camel = {"messageId": "k", "conversationId": ID}
    assert refusal(json.dumps({"type": "message", **camel})).about == expected
    broken = {"message_id": ["k"], "conversation_id": "nowhere"}
    assert refusal(json.dumps({"type": "message", **broken})).about == {}


# --- anything at all --------------------------------------------------------------------------------------------------

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([ID, "message"])
)
names = st.sampled_from([*ALIASES, *ALIASES.values(), "type", "content", "access", "reply_to", "nonce"]) | st.text()
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
objects = st.dictionaries(names, values, max_size=6)
nearly = st.builds(
    lambda kind, other: {"type": kind, **VALID[kind], **other, "message_id": other.get("message_id", str(uuid4()))},
    st.sampled_from(sorted(VALID)),
    objects,
)
any_text = st.text(st.characters(exclude_categories=[]), max_size=60)


def outcome(raw: str | bytes) -> frames.Command | BadFrame:
    try:
        return frames.parse(raw, LIMIT)
    except BadFrame as error:
        return error


def only_refuses(raw: str | bytes) -> None:
    found = outcome(raw)
    if isinstance(found, BadFrame):
        assert found.code in {"binary_frame", "invalid_json", "invalid_frame", "unknown_type", "validation_error"}
        encode(found.frame("id", **found.about))
    else:
        assert found.type in VALID


@patient
@given(any_text | st.binary())
def test_any_text_or_bytes_are_a_command_or_a_bad_frame(raw: str | bytes) -> None:
    only_refuses(raw)


@patient
@given(objects | nearly | values)
def test_any_json_is_a_command_or_a_bad_frame(value: Any) -> None:
    only_refuses(json.dumps(value))
    only_refuses(json.dumps(value, ensure_ascii=False))
