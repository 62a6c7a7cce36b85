"""Sending messages over REST: what comes back, what is stored once, what is refused."""

import uuid

import pytest

from tests.contract.shapes import MESSAGE, assert_refused, assert_shape, is_flag
from tests.personas import (
    agent,
    bring_in,
    client_of,
    conversation_of,
    deeds_in,
    person,
    public_conversation,
    say,
    take_out,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def tea(ada):
    return conversation_of(ada)


def send(who, conversation, content="hello", **fields):
    return client_of(who).post(f"conversations/{conversation.pk}/messages", {"content": content, **fields})


def test_a_message_comes_back_as_stored(ada, tea):
    answer = send(ada, tea, "**hi**", message_id="k1", metadata={"a": [1]})
    assert answer.status_code == 201
    body = answer.json()
    assert_shape(body, MESSAGE)
    assert (body["content"], body["message_id"], body["sequence_id"], body["metadata"]) == (
        "**hi**",
        "k1",
        2,
        {"a": [1]},
    )
    assert (body["sender_id"], body["participant"]["username"], body["role"]) == (str(ada.pk), "ada", "user")
    assert (body["created_at"], body["deleted"], body["edited_at"]) == (body["timestamp"], False, None)
    assert "<strong>hi</strong>" in body["html"]
    assert client_of(ada).get(f"messages/{body['id']}").json() == body
    listed = client_of(ada).get(f"conversations/{tea.pk}/messages").json()
    assert listed["messages"] == [body]


def test_without_a_key_the_server_makes_one(ada, tea):
    keys = {send(ada, tea).json()["message_id"] for _ in range(2)}
    assert len(keys) == 2
    assert all(1 <= len(key) <= 64 for key in keys)


def test_what_an_agent_says_has_the_role_of_an_assistant(tea):
    assert send(bring_in(tea, "member", agent()), tea).json()["role"] == "assistant"


@pytest.mark.parametrize(
    "content", ["hello", " two  spaces ", "🍵" * 10_000, "x" * 10_000, "e\u0301\u202e", "<b>&amp;", "\t\r\n.\x1f"]
)
def test_text_is_stored_exactly_as_sent(ada, tea, content):
    sent = send(ada, tea, content).json()
    assert client_of(ada).get(f"messages/{sent['id']}").json()["content"] == content


# --- once -------------------------------------------------------------------------------------------------------------


def test_the_same_key_again_gives_the_first_message(ada, tea):
    first = send(ada, tea, message_id="k1")
    for _ in range(3):
        again = send(ada, tea, message_id="k1")
        assert again.status_code == 200
        assert again.json() == first.json() | {"duplicate": True}
    assert_shape(again.json(), MESSAGE, also={"duplicate": is_flag})
    assert len(deeds_in(tea)) == 2


@pytest.mark.parametrize("change", [{"content": "other"}, {"content": "hello "}, {"reply": True}])
def test_the_same_key_with_something_else_is_a_conflict(ada, tea, change):
    other = say(ada, tea, "first")
    send(ada, tea, message_id="k1")
    fields = {"reply_to": str(other.pk)} if change.pop("reply", False) else change
    assert_refused(send(ada, tea, message_id="k1", **fields), 409, "message_conflict")
    assert len(deeds_in(tea)) == 3


def test_keys_are_each_authors_own_in_each_conversation(ada, tea):
    bob = bring_in(tea)
    coffee = conversation_of(ada)
    answers = [
        send(ada, tea, "a", message_id="k"),
        send(bob, tea, "b", message_id="k"),
        send(ada, coffee, "c", message_id="k"),
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201]


def test_a_repeated_send_is_answered_even_when_sending_is_over(ada, tea):
    bob = bring_in(tea)
    first = send(bob, tea, message_id="k").json()
    client_of(ada).patch(f"conversations/{tea.pk}", {"archived": True})
    again = send(bob, tea, message_id="k")
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert_refused(send(bob, tea, message_id="new"), 403, "archived")


def test_whoever_left_gets_no_answer_to_a_repeated_send(tea):
    bob = bring_in(tea)
    send(bob, tea, message_id="k")
    take_out(tea, bob)
    assert_refused(send(bob, tea, message_id="k"), 403, "not_a_participant")


# --- replies ----------------------------------------------------------------------------------------------------------


def test_a_reply_names_a_message_of_the_same_conversation(ada, tea):
    first = say(ada, tea)
    assert send(ada, tea, reply_to=str(first.pk)).json()["reply_to"] == str(first.pk)
    assert send(ada, tea, reply_to=None).json()["reply_to"] is None


@pytest.mark.parametrize("reply_to", ["elsewhere", "nowhere", "entry", "hidden", "malformed"])
def test_a_reply_to_what_is_not_there_is_refused(ada, tea, reply_to):
    client_of(ada).patch(f"conversations/{tea.pk}", {"history": "from_join"})
    hidden = say(ada, tea)
    bob = bring_in(tea)
    names = {
        "elsewhere": str(say(ada, conversation_of(ada)).pk),
        "nowhere": str(uuid.uuid4()),
        "entry": str(deeds_in(tea)[0].pk),
        "hidden": str(hidden.pk),
        "malformed": "x",
    }
    problem = assert_refused(send(bob, tea, reply_to=names[reply_to]), 400, "validation_error")
    assert problem["errors"][0]["field"] == "reply_to"


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field", ["sender_id", "senderId", "sender", "author", "author_id", "participant_id", "user_id"]
)
def test_nobody_speaks_as_somebody_else(ada, tea, field):
    bob = bring_in(tea)
    for claim in (str(ada.pk), "ada", {"id": str(ada.pk)}, 7):
        assert_refused(send(bob, tea, **{field: claim}), 403, "sender_mismatch")
    assert len(deeds_in(tea)) == 2
    assert send(bob, tea, **{field: str(bob.pk)}).status_code == 201


def test_what_only_the_server_sets_is_ignored(ada, tea):
    given = {"id": str(uuid.uuid4()), "sequence_id": 99, "role": "system", "created_at": "2020-01-01T00:00:00Z",
             "html": "<script>", "status": "x", "type": "participant_left", "deleted": True, "edited_at": "x",
             "conversation_id": str(uuid.uuid4()), "reactions": [1], "new": None}  # fmt: skip
    body = send(ada, tea, **given).json()
    assert_shape(body, MESSAGE)
    assert (body["sequence_id"], body["role"], body["deleted"]) == (2, "user", False)
    assert body["id"] != given["id"]
    assert not body["created_at"].startswith("2020")


@pytest.mark.parametrize(("role", "status"), [("admin", 201), ("moderator", 201), ("member", 201), ("observer", 403)])
def test_everybody_but_observers_speaks(tea, role, status):
    assert send(bring_in(tea, role), tea).status_code == status


@pytest.mark.parametrize("visibility", ["private", "public"])
def test_an_outsider_does_not_speak(visibility):
    tea = conversation_of(person(), visibility=visibility)
    assert_refused(send(person(), tea), 403, "not_a_participant")


def test_one_message_can_be_read_by_members_only():
    tea = public_conversation()
    message = say(tea.memberships.get().participant, tea)
    assert_refused(client_of(person()).get(f"messages/{message.pk}"), 404, "not_found")


def test_an_entry_that_is_no_message_is_not_found_as_one(ada, tea):
    for pk in (deeds_in(tea)[0].pk, uuid.uuid4()):
        assert_refused(client_of(ada).get(f"messages/{pk}"), 404, "not_found")


# --- what does not fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n\t"}, "content"),
        ({"content": None}, "content"),
        ({"content": 5}, "content"),
        ({"content": True}, "content"),
        ({"content": ["x"]}, "content"),
        ({"content": {"x": 1}}, "content"),
        ({"message_id": ""}, "message_id"),
        ({"message_id": "x" * 65}, "message_id"),
        ({"message_id": 5}, "message_id"),
        ({"message_id": {}}, "message_id"),
        ({"reply_to": 5}, "reply_to"),
        ({"metadata": []}, "metadata"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"a": "x" * 4090}}, "metadata"),
        ({"metadata": {"ü": "ü" * 2045}}, "metadata"),
        ({"metadata": {"a": [[[[[]]]]]}}, "metadata"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(ada, tea, fields, field):
    problem = assert_refused(send(ada, tea, **fields), 400, "validation_error")
    assert problem["errors"][0]["field"].split(".")[0] == field
    assert len(deeds_in(tea)) == 1


def test_metadata_of_4_kib_and_a_key_of_64_characters_are_taken(ada, tea):
    metadata = {"a": "x" * (4096 - len('{"a":""}'))}
    answer = send(ada, tea, message_id="🍵" * 64, metadata=metadata)
    assert (answer.status_code, answer.json()["metadata"]) == (201, metadata)


@pytest.mark.parametrize("character", ["x", "🍵"])
def test_a_message_over_the_limit_is_too_large(ada, tea, character):
    assert_refused(send(ada, tea, character * 10_001), 413, "message_too_large", actual=10_001, max=10_000)
    assert len(deeds_in(tea)) == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b" ", b"{", b"[]x", b'{"content": NaN}', b'{"content": "a\\u0000b"}', b'{"content": "\\ud800"}',
     b'{"content": "x", "content": "y"}', b'{"content": "\xff"}', b"\xef\xbb\xbf{}",
     b'{"content": "x", "metadata": {"a": 1e999}}',
     b'{"content": "x", "metadata": {"a": -Infinity}}', b'{"content": "x", "metadata": {"a": 9007199254740993}}',
     b'{"content": "x", "metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", b"9" * 100_000, b"'x'", b"\x00",
     '{"content": "x"}'.encode("utf-16"), b'{"content": "x"', b'{"content": "\x01"}'],
)  # fmt: skip
def test_json_that_is_broken_is_refused_and_nothing_stored(ada, tea, raw):
    answer = client_of(ada).send_raw("POST", f"conversations/{tea.pk}/messages", raw)
    assert_refused(answer, 400, "invalid_json" if raw else "validation_error")
    assert len(deeds_in(tea)) == 1


@pytest.mark.parametrize("body", [[], ["content"], "text", 5, 1.5, True, None])
def test_json_that_is_no_object_is_refused(ada, tea, body):
    answer = client_of(ada).post(f"conversations/{tea.pk}/messages", body)
    assert_refused(answer, 400, "validation_error")
