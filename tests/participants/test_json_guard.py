"""Every document is either parsed exactly or refused with a stable reason."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participants.json_guard import LARGEST_INTEGER, JSONRejected, loads

REFUSED: dict[str, list[str | bytes]] = {
    "not_utf8": [b"\xff", b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b"\xff\xfe1\x00", b"\x80" * 1000],
    "not_json": [
        b"", b" ", b"{", b"[1,]", b'{"a":1,}', b"'a'", b"{a:1}", b"1 2", b"01", b"+1", b".5", b"1.", b"0x1", b"tru",
        b"undefined", b'"\t"', b'"a\x00b"', b'"\\x41"', b'"\\u12"', b'"open', b"// c\n1", b"\xef\xbb\xbf1", b"\x0c1",
        "\ufeff1", '"NaN', "nan",
    ],
    "not_finite": [b"NaN", b"-NaN", b"[Infinity]", b'{"a": -Infinity}', "[1, NaN]", '["\u00e9", NaN]'],
    "nul_character": [
        b'"\\u0000"', b'{"a": "x\\u0000"}', b'{"\\u0000": 1}', b'"\\\\\\u0000"', b'["\\u0000\\\\u0000"]',
        b'"\\n\\u0000"',
    ],
    "lone_surrogate": [
        b'"\\ud800"', b'"\\uDC00"', b'"\\ud800a"', b'"\\ud800\\n"', b'"\\ud800\\ud800"', b'"\\ud800\\u0041"',
        b'"\\udc00\\ud800"', b'{"\\udfff": 1}', '"\ud800"', "[\udc00]",
    ],
    "too_deep": [
        b"[" * 17 + b"]" * 17, b'{"a":' * 17 + b"1" + b"}" * 17, b'[{"a":' * 9 + b"1" + b"}]" * 9,
        b"[1," * 16 + b"[]" + b"]" * 16, b"[" * 100_000 + b"]" * 100_000, b"[" * 100_000, b'{"a":' * 100_000,
        b"[" * 1024 + b"]" * 1024,
    ],
    "number_out_of_range": [
        b"9007199254740993", b"-9007199254740993", b'{"a": [9223372036854775807]}', b"18446744073709551616",
        b"-9223372036854775809", b"1" * 300, b"9" * 5000, b"-" + b"9" * 5000, b"1e999", b"-1e999", b"[1e400]",
    ],
    "duplicate_key": [
        b'{"a": 1, "a": 2}', b'{"a": 1, "\\u0061": 1}', b'[{"x": {"a": 1, "b": ":", "a": 1}}]', b'{"": 1, "": 1}',
        b'{"a": "x", "a": "y"}', b'{"a" :"x","a" :"x"}', b'{"a":"x","\\u0061":"y", "b": ":"}',
        b'{"a": null, "a": true}',
    ],
}  # fmt: skip
CASES = [(reason, document) for reason, documents in REFUSED.items() for document in documents]


@pytest.mark.parametrize(("reason", "document"), CASES, ids=lambda case: repr(case)[:40])
def test_a_bad_document_is_refused_with_its_reason(reason: str, document: str | bytes) -> None:
    with pytest.raises(JSONRejected) as caught:
        loads(document)
    assert caught.value.reason == reason
    assert str(caught.value) == caught.value.detail
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (b"9007199254740992", LARGEST_INTEGER),
        (b"-9007199254740992", -LARGEST_INTEGER),
        (b"1e300", 1e300),
        (b"18446744073709551616.0", 2.0**64),
        (b"0." + b"1" * 5000, 0.1111111111111111),
        (b"1e-999", 0.0),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\\\\\\\u0000"', "\\\\u0000"),
        (b'"\\u0001"', "\x01"),
        (b'"NaN"', "NaN"),
        (b' {"a" :\r\n[true, false, null] }\t', {"a": [True, False, None]}),
        ('{"type": "message", "content": "\u00e9: [{"}', {"type": "message", "content": "\u00e9: [{"}),
        (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        (b'"' + b"[" * 1000 + b'"', "[" * 1000),
    ],
    ids=lambda case: repr(case)[:30],
)
def test_a_good_document_is_parsed(document: str | bytes, value: object) -> None:
    assert loads(document) == value


def test_the_depth_limit_counts_arrays_and_objects() -> None:
    loads(b"[" * 16 + b"]" * 16)
    loads(b"[" + b"[]," * 100 + b"[]]")
    assert loads(b"7", max_depth=0) == 7
    assert loads(b'{"a":[]}', max_depth=2) == {"a": []}
    for document in (b'{"a":[]}', b"[[]]", b"[1, {}]"):
        with pytest.raises(JSONRejected, match="at most 1 deep"):
            loads(document, max_depth=1)


def test_the_refusal_never_quotes_the_input() -> None:
    for reason, document in CASES:
        with pytest.raises(JSONRejected) as caught:
            loads(document if isinstance(document, str) else document + b" secret")
        assert "secret" not in caught.value.detail, reason


@pytest.mark.parametrize(
    "document",
    [b"[" * 1_000_000, b"[" * 500_000 + b"]" * 500_000, b"9" * 1_000_000, b'"' + b"\\\\" * 500_000 + b'u0000"'],
    ids=["opened", "deep", "digits", "backslashes"],
)
def test_a_hostile_megabyte_is_cheap(document: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(JSONRejected):
        loads(document)
    assert time.process_time() - started < 0.5


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


@given(value=VALUES, ascii_only=st.booleans(), as_bytes=st.booleans())
def test_every_value_within_the_limits_survives_the_round_trip(value: Any, ascii_only: bool, as_bytes: bool) -> None:
    document = json.dumps(value, ensure_ascii=ascii_only)
    parsed = loads(document.encode() if as_bytes else document)
    assert json.dumps(parsed) == json.dumps(value)


JSON_LIKE = st.lists(
    st.sampled_from(["{", "}", "[", "]", ",", ":", '"', "\\", "\\u0000", "\\ud800", "\\udc00", "a", "1", "-", "e9",
                     "NaN", "Infinity", "null", "9" * 17, "\x00", "\ud800", " ", "\u00e9"]),
    max_size=30,
).map("".join)  # fmt: skip


@given(st.binary(max_size=60) | st.text(st.characters(exclude_categories=()), max_size=60) | JSON_LIKE)
def test_nothing_but_a_refusal_is_ever_raised(document: str | bytes) -> None:
    try:
        value = loads(document)
    except JSONRejected:
        return
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    assert "\\u0000" not in json.dumps(value).replace("\\\\", "")
