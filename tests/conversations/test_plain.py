"""Markdown without its signs."""

import pytest

from conversations.plain import MOST, plain

SAID = [
    ("**look** at `this`", "look at this"),
    ("*a* _b_ __c__ ~~d~~", "a b c d"),
    ("**very *much* so**", "very much so"),
    ("# Title\n\n> quoted", "Title quoted"),
    ("- one\n- two\n1. three", "one two three"),
    ("[the label](https://example.org/x_y_z)", "the label"),
    ("```python\nx = 1\n```", "python x = 1"),
    (r"\*not\* so", "*not* so"),
    ("`__init__` and snake_case and 2*3*4", "__init__ and snake_case and 2*3*4"),
    ("tea - coffee", "tea - coffee"),
    ("5 > 3", "5 3"),
    ("", ""),
]


@pytest.mark.parametrize(("content", "shown"), SAID, ids=[content for content, _ in SAID])
def test_signs_are_left_out(content: str, shown: str):
    assert plain(content) == shown


def test_what_is_built_to_cost_time_does_not():
    for piece in ("*a", "[", "_ ", "`", "**a** ", "\\", "[a](", "*_"):
        plain(piece * (MOST // len(piece)))
    assert plain("**" * MOST) == "**" * MOST
