"""Search: what it finds, in what order, for whom, and how it is shown; on either engine."""

import random
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.search import Question
from tests.contract.shapes import MESSAGE, assert_page, assert_refused, is_text
from tests.conversations.test_query_counts import queries
from tests.personas import bring_in, client_of, conversation_of, person, say, take_out

pytestmark = pytest.mark.django_db


def find(who, q, **filters):
    answer = client_of(who).client.get("/api/v1/search", {"q": q, **filters}, headers=client_of(who).headers)
    assert answer.status_code == 200, answer.content
    return answer.json()["messages"]


def contents(who, q, **filters):
    return {row["content"] for row in find(who, q, **filters)}


def test_found_messages_have_their_shape(ada, ben, tea):
    say(ben, tea, "green tea")
    body = client_of(ada).get("search?q=tea").json()
    assert_page(body, "messages", {**MESSAGE, "highlight": is_text}, total=1)
    assert body["messages"][0]["highlight"] == "green <mark>tea</mark>"


TEAS = {"green tea", "black tea", "tea time, running late"}


@pytest.mark.parametrize(
    ("q", "wanted"),
    [("tea", TEAS), ("TEA", TEAS), ("green tea", {"green tea"}), ("tea -green", TEAS - {"green tea"}),
     ('"tea time"', {"tea time, running late"}),
     ('"time tea"', set()), ("green or black", {"green tea", "black tea"}), ("run", {"tea time, running late"}),
     ("-tea", set()), ("***", set()), ('"', set()), ("NEAR(", set()), ("content:tea", set()), ("coffee", set()),
     ("caf\u00e9", {"un caf\u00e9"}), ("AND", set()), ("tea*", TEAS),
     ("'; DROP TABLE x; --", set()), ("& | ! ( ) :*", set())],
)  # fmt: skip
def test_words_phrases_and_alternatives(ada, ben, tea, q, wanted):
    for content in ("green tea", "black tea", "tea time, running late", "un caf\u00e9"):
        say(ben, tea, content)
    assert contents(ada, q) == wanted


def test_the_best_comes_first(ada, ben, tea):
    say(ben, tea, "whale " + "word " * 60)
    say(ben, tea, "whale whale whale")
    assert [row["content"][:11] for row in find(ada, "whale")] == ["whale whale", "whale word "]


@pytest.mark.parametrize(
    "content", ["<script>alert(1)</script> whale", "whale & <b>x</b>", "\"whale\" 'x' </mark><mark>"]
)
def test_highlights_are_escaped(ada, ben, tea, content):
    say(ben, tea, content)
    (row,) = find(ada, "whale")
    assert "<mark>whale</mark>" in row["highlight"]
    assert "<" not in re.sub("</?mark>", "", row["highlight"])
    assert row["highlight"].count("<mark>") == row["highlight"].count("</mark>") == 1


def test_edits_and_deletions_are_found_at_once(ada, ben, tea):
    message = say(ben, tea, "whale")
    api = client_of(ben)
    api.patch(f"messages/{message.pk}", {"content": "shark"})
    assert (contents(ada, "whale"), contents(ada, "shark")) == (set(), {"shark"})
    api.delete(f"messages/{message.pk}")
    assert contents(ada, "shark") == set()


def test_only_what_one_may_read_is_found(ada, ben):
    hidden = conversation_of(ada, ben, history="from_join")
    say(ben, hidden, "whale early")
    cid, eve = bring_in(hidden), person()
    say(ben, hidden, "whale late")
    assert contents(cid, "whale") == {"whale late"}
    assert contents(ada, "whale") == {"whale early", "whale late"}
    assert contents(eve, "whale") == set()
    take_out(hidden, cid)
    assert contents(cid, "whale") == set()
    assert_refused(client_of(eve).get(f"search?q=whale&conversation={hidden.pk}"), 403, "not_a_participant")


def test_filters(ada, ben, tea):
    other = conversation_of(ada, ben)
    say(ada, tea, "whale a")
    early = say(ben, tea, "whale b")
    say(ben, other, "whale c")
    assert contents(ada, "whale", conversation=tea.pk) == {"whale a", "whale b"}
    assert contents(ada, "whale", author="BEN") == contents(ada, "whale", author=ben.pk) == {"whale b", "whale c"}
    now = timezone.now()
    assert contents(ada, "whale", after=now.isoformat()) == set()
    assert contents(ada, "whale", before=(now - timedelta(hours=1)).isoformat()) == set()
    assert contents(ada, "whale", before=early.created_at.isoformat()) == {"whale a"}
    assert contents(ada, "whale", after=early.created_at.isoformat()) == {"whale c"}


@pytest.mark.parametrize(
    "path",
    ["search", "search?q=", "search?q=%20", "search?q=x&before=x", "search?q=x&author=nobody",
     "search?q=x&conversation=1", "search?q=" + "x" * 1001],
)  # fmt: skip
def test_questions_that_are_none_are_refused(ada, path):
    assert_refused(client_of(ada).get(path), 400, "validation_error")


def test_pages_have_the_true_total(ada, ben, tea):
    for number in range(25):
        say(ben, tea, f"whale {number}")
    api = client_of(ada)
    first, second = api.get("search?q=whale").json(), api.get("search?q=whale&offset=20").json()
    assert (first["total"], len(first["messages"]), len(second["messages"])) == (25, 20, 5)
    assert len({row["id"] for page in (first, second) for row in page["messages"]}) == 25


def test_a_page_costs_the_same_whatever_is_found(ada, ben, tea):
    say(ben, tea, "whale")
    api = client_of(ada)
    queries(api, "search?q=whale")
    before = queries(api, "search?q=whale")
    for number in range(20):
        say(ben, conversation_of(ben, ada), f"whale {number}")
    assert queries(api, "search?q=whale") == before <= 5


WORDS = ["whale", "shark", "tuna", "squid", "coral"]


@pytest.mark.parametrize("seed", range(5))
def test_search_finds_what_looking_through_everything_finds(ada, ben, tea, seed):
    chance = random.Random(seed)
    api = client_of(ben)
    texts: dict[str, str | None] = {}
    for _ in range(60):
        content = " ".join(chance.choices(WORDS, k=3))
        deed = chance.random()
        if texts and deed < 0.2:
            key = chance.choice(list(texts))
            if texts[key] is not None:
                api.patch(f"messages/{key}", {"content": content})
                texts[key] = content
        elif texts and deed < 0.35:
            key = chance.choice(list(texts))
            api.delete(f"messages/{key}")
            texts[key] = None
        else:
            texts[str(say(ben, tea, content).pk)] = content
    for one in WORDS:
        for other in WORDS:
            wanted = {key for key, text in texts.items() if text and one in text and other not in text}
            found = client_of(ada).get(f"search?q={one}+-{other}&limit=100").json()["messages"]
            assert {row["id"] for row in found} == wanted
            both = {key for key, text in texts.items() if text and f"{one} {other}" in text}
            found = client_of(ada).get(f'search?q="{one}+{other}"&limit=100').json()["messages"]
            assert {row["id"] for row in found} == both


def test_a_question_has_so_many_terms():
    assert len(Question.parse("x " * 500).alternatives[0][0]) == 32
