"""Rules for text people choose about themselves, and for any text that is to be stored. Pure functions.

Who may use which name, and whether it resembles another's, is decided elsewhere.
"""

from __future__ import annotations

import re
import unicodedata

NAME_MAXIMUM = 80

# NFKC sorts runs of combining marks in quadratic time, so what cannot be a name is refused before it: a name typed
# with invisible characters or decomposed letters has no reason to be longer than this many times the maximum.
_RAW_FACTOR = 8

# Invisible though not of category Cf: combining grapheme joiner, Hangul and Khmer fillers, Mongolian selectors,
# and the blank Braille pattern. All but the last are Default_Ignorable_Code_Point (Unicode UAX 44).
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")

# Halves of surrogate pairs are no characters, and UTF-8 has no form for them (The Unicode Standard 3.9, D92).
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_name(value: str, *, maximum: int = NAME_MAXIMUM) -> str:
    """Return a display name as it is stored: NFKC, single spaces, nothing invisible, at most `maximum` code points.

    Compatibility forms become the plain letters they imitate (UAX 15 NFKC, asked for by UTS 39 section 3.1); runs of
    white space become one space; controls (Cc), format characters (Cf: zero-width, bidi controls of UAX 9, tags,
    soft hyphen) and blank fillers go. The zero-width joiners go everywhere: an emoji family falls apart into its
    members and some Indic and Persian names lose a letter form, so that names which look equal are equal.
    Cleaning a cleaned name changes nothing.

    Raises `ValueError` for a NUL or lone surrogate, for a name with no visible character, and for one too long.
    """
    refuse_unstorable(value)
    if len(value) > maximum * _RAW_FACTOR:
        raise ValueError(f"a name has at most {maximum} characters")
    spaced = " ".join(value.split())
    visible = "".join(character for character in spaced if not _is_invisible(character))
    # Removed characters may have kept a letter and its accent apart, so normalising comes after; it can also turn
    # one character into a space and an accent, so the spaces are collapsed once more.
    name = " ".join(unicodedata.normalize("NFKC", visible).split())
    if not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        raise ValueError("a name needs at least one visible character")
    if len(name) > maximum:
        raise ValueError(f"a name has at most {maximum} characters")
    return name


def refuse_unstorable(value: str) -> None:
    """Raise `ValueError` for text with NUL, which PostgreSQL cannot store, or a lone surrogate, which UTF-8 cannot."""
    if value.isascii() and "\x00" not in value:
        return
    found = _UNSTORABLE.search(value)
    if found is None:
        return
    if found.group() == "\x00":
        raise ValueError("text may not contain the character U+0000")
    raise ValueError("text may not contain half of a surrogate pair")


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf") or character in _FILLERS
