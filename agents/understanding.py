"""What the built-in model understands of a question: keywords of English, and which tools know about them. Pure.

This is no language model and does not pretend to be one: it finds out what somebody wants to know about the
conversation, asks the tools for it, and says so where it has not understood.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_CALLS = 3
_WORDS_OF_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_WORDS_OF_NUMBERS, start=1)}
_FILLER_TEXT = """
a about again all also am an and any anybody anyone anything are as at be been being but by can could did do does find
for from had has have he her here him his how i if in into is it its just let look me mention mentioned mentions message
messages my of on or our out please said say says search she should show so some somebody someone something talk talked
talking tell than that the their them there these they this those to told us was we were what when where which who whom
whose why will with would write written wrote you your
"""
_FILLER = frozenset(_FILLER_TEXT.split())


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to be asked, and why."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What is wanted: tools to be asked, or one of ``greeting``, ``thanks``, ``help``."""

    calls: tuple[Call, ...] = ()
    pleasantry: str = ""


_COUNT = rf"(\d{{1,3}}|{'|'.join(_WORDS_OF_NUMBERS)})"
_HELP = re.compile(r"\b(help|what can you do|who are you|what are you|how do you work)\b")
_GREETING = re.compile(
    r"^(hi|hello|hey|hiya|good (morning|afternoon|evening)|greetings|howdy)\b[\s!,.]*(there|all|everybody)?\W*$"
)
_THANKS = re.compile(r"^(thanks?|thank you|thx|cheers|great|perfect|nice)\b.{0,30}$")
_TIME = re.compile(
    r"\b(what time|what's the time|what day|which day|what date|today's date|current (?:time|date)|time is it)\b"
)
_ZONE = re.compile(r"\b([A-Z][A-Za-z_]+/[A-Z][A-Za-z_]+)\b")
_PEOPLE = re.compile(
    r"\b(who(?:'s| is| are| else is)? (?:\w+ )?(?:here|in|online|around|present)\b|participants?\b|members?\b|"
    r"who(?:'s| is| are) (?:in|part of)|everybody here|list (?:the )?people|how many (?:people|of us|are we))"
)
_SUMMARY = re.compile(
    r"\b(summar\w*|sum up|recap\w*|tl;?dr|overview|catch me up|"
    r"what (?:happened|did i miss|have i missed|was discussed)|what(?:'s| is) (?:going on|this (?:\w+ )?about))"
)
_RANGE = re.compile(r"\b(?:messages?|from|numbers?)\s+#?(\d{1,9})\s*(?:to|-|until|through)\s*#?(\d{1,9})\b")
_LAST = re.compile(rf"\b(?:last|latest|newest|recent|previous)\s+(?:{_COUNT}\s+)?messages?\b")
_FIRST = re.compile(rf"\b(?:first|oldest|earliest)\s+(?:{_COUNT}\s+)?messages?\b")
_MESSAGE = re.compile(r"\bmessage\s+(?:number\s+)?#?(\d{1,9})\b")
_SEARCH = re.compile(
    r"\b(?:search(?: for)?|find|look(?:ing)? for|look up|anything about|(?:who|when|where|what|did|has|have|which)\b.*?"
    r"\b(?:mention(?:ed|s)?|said?|says?|talk(?:ed|ing)? about|wr(?:o|i)te|written|discuss(?:ed)?|about|know about))\b"
)
_QUOTED = re.compile(r'"([^"]{1,200})"')
_WORD = re.compile(r"[^\W_][\w'-]*")
_ADDRESS = re.compile(r"@[\w.+-]+[,:]?\s*")
_TYPOGRAPHY = str.maketrans({"\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2013": "-"})


def understood(text: str) -> Understanding:
    """What ``text`` wants to know."""
    plain = _ADDRESS.sub("", text[:2_000].translate(_TYPOGRAPHY)).strip()
    low = plain.lower()
    for pleasantry, pattern in (("greeting", _GREETING), ("thanks", _THANKS)):
        if pattern.search(low):
            return Understanding(pleasantry=pleasantry)
    calls = [call for sense in _SENSES if (call := sense(plain, low)) is not None]
    if not calls:
        if _HELP.search(low):
            return Understanding(pleasantry="help")
        calls = [call for call in (_any_words(plain),) if call is not None]
    return Understanding(tuple(calls[:_MOST_CALLS]))


def _time(plain: str, low: str) -> Call | None:
    if not _TIME.search(low):
        return None
    zone = _ZONE.search(plain)
    return Call("current_time", {"timezone": zone.group(1)} if zone else {}, "This asks for the time: the clock knows.")


def _people(plain: str, low: str) -> Call | None:
    thought = "This asks who is here: the list of participants knows."
    return Call("list_participants", {}, thought) if _PEOPLE.search(low) else None


def _summary(plain: str, low: str) -> Call | None:
    if not _SUMMARY.search(low):
        return None
    arguments: dict[str, int] = {}
    if bounds := _RANGE.search(low):
        first, last = sorted(int(number) for number in bounds.groups())
        arguments = {"first": first, "last": last}
    return Call("summarise_messages", arguments, "This asks for a summary: an overview of the messages has it.")


def _reading(plain: str, low: str) -> Call | None:
    thought = "This asks for certain messages: they can be read."
    if _SUMMARY.search(low):
        return None
    if bounds := _RANGE.search(low):
        first, last = sorted(int(number) for number in bounds.groups())
        return Call("read_messages", {"after": first - 1, "before": last + 1, "limit": 50}, thought)
    if single := _MESSAGE.search(low):
        number = int(single.group(1))
        return Call("read_messages", {"after": number - 1, "before": number + 1, "limit": 1}, thought)
    if newest := _LAST.search(low):
        return Call("read_messages", {"limit": _count(newest.group(1), low)}, thought)
    if oldest := _FIRST.search(low):
        return Call("read_messages", {"after": 0, "limit": _count(oldest.group(1), low)}, thought)
    return None


def _search(plain: str, low: str) -> Call | None:
    if (match := _SEARCH.search(low)) is None or any(
        other(plain, low) for other in (_people, _summary, _reading, _time)
    ):
        return None
    if quoted := _QUOTED.search(plain):
        query = f'"{quoted.group(1)}"'
    else:
        asked = _telling(plain[match.end() :]) or _telling(plain[match.start() :])
        query = " ".join(asked[:6])
    return (
        Call("search_messages", {"query": query}, f"This asks about {query}: a search may find it.") if query else None
    )


def _any_words(plain: str) -> Call | None:
    """For what is not understood: what was said with its words may help."""
    words = _telling(plain)
    if not words:
        return None
    return Call(
        "search_messages", {"query": " or ".join(words[:6])}, "This is no question I know: its words may be here."
    )


def _telling(text: str) -> list[str]:
    words = [word.strip("'-") for word in _WORD.findall(text)]
    return [word for word in words if word and word.lower() not in _FILLER]


def _count(word: str | None, low: str) -> int:
    if word is None:
        return 10 if "messages" in low else 1
    return max(1, min(int(word) if word.isdigit() else _NUMBERS[word], 50))


_SENSES: tuple[Callable[[str, str], Call | None], ...] = (_people, _summary, _reading, _search, _time)
