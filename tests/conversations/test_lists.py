"""Lists of conversations, and one conversation in full."""

import uuid

import pytest

from tests.contract.shapes import CONVERSATION, PREVIEW, SUMMARY, assert_page, assert_refused, assert_shape
from tests.personas import (
    bring_in,
    client_of,
    conversation_of,
    person,
    public_conversation,
    say,
    take_out,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def titles(api, query=""):
    return [row["title"] for row in api.get(f"conversations{query}").json()["conversations"]]


def test_ones_own_conversations_come_most_recent_first():
    ada, bob = person(), person()
    conversation_of(bob, title="not hers", visibility="public")
    first, *_ = [conversation_of(ada, bob, title=title) for title in ("first", "second", "third")]
    say(bob, first, "news for\n  you")
    rows = assert_page(client_of(ada).get("conversations").json(), "conversations", SUMMARY, total=3)
    assert [row["title"] for row in rows] == ["first", "third", "second"]
    assert (rows[0]["unread_count"], rows[0]["mention_count"], rows[0]["last_sequence_id"]) == (1, 0, 3)
    assert rows[0]["last_message_preview"] == "news for you"
    assert rows[1]["last_message_preview"] is None
    assert rows[0]["participant_count"] == 2


def test_one_who_left_no_longer_lists_it():
    ada, bob = person(), person()
    conversation = conversation_of(ada, bob)
    take_out(conversation, bob)
    assert titles(client_of(bob)) == []


def test_public_ones_are_previews_for_everybody():
    owner = person()
    public_conversation(title="open", description="come in")
    mine = conversation_of(owner, visibility="public", title="mine")
    conversation_of(person(), title="closed")
    say(owner, mine, "not for outsiders")
    answer = client_of(owner).get("conversations?scope=public")
    rows = assert_page(answer.json(), "conversations", PREVIEW, total=2)
    assert [row["title"] for row in rows] == ["mine", "open"]
    assert b"outsiders" not in answer.content


@pytest.mark.parametrize("scope", ["mine", "public"])
def test_archived_ones_are_a_list_of_their_own(scope):
    ada = person()
    api = client_of(ada)
    conversation_of(ada, visibility="public", title="current")
    old = conversation_of(ada, visibility="public", title="old")
    api.patch(f"conversations/{old.pk}", {"archived": True})
    assert titles(api, f"?scope={scope}") == ["current"]
    assert titles(api, f"?scope={scope}&archived=false") == ["current"]
    assert titles(api, f"?scope={scope}&archived=true") == ["old"]


@pytest.mark.parametrize(
    ("search", "found"),
    [("TEA", ["Green tea", "Lunch"]), ("lunch", ["Lunch"]), ("secret", []), ("%", []), ("_", []),
     ("", ["Green tea", "Lunch"])],
)  # fmt: skip
def test_a_search_looks_at_titles_and_descriptions_and_never_at_what_was_said(search, found):
    ada = person()
    conversation_of(ada, title="Lunch", description="with tea")
    tea = conversation_of(ada, title="Green tea")
    say(ada, tea, "the secret")
    assert titles(client_of(ada), f"?search={search}") == found


def test_pages_together_are_the_whole():
    ada = person()
    for number in range(7):
        conversation_of(ada, title=f"n{number}")
    api = client_of(ada)
    pages = [api.get(f"conversations?limit=3&offset={offset}").json() for offset in (0, 3, 6, 9)]
    assert [len(page["conversations"]) for page in pages] == [3, 3, 1, 0]
    assert {page["total"] for page in pages} == {7}
    assert len({row["id"] for page in pages for row in page["conversations"]}) == 7


@pytest.mark.parametrize(
    ("query", "limit", "offset"),
    [("", 20, 0), ("?limit=1000", 100, 0), ("?limit=100", 100, 0), ("?limit=0", 20, 0), ("?limit=-5", 20, 0),
     ("?limit=x&offset=x", 20, 0), ("?offset=-1", 20, 0), (f"?offset={10**30}", 20, 2**53),
     (f"?limit={10**30}", 100, 0)],
)  # fmt: skip
def test_a_page_has_at_most_a_hundred_rows_and_twenty_by_default(query, limit, offset):
    body = client_of(person()).get(f"conversations{query}").json()
    assert (body["limit"], body["offset"], body["total"]) == (limit, offset, 0)


@pytest.mark.parametrize("query", ["?scope=all", "?archived=perhaps", "?search=%00", f"?search={'x' * 121}"])
def test_a_question_that_does_not_fit_is_refused(query):
    assert_refused(client_of(person()).get(f"conversations{query}"), 400, "validation_error")


# --- one of them ------------------------------------------------------------------------------------------------------


def test_a_member_sees_the_newest_fifty_messages_in_order():
    ada, bob = person(), person()
    conversation = conversation_of(ada, bob)
    for number in range(52):
        say(bob, conversation, f"m{number}")
    body = client_of(ada).get(f"conversations/{conversation.pk}").json()
    assert_shape(body, CONVERSATION)
    assert [message["content"] for message in body["messages"]] == [f"m{number}" for number in range(2, 52)]
    assert (body["unread_count"], body["last_sequence_id"]) == (52, 54)


def test_at_most_a_hundred_members_are_shown_and_all_are_counted():
    conversation = public_conversation(max_participants=200)
    owner = conversation.memberships.get().participant
    for _ in range(104):
        bring_in(conversation)
    body = client_of(owner).get(f"conversations/{conversation.pk}").json()
    assert (len(body["participants"]), body["participant_count"]) == (100, 105)


@pytest.mark.parametrize("visibility", ["private", "public"])
def test_an_outsider_sees_nothing_of_one_conversation_not_even_of_a_public_one(visibility):
    conversation = conversation_of(person(), visibility=visibility)
    answer = client_of(person()).get(f"conversations/{conversation.pk}")
    assert_refused(answer, 403, "not_a_participant")
    assert conversation.title.encode() not in answer.content


def test_one_that_is_not_there_is_not_found():
    assert_refused(client_of(person()).get(f"conversations/{uuid.uuid4()}"), 404, "not_found")


def test_the_short_paths_answer_the_same():
    ada = person()
    conversation = conversation_of(ada)
    api = client_of(ada)
    assert api.get("/chat/my-conversations?limit=5").json() == api.get("conversations?limit=5").json()
    path = f"conversations/{conversation.pk}"
    assert api.get(f"/chat/{path}").json() == api.get(path).json()
