"""Markdown without its signs, for a line that names a message: no HTML, no Django, no database."""

import re

MOST = 2_000  # characters; a piece that is longer stays as it is
DEEPEST = 4  # emphasis within emphasis

_BLOCK = re.compile(r"(?:(?<=^)|(?<=\n))[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+|(?<!\S)(?:#{1,6}|>+)(?!\S)|`{3,}")
_INLINE = re.compile(
    r"(?P<tick>`+)(?P<code>[^`]+)(?P=tick)"
    r"|!?\[(?P<label>[^\[\]]*)\]\([^()\s]*\)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?<!\w)(?P<sign>\*\*|__|~~|[*_])(?=\S)(?P<words>.+?)(?<=\S)(?P=sign)(?!\w)",
    re.DOTALL,
)


def plain(content: str) -> str:
    """What Markdown says, as one line of text: code, labels of links and emphasised words without their signs."""
    if len(content) > MOST:
        return content
    return " ".join(_inline(_BLOCK.sub(" ", content), DEEPEST).split())


def _inline(content: str, depth: int) -> str:
    def words(found: re.Match[str]) -> str:
        within = found["words"]
        if within is not None:
            return _inline(within, depth - 1) if depth else within
        return found["code"] or found["label"] or found["escaped"] or ""

    return _INLINE.sub(words, content)
