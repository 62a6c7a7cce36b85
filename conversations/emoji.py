"""Which text is one emoji, and how it is written (Unicode UTS 51). Pure."""

import regex

LENGTH = 32  # code points; the longest there is has 15
_STYLE = "\ufe0f"  # shows the character before it as a picture
# Pictures that are letters, signs or digits to older texts need the mark of style, the others do without.
_PICTURE = r"[\p{Extended_Pictographic}&&\p{Emoji}]"
_ELEMENT = rf"(?:{_PICTURE}(?:\p{{Emoji_Modifier}}|\ufe0f)?|\p{{Emoji_Modifier}})"
_TAGS = r"[\U000E0020-\U000E007E]{1,30}\U000E007F"
_EMOJI = regex.compile(
    rf"(?V1)(?:[0-9#*]\ufe0f?\u20e3|\p{{Regional_Indicator}}{{2}}|{_ELEMENT}(?:{_TAGS}|(?:\u200d{_ELEMENT}){{0,9}}))"
)
_UNMARKED = regex.compile(rf"(?V1)([{_PICTURE}--\p{{Emoji_Presentation}}])(?!\ufe0f|\p{{Emoji_Modifier}})")
_MARKED_TWICE = regex.compile(r"(?V1)(\p{Emoji_Presentation})\ufe0f")
_BARE_KEYCAP = regex.compile("([0-9#*])\u20e3")


def spelled(text: str) -> str | None:
    """``text`` in the one spelling of its emoji; None unless it is exactly one emoji."""
    if len(text) > LENGTH or not _EMOJI.fullmatch(text):
        return None
    text = _BARE_KEYCAP.sub(rf"\1{_STYLE}" + "\u20e3", text)
    return str(_UNMARKED.sub(rf"\1{_STYLE}", _MARKED_TWICE.sub(r"\1", text)))
