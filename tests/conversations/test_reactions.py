"""Reactions, pins and threads."""

from urllib.parse import quote

import pytest

from conversations.emoji import spelled
from tests.contract.shapes import MESSAGE, assert_page, assert_refused, assert_shape
from tests.conversations.test_query_counts import queries
from tests.personas import bring_in, client_of, conversation_of, entries_of, say

pytestmark = pytest.mark.django_db

THUMB, HEART = "👍", "❤️"


def react(who, message, emoji=THUMB, method="PUT"):
    return client_of(who).send(method, f"messages/{message.pk}/reactions/{quote(emoji)}")


def test_reactions_are_counted_once_a_participant_and_emoji(ada, ben, tea):
    message = say(ben, tea)
    for _ in range(2):
        answer = react(ada, message)
        assert answer.status_code == 200
        assert_shape(answer.json(), MESSAGE)
        assert answer.json()["reactions"] == [{"emoji": THUMB, "count": 1, "mine": True}]
    react(ben, message)
    react(ben, message, HEART)
    seen = client_of(ada).get(f"messages/{message.pk}").json()["reactions"]
    assert seen == [{"emoji": THUMB, "count": 2, "mine": True}, {"emoji": HEART, "count": 1, "mine": False}]
    assert [entry.type for entry in entries_of(tea)[-3:]] == ["reaction_added"] * 3
    for _ in range(2):
        assert react(ada, message, method="DELETE").status_code == 204
    frames = client_of(ada).get(f"conversations/{tea.pk}/events").json()["events"]
    assert [frame["type"] for frame in frames[-2:]] == ["reaction_added", "reaction_removed"]
    removed = frames[-1]
    assert (removed["id"], removed["emoji"], removed["count"]) == (str(message.pk), THUMB, 1)
    assert removed["participant"]["id"] == str(ada.pk)
    shown = next(frame for frame in frames if frame["type"] == "message")
    assert shown["reactions"] == [{"emoji": THUMB, "count": 1}, {"emoji": HEART, "count": 1}]


@pytest.mark.parametrize("text", ["a", "1", "👍👍", "👍x", "‍", "🇩", "<b>", "x" * 300])
def test_only_one_emoji_is_a_reaction(ada, ben, tea, text):
    assert_refused(react(ada, say(ben, tea), text), 400, "validation_error")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("👍", "👍"), ("👍️", "👍"), ("❤", "❤️"), ("❤️", "❤️"), ("👍🏽", "👍🏽"), ("👨‍👩‍👧", "👨‍👩‍👧"), ("🇩🇪", "🇩🇪"),
     ("1⃣", "1️⃣"), ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"), ("❤‍🔥", "❤️‍🔥"), ("", None), ("ab", None)],
)  # fmt: skip
def test_an_emoji_has_one_spelling(text, wanted):
    assert spelled(text) == wanted


def test_different_spellings_of_an_emoji_are_one_reaction(ada, ben, tea):
    message = say(ben, tea)
    react(ada, message, "❤")
    assert react(ben, message, "❤️").json()["reactions"] == [{"emoji": HEART, "count": 2, "mine": True}]


def test_a_message_takes_so_many_different_emojis(ada, ben, tea, settings):
    settings.CHAT_REACTIONS = 1
    message = say(ben, tea)
    react(ada, message)
    assert_refused(react(ada, message, HEART), 429, "too_many_reactions")
    assert react(ben, message).status_code == 200


def test_a_deleted_message_loses_its_reactions_and_takes_none(ada, ben, tea):
    message = say(ben, tea)
    react(ada, message)
    client_of(ben).delete(f"messages/{message.pk}")
    assert client_of(ada).get(f"messages/{message.pk}").json()["reactions"] == []
    assert_refused(react(ada, message), 410, "message_deleted")
    frames = client_of(ada).get(f"conversations/{tea.pk}/events").json()["events"]
    assert next(frame for frame in frames if frame["type"] == "reaction_added")["count"] == 0


def test_reactions_to_hidden_messages_are_withheld(ada, ben):
    tea = conversation_of(ada, ben, history="from_join")
    message = say(ben, tea)
    cid = bring_in(tea)
    react(ada, message)
    frames = client_of(cid).get(f"conversations/{tea.pk}/events").json()["events"]
    assert frames[-1] == {
        "type": "withheld", "conversation_id": str(tea.pk), "sequence_id": entries_of(tea)[-1].sequence,
    }  # fmt: skip
    assert_refused(react(cid, message), 404, "not_found")


def test_pins_are_kept_in_order_and_told(ada, ben, tea):
    first, second = say(ben, tea, "one"), say(ben, tea, "two")
    api = client_of(ada)
    for message in (second, first, first):
        answer = api.send("PUT", f"messages/{message.pk}/pin")
        assert (answer.status_code, answer.json()["id"]) == (200, str(message.pk))
    frames = api.get(f"conversations/{tea.pk}/events").json()["events"]
    assert [frame["changes"] for frame in frames[-2:]] == [
        {"pins": [str(second.pk)]}, {"pins": [str(second.pk), str(first.pk)]},
    ]  # fmt: skip
    rows = assert_page(api.get(f"conversations/{tea.pk}/pins").json(), "messages", MESSAGE, total=2)
    assert [row["content"] for row in rows] == ["one", "two"]
    for _ in range(2):
        assert api.delete(f"messages/{second.pk}/pin").status_code == 204
    assert entries_of(tea)[-1].data == {"changes": {"pins": [str(first.pk)]}}


def test_a_deleted_message_is_pinned_no_more(ada, ben, tea):
    message = say(ben, tea)
    api = client_of(ada)
    api.send("PUT", f"messages/{message.pk}/pin")
    api.delete(f"messages/{message.pk}")
    assert api.get(f"conversations/{tea.pk}/pins").json()["total"] == 0
    assert [entry.type for entry in entries_of(tea)[-2:]] == ["message_deleted", "conversation_updated"]
    assert_refused(api.send("PUT", f"messages/{message.pk}/pin"), 410, "message_deleted")


def test_a_conversation_keeps_so_many_pins(ada, ben, tea, settings):
    settings.CHAT_PINS = 1
    api = client_of(ada)
    messages = [say(ben, tea), say(ben, tea)]
    answers = [api.send("PUT", f"messages/{message.pk}/pin") for message in messages]
    assert answers[0].status_code == 200
    assert_refused(answers[1], 429, "too_many_pins")


def test_a_thread_is_the_same_from_each_of_its_messages(ada, ben, tea):
    root = say(ben, tea, "root")
    say(ben, tea, "aside")
    reply = say(ada, tea, "reply", reply_to=root.pk)
    deep = say(ben, tea, "deep", reply_to=reply.pk)
    for message in (root, reply, deep):
        page = client_of(ada).get(f"messages/{message.pk}/thread").json()
        rows = assert_page(page, "messages", MESSAGE, total=3)
        assert [row["content"] for row in rows] == ["root", "reply", "deep"]
    assert [row["reply_to"] for row in rows] == [None, str(root.pk), str(reply.pk)]


def test_a_thread_shows_what_its_reader_may_see(ada, ben):
    tea = conversation_of(ada, ben, history="from_join")
    root = say(ben, tea, "root")
    cid = bring_in(tea)
    reply = say(ada, tea, "reply", reply_to=root.pk)
    assert [row["content"] for row in client_of(cid).get(f"messages/{reply.pk}/thread").json()["messages"]] == ["reply"]
    assert_refused(client_of(cid).get(f"messages/{root.pk}/thread"), 404, "not_found")


def test_pages_cost_the_same_however_much_hangs_on_their_messages(ada, ben, tea):
    root = say(ben, tea, "root")
    react(ada, root)
    client_of(ada).patch(f"conversations/{tea.pk}", {"title": "x"})
    api = client_of(ada)
    paths = ["conversations/{}/messages", "conversations/{}/events", "conversations/{}", "conversations/{}/pins"]
    api.send("PUT", f"messages/{root.pk}/pin")
    queries(api, paths[0].format(tea.pk))
    before = [queries(api, path.format(tea.pk)) for path in paths]
    for number in range(10):
        message = say(ben, tea, f"hello @ada {number}", reply_to=root.pk)
        react(ada, message)
        react(ben, message, HEART)
        client_of(ben).patch(f"messages/{message.pk}", {"content": "@ada"})
        api.send("PUT", f"messages/{message.pk}/pin")
    assert [queries(api, path.format(tea.pk)) for path in paths] == before
    assert all(count <= most for count, most in zip(before, [5, 6, 9, 6], strict=True)), before
