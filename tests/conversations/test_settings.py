"""Changing and deleting a conversation."""

import pytest

from conversations.models import Conversation, Event
from tests.contract.shapes import CONVERSATION, assert_refused, assert_shape
from tests.personas import bring_in, client_of, conversation_of, entries_of, person, say

pytestmark = pytest.mark.django_db

CHANGES = {
    "title": "Coffee",
    "description": "Hot",
    "visibility": "public",
    "history": "from_join",
    "metadata": {"a": 1},
    "max_participants": 7,
    "slow_mode_s": 30,
    "locked": True,
}


@pytest.fixture
def tea(ada):
    return conversation_of(ada)


def change(who, conversation, **fields):
    return client_of(who).patch(f"conversations/{conversation.pk}", fields)


def test_a_change_comes_back_whole_and_stays(ada, tea):
    answer = change(ada, tea, **CHANGES)
    assert answer.status_code == 200
    assert_shape(answer.json(), CONVERSATION)
    assert {name: answer.json()[name] for name in CHANGES} == CHANGES
    assert client_of(ada).get(f"conversations/{tea.pk}").json() == answer.json()
    assert answer.json()["updated_at"] > answer.json()["created_at"]


def test_several_changes_are_one_entry_that_tells_what_is_different(ada, tea):
    change(ada, tea, **CHANGES, unknown=1)
    entry = entries_of(tea)[-1]
    assert (entry.type, entry.author, entry.data) == ("conversation_updated", ada, {"changes": CHANGES})
    assert entry.sequence == 2


def test_what_stays_as_it_is_makes_no_entry(ada, tea):
    for fields in ({}, {"title": "Tea"}, {"archived": False, "locked": False}, {"unknown": 1}):
        assert change(ada, tea, **fields).status_code == 200
    assert len(entries_of(tea)) == 1


def test_what_only_the_server_sets_is_ignored(ada, tea):
    body = change(ada, tea, id="x", last_sequence_id=50, participant_count=9, created_at="x", first_sequence=9).json()
    assert (body["id"], body["last_sequence_id"], body["participant_count"]) == (str(tea.pk), 1, 1)


@pytest.mark.parametrize(
    "fields",
    [{"title": ""}, {"title": None}, {"title": 5}, {"title": "x" * 121}, {"visibility": "x"}, {"history": None},
     {"metadata": []}, {"metadata": {"a": "x" * 4096}}, {"max_participants": 0}, {"max_participants": 10_001},
     {"max_participants": None}, {"retention_days": 0}, {"retention_days": -1}, {"archived": "x"}, {"archived": None},
     {"locked": 7}, {"slow_mode_s": -1}, {"slow_mode_s": 10**9}],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_changes_nothing(ada, tea, fields):
    assert_refused(change(ada, tea, description="new", **fields), 400, "validation_error")
    assert len(entries_of(tea)) == 1
    tea.refresh_from_db()
    assert tea.description == ""


def test_archiving_makes_read_only_and_unarchiving_undoes_it(ada, tea):
    message = say(ada, tea)
    archived = change(ada, tea, archived=True).json()
    assert archived["archived_at"] is not None
    api = client_of(ada)
    assert_refused(api.post(f"conversations/{tea.pk}/messages", {"content": "x"}), 403, "archived")
    assert_refused(change(ada, tea, title="x"), 403, "archived")
    assert_refused(
        api.post(f"conversations/{tea.pk}/participants", {"participant": person().username}), 403, "archived"
    )
    assert api.get(f"messages/{message.pk}").status_code == 200
    assert api.post(f"conversations/{tea.pk}/read", {"sequence_id": 1}).status_code == 200
    assert change(ada, tea, archived=False, title="Back").json()["archived_at"] is None
    assert api.post(f"conversations/{tea.pk}/messages", {"content": "x"}).status_code == 201


def test_nobody_joins_an_archived_conversation(ada, tea):
    change(ada, tea, visibility="public")
    change(ada, tea, archived=True)
    assert_refused(client_of(person()).post(f"conversations/{tea.pk}/join"), 403, "archived")


def test_in_a_locked_conversation_moderators_and_above_write(ada, tea):
    members = {role: bring_in(tea, role) for role in ("admin", "moderator", "member", "observer")}
    assert change(members["moderator"], tea, locked=True).status_code == 200
    codes = {
        role: client_of(who).post(f"conversations/{tea.pk}/messages", {"content": "x"}).status_code
        for role, who in members.items()
    }
    assert codes == {"admin": 201, "moderator": 201, "member": 403, "observer": 403}
    answer = client_of(members["member"]).post(f"conversations/{tea.pk}/messages", {"content": "x"})
    assert_refused(answer, 403, "locked")


@pytest.mark.parametrize("role", ["owner", "admin", "moderator", "member", "observer"])
@pytest.mark.parametrize(
    ("fields", "roles"),
    [
        ({"title": "x"}, ["owner", "admin"]),
        ({"slow_mode_s": 5}, ["owner", "admin"]),
        ({"retention_days": 5}, ["owner", "admin"]),
        ({"max_participants": 5}, ["owner", "admin"]),
        ({"locked": True}, ["owner", "admin", "moderator"]),
        ({"archived": True}, ["owner"]),
        ({"title": "x", "archived": True}, ["owner"]),
        ({"title": "x", "locked": True}, ["owner", "admin"]),
    ],
    ids=str,
)
def test_each_field_has_its_own_right(ada, tea, role, fields, roles):
    who = ada if role == "owner" else bring_in(tea, role)
    answer = change(who, tea, **fields)
    if role in roles:
        assert answer.status_code == 200
    else:
        assert_refused(answer, 403, "role_too_low")
        assert Conversation.objects.get(pk=tea.pk).title == "Tea"


def test_an_outsider_changes_nothing(tea):
    assert_refused(change(person(), tea, title="x"), 403, "not_a_participant")


def test_deleting_takes_the_log_along(ada, tea):
    other = conversation_of(ada)
    message = say(ada, tea)
    assert client_of(ada).delete(f"conversations/{tea.pk}").status_code == 204
    for path in (f"conversations/{tea.pk}", f"messages/{message.pk}", f"conversations/{tea.pk}/events"):
        assert_refused(client_of(ada).get(path), 404, "not_found")
    assert not Event.objects.filter(conversation_id=tea.pk).exists()
    assert len(entries_of(other)) == 1


@pytest.mark.parametrize("role", ["admin", "moderator", "member", "observer"])
def test_only_the_owner_deletes(tea, role):
    assert_refused(client_of(bring_in(tea, role)).delete(f"conversations/{tea.pk}"), 403, "role_too_low")
    assert Conversation.objects.filter(pk=tea.pk).exists()
