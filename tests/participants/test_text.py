"""Display names that cannot be told apart are one name, and text the database cannot hold is refused."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participants.text import NAME_MAXIMUM, clean_name, refuse_unstorable

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=120)

SPOOFS = {
    "right-to-left override": ("\u202enimda", "nimda"),
    "left-to-right override": ("ad\u202dmin", "admin"),
    "embedding and its end": ("\u202badmin\u202c", "admin"),
    "left-to-right embedding": ("\u202aadmin", "admin"),
    "first-strong isolate": ("\u2068admin\u2069", "admin"),
    "directional isolates": ("\u2066ad\u2067min\u2069", "admin"),
    "direction marks": ("ad\u200emi\u200fn", "admin"),
    "arabic letter mark": ("admin\u061c", "admin"),
    "zero-width space": ("ad\u200bmin", "admin"),
    "zero-width non-joiner": ("ad\u200cmin", "admin"),
    "zero-width joiner": ("ad\u200dmin", "admin"),
    "word joiner": ("admin\u2060", "admin"),
    "byte order mark": ("\ufeffadmin", "admin"),
    "soft hyphen": ("ad\u00admin", "admin"),
    "tag characters": ("admin\U000e0061\U000e007f", "admin"),
    "grapheme joiner": ("ad\u034fmin", "admin"),
    "hangul filler": ("admin\u3164", "admin"),
    "blank braille": ("\u2800admin", "admin"),
    "full-width letters": ("\uff41\uff44\uff4d\uff49\uff4e", "admin"),
    "mathematical letters": ("\U0001d41a\U0001d41d\U0001d426\U0001d422\U0001d427", "admin"),
    "ligature": ("o\ufb03cer", "officer"),
    "circled letters": ("\u24d0dmin", "admin"),
    "no-break and wide spaces": ("Ada\u00a0\u2003\u3000Lovelace", "Ada Lovelace"),
    "line breaks and tabs": ("\tAda\r\nLovelace\u2028", "Ada Lovelace"),
    "control characters": ("ad\x07\x1bmi\x9fn", "admin"),
    "accent held apart": ("Zoe\u200d\u0308", "Zo\u00eb"),
}


@pytest.mark.parametrize(("typed", "stored"), SPOOFS.values(), ids=SPOOFS.keys())
def test_a_spoof_becomes_the_name_it_imitates(typed: str, stored: str) -> None:
    assert clean_name(typed) == stored


@pytest.mark.parametrize("name", ["Ada Lovelace", "李小龍", "محمد", "Zoë", "O'Neil-Smith", "R2-D2", "🦊", "नमस्ते"])
def test_an_honest_name_stays_as_it_is(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize("name", ["", "  \t\n", "\u200b\u2060", "\u3164\u3164", "\u2800", "\u202e", "\ufe0f", "\u0301"])
def test_a_name_with_nothing_to_see_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="visible"):
        clean_name(name)


@pytest.mark.parametrize("name", ["Ada\x00", "Ada\ud800", "\udc00Ada"])
def test_a_name_that_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="may not contain"):
        clean_name(name)


def test_the_maximum_counts_code_points_of_the_clean_name() -> None:
    assert clean_name("x" * NAME_MAXIMUM) == "x" * NAME_MAXIMUM
    assert clean_name("  " + "\u200bx" * NAME_MAXIMUM) == "x" * NAME_MAXIMUM
    with pytest.raises(ValueError, match="at most 80"):
        clean_name("x" * (NAME_MAXIMUM + 1))
    with pytest.raises(ValueError, match="at most 3"):
        clean_name("\ufb03x", maximum=3)


def test_a_huge_name_is_refused_before_it_is_normalised() -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match="at most 80"):
        clean_name("a" + "\u0301\u0323" * 50_000)
    assert time.process_time() - started < 0.1


@given(ANY_TEXT)
def test_a_clean_name_is_stable_visible_and_bounded(typed: str) -> None:
    try:
        name = clean_name(typed)
    except ValueError:
        return
    assert clean_name(name) == name
    assert name == unicodedata.normalize("NFKC", name)
    assert 0 < len(name) <= NAME_MAXIMUM
    assert name == " ".join(name.split())
    assert not {unicodedata.category(character) for character in name} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(ANY_TEXT)
def test_text_is_refused_exactly_when_the_database_could_not_hold_it(text: str) -> None:
    try:
        text.encode()
        storable = "\x00" not in text
    except UnicodeEncodeError:
        storable = False
    if storable:
        refuse_unstorable(text)
    else:
        with pytest.raises(ValueError, match="may not contain"):
            refuse_unstorable(text)


@pytest.mark.parametrize(("text", "named"), [("a\x00b", r"U\+0000"), ("a\ud83d", "surrogate"), ("\udfff", "surrogate")])
def test_the_refusal_names_the_character(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        refuse_unstorable(text)


def test_other_odd_characters_can_be_stored() -> None:
    refuse_unstorable("\x01\x7f\u202e\ufeff\uffff\U0010ffff")
