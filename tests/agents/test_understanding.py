"""What the built-in model makes of questions; of any text it makes something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools import TOOLS
from agents.understanding import understood
from chatsite import demo

SEARCH, READ, SUM, PEOPLE, TIME = (
    "search_messages", "read_messages", "summarise_messages", "list_participants", "current_time",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("@assistant search for invoices", [(SEARCH, {"query": "invoices"})]),
        ("find “blue whale” please", [(SEARCH, {"query": '"blue whale"'})]),
        ("who mentioned Berlin?", [(SEARCH, {"query": "Berlin"})]),
        ("What did Ada say about the budget?", [(SEARCH, {"query": "budget"})]),
        ("when did we talk about Vienna", [(SEARCH, {"query": "Vienna"})]),
        ("show me the last 5 messages", [(READ, {"limit": 5})]),
        ("the last message?", [(READ, {"limit": 1})]),
        ("what were the first three messages", [(READ, {"after": 0, "limit": 3})]),
        ("read message 12", [(READ, {"after": 11, "before": 13, "limit": 1})]),
        ("messages 30 to 10", [(READ, {"after": 9, "before": 31, "limit": 50})]),
        ("summarise this conversation", [(SUM, {})]),
        ("Can you recap messages 10 \u2013 40?", [(SUM, {"first": 10, "last": 40})]),
        ("what did I miss", [(SUM, {})]),
        ("who is here?", [(PEOPLE, {})]),
        ("Who\u2019s online", [(PEOPLE, {})]),
        ("how many people are in this room", [(PEOPLE, {})]),
        ("what time is it in Europe/Vienna?", [(TIME, {"timezone": "Europe/Vienna"})]),
        ("what's the time", [(TIME, {})]),
        ("who is here and what time is it", [(PEOPLE, {}), (TIME, {})]),
        ("zebras", [(SEARCH, {"query": "zebras"})]),
    ],
)
def test_questions_and_the_tools_that_know(text, calls):
    assert [(call.tool, call.arguments) for call in understood(text).calls] == calls


@pytest.mark.parametrize(
    ("text", "pleasantry"),
    [("Hi!", "greeting"), ("good morning all", "greeting"), ("thanks a lot", "thanks"), ("help", "help"),
     ("@bot who are you?", "help"), (demo.TALK[-1][1], "help"), ("?", ""), ("", "")],
)  # fmt: skip
def test_what_needs_no_tool(text, pleasantry):
    assert (understood(text).pleasantry, understood(text).calls) == (pleasantry, ())


WORDS = [
    "who",
    "what",
    "when",
    "did",
    "say",
    "about",
    "message",
    "messages",
    "last",
    "first",
    "5",
    "12",
    "to",
    "search",
]
WORDS += ["find", '"x"', "summarise", "here", "time", "\u0130", "\u00e9", "@a"]


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_any_text_is_understood_somehow_the_same_way_each_time(text):
    once = understood(text)
    assert once == understood(text)
    assert len(once.calls) <= 3
    for call in once.calls:
        assert call.tool in TOOLS
        assert call.thought
        assert call.arguments.get("query", "x")
        assert call.arguments.get("limit", 1) in range(1, 51)
