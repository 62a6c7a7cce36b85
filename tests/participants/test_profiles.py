"""Profiles: one's own, and other people's as far as they concern one."""

import uuid

import pytest
from django.utils import timezone

from participants.presence import Connection, get_presence
from tests.contract.shapes import ME, PROFILE, assert_page, assert_refused, assert_shape, is_time
from tests.personas import agent, client_of, conversation_of, guest, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits_over_time")]

NOBODY = uuid.UUID(int=7, version=4)


@pytest.fixture
def online():
    """Opens a socket's lease for somebody, as the server would."""
    opened = []

    def open_for(participant):
        opened.append(Connection("test", uuid.uuid4().hex, participant.pk))
        get_presence().open(opened[-1])

    yield open_for
    for connection in opened:
        get_presence().close(connection)


def test_one_sees_ones_own_profile():
    ada = person("ada", email="ada@example.org", display_name="Ada")
    me = client_of(ada).get("me")
    assert me.status_code == 200
    assert_shape(me.json(), ME)
    assert (me.json()["id"], me.json()["participant_id"]) == (str(ada.pk), str(ada.pk))
    assert (me.json()["email"], me.json()["is_online"]) == ("ada@example.org", False)


@pytest.mark.parametrize("name", ["display_name", "displayName"])
def test_one_changes_name_and_address(name):
    api = client_of(person("ada"))
    answer = api.patch("me", {name: "\uff21da  L.", "email": "new@example.org"})
    assert answer.status_code == 200
    assert_shape(answer.json(), ME)
    assert api.get("me").json() == answer.json()
    assert (answer.json()["display_name"], answer.json()["email"]) == ("Ada L.", "new@example.org")


def test_what_is_not_ones_own_to_set_is_ignored():
    api = client_of(person("ada"))
    before = api.get("me").json()
    answer = api.patch("me", {"username": "root", "kind": "agent", "is_staff": True, "id": "x", "unknown": []})
    assert (answer.status_code, answer.json()) == (200, before)


def test_an_empty_change_changes_nothing():
    api = client_of(person())
    before = api.get("me").json()
    assert api.patch("me", {}).json() == before
    assert api.patch("me").json() == before


@pytest.mark.parametrize(
    "change",
    [{"display_name": ""}, {"display_name": "\u200b"}, {"display_name": "x" * 81}, {"display_name": None},
     {"display_name": 5}, {"display_name": ["x"]}, {"email": "x"}, {"email": 5}, {"email": None}, [], "x", 5],
)  # fmt: skip
def test_a_change_that_does_not_fit_is_refused(change):
    api = client_of(person())
    before = api.get("me").json()
    assert_refused(api.patch("me", change), 400, "validation_error")
    assert api.get("me").json() == before


# --- others -----------------------------------------------------------------------------------------------------------


def test_a_stranger_shows_neither_presence_nor_address(online):
    ada = person("ada", email="ada@example.org", last_seen_at=timezone.now())
    online(ada)
    api = client_of(person())
    answer = api.get(f"participants/{ada.pk}")
    assert_shape(answer.json(), PROFILE)
    assert (answer.json()["is_online"], answer.json()["last_seen_at"]) == (None, None)
    assert b"example.org" not in answer.content + api.get("participants").content


def test_presence_shows_to_those_who_share_a_conversation(online):
    ada, bob = person("ada", last_seen_at=timezone.now()), person("bob")
    conversation_of(ada, bob)
    assert is_time(client_of(bob).get(f"participants/{ada.pk}").json()["last_seen_at"])
    assert client_of(bob).get(f"participants/{ada.pk}").json()["is_online"] is False
    online(ada)
    assert client_of(bob).get(f"participants/{ada.pk}").json()["is_online"] is True
    rows = client_of(bob).get("participants").json()["participants"]
    assert {row["username"]: row["is_online"] for row in rows} == {"ada": True, "bob": False}


def test_everybody_active_is_listed_by_name():
    for name in ("cleo", "ada", "bob"):
        person(name)
    guest(username="dora")
    agent(username="echo")
    person("gone", is_active=False)
    rows = assert_page(client_of(person("zoe")).get("participants").json(), "participants", PROFILE, total=6)
    assert [row["username"] for row in rows] == ["ada", "bob", "cleo", "dora", "echo", "zoe"]
    assert [row["kind"] for row in rows] == ["human", "human", "human", "guest", "agent", "human"]


@pytest.mark.parametrize(
    ("search", "found"),
    [("ad", ["ada", "bob"]), ("ADA", ["ada", "bob"]), ("example", []), ("zzz", []), ("%", []), ("_", []), ("'", [])],
)  # fmt: skip
def test_people_are_found_by_part_of_their_names_and_by_nothing_else(search, found):
    person("ada", email="ada@example.org")
    person("bob", display_name="Adalbert")
    body = client_of(person("zoe", display_name="Zoe")).get(f"participants?search={search}").json()
    assert [row["username"] for row in body["participants"]] == found
    assert body["total"] == len(found)


@pytest.mark.parametrize("search", ["%00", "x" * 121])
def test_a_search_for_what_no_name_can_be_is_refused(search):
    assert_refused(client_of(person()).get(f"participants?search={search}"), 400, "validation_error")


@pytest.mark.parametrize("participant_id", [NOBODY, "x", "1", "%00", f"{NOBODY}x"])
def test_who_is_not_there_is_not_found(participant_id):
    assert_refused(client_of(person()).get(f"participants/{participant_id}"), 404, "not_found")


def test_a_deactivated_account_is_not_found():
    gone = person(is_active=False)
    assert_refused(client_of(person()).get(f"participants/{gone.pk}"), 404, "not_found")
