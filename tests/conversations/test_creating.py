"""Making conversations over REST."""

import pytest

from conversations.models import Conversation
from tests.contract.shapes import CONVERSATION, assert_refused, assert_shape
from tests.personas import agent, client_of, entries_of, nobody, person, role_of

pytestmark = pytest.mark.django_db


def create(participant, **fields):
    return client_of(participant).post("conversations", {"title": "Tea", **fields})


def test_the_creator_owns_a_private_conversation_that_shows_everything():
    ada = person("ada")
    answer = create(ada)
    assert answer.status_code == 201
    assert_shape(answer.json(), CONVERSATION)
    made = answer.json()
    assert made["id"] == made["conversation_id"]
    assert (made["title"], made["description"], made["visibility"], made["history"]) == ("Tea", "", "private", "all")
    assert (made["archived_at"], made["locked"], made["slow_mode_s"], made["metadata"]) == (None, False, 0, {})
    assert (made["max_participants"], made["participant_count"], made["unread_count"]) == (100, 1, 0)
    assert (made["first_sequence_id"], made["last_sequence_id"], made["messages"]) == (1, 1, [])
    assert [(row["username"], row["role"]) for row in made["participants"]] == [("ada", "owner")]
    assert client_of(ada).get(f"conversations/{made['id']}").json() == made


def test_the_first_entry_of_the_log_is_the_creators():
    ada = person()
    (entry,) = entries_of(create(ada).json()["id"])
    assert (entry.sequence, entry.type, entry.subject, entry.data) == (
        1,
        "participant_joined",
        ada,
        {"participant_count": 1},
    )


def test_every_field_is_kept():
    fields = {
        "description": "About *tea*",
        "visibility": "public",
        "history": "from_join",
        "max_participants": 10_000,
        "metadata": {"a": [1, {"b": None}], "ü": "🍵"},
    }
    made = create(person(), **fields).json()
    assert {name: made[name] for name in fields} == fields


def test_people_are_named_by_id_username_or_object_and_come_in_as_members_in_that_order():
    names = [person(name) for name in ("bob", "cleo", "dora", "eve")]
    bob, _, dora, _ = names
    given = [str(bob.pk), "CLEO", {"user_id": str(dora.pk), "name": "whatever"}, {"user_id": "eve"}]
    made = create(person("ada"), participants=given).json()
    members = [(row["username"], row["role"]) for row in made["participants"]]
    assert members == [("ada", "owner"), *((who.username, "member") for who in names)]
    assert (made["participant_count"], made["last_sequence_id"], made["mode"]) == (5, 5, "multi")


def test_naming_somebody_twice_or_oneself_is_once():
    ada, bob = person("ada"), person("bob")
    made = create(ada, participants=["bob", str(bob.pk), "Bob", "ada"]).json()
    assert [row["username"] for row in made["participants"]] == ["ada", "bob"]


def test_a_username_that_looks_like_the_id_of_somebody_does_not_stand_for_them():
    victim = person("victim")
    impostor = person(str(victim.pk))
    made = create(person("ada"), participants=[str(victim.pk), str(impostor.pk)]).json()
    assert {row["id"] for row in made["participants"]} >= {str(victim.pk), str(impostor.pk)}


def test_a_username_of_32_hexadecimal_digits_is_found():
    person("deadbeef" * 4)
    assert create(person(), participants=["deadbeef" * 4]).json()["participant_count"] == 2


def test_agents_come_along_and_one_person_with_one_agent_is_single():
    agent(username="assistant")
    made = create(person(), enable_ai=True).json()
    assert (made["mode"], made["participants"][1]["kind"]) == ("single", "agent")
    assert create(person(), agents=["assistant"], participants=[person().username]).json()["mode"] == "multi"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "  \n"}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": None}, "title"),
        ({"title": 5}, "title"),
        ({"title": ["Tea"]}, "title"),
        ({"description": "x" * 2001}, "description"),
        ({"visibility": "secret"}, "visibility"),
        ({"visibility": ["public"]}, "visibility"),
        ({"history": "none"}, "history"),
        ({"max_participants": 0}, "max_participants"),
        ({"max_participants": 10_001}, "max_participants"),
        ({"max_participants": "many"}, "max_participants"),
        ({"max_participants": 2.5}, "max_participants"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": "x" * 4096}}, "metadata"),
        ({"metadata": {"a": [[[[[]]]]]}}, "metadata"),
        ({"participants": ["nobody"]}, "participants"),
        ({"participants": [5]}, "participants"),
        ({"participants": [{}]}, "participants"),
        ({"participants": [{"user_id": ["x"]}]}, "participants"),
        ({"participants": "ada"}, "participants"),
        ({"participants": {"0": "ada"}}, "participants"),
        ({"agents": ["human"]}, "agents"),
        ({"enable_ai": True}, "agents"),
        ({"enable_ai": "perhaps"}, "enable_ai"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(fields, field):
    person("human")
    problem = assert_refused(create(person(), **fields), 400, "validation_error")
    assert problem["errors"][0]["field"].split(".")[0] == field
    assert not Conversation.objects.exists()


def test_the_deactivated_cannot_be_brought_in():
    person("gone", is_active=False)
    assert_refused(create(person(), participants=["gone"]), 400, "validation_error")


def test_at_most_ten_people_can_be_named():
    names = [person().username for _ in range(11)]
    assert_refused(create(person(), participants=names), 400, "validation_error")
    assert create(person(), participants=names[:10]).json()["participant_count"] == 11


def test_more_people_than_there_are_places_is_refused_whole():
    names = [person().username for _ in range(3)]
    assert_refused(create(person(), participants=names, max_participants=3), 429, "capacity_reached", limit=3)
    assert not Conversation.objects.exists()
    assert create(person(), participants=names, max_participants=4).status_code == 201


def test_the_largest_metadata_and_the_longest_title_are_taken():
    metadata = {"a": "x" * (4096 - len('{"a":""}'))}
    made = create(person(), title="🍵" * 120, metadata=metadata)
    assert made.status_code == 201
    assert made.json()["metadata"] == metadata
    assert create(person(), metadata={"a": [[[[1]]]]}).status_code == 201


def test_what_only_the_server_sets_and_what_nobody_knows_is_ignored():
    ada = person()
    given = {"id": "x", "last_sequence_id": 99, "archived_at": "2020-01-01T00:00:00Z", "locked": True, "new": [1]}
    made = create(ada, **given).json()
    assert (made["last_sequence_id"], made["archived_at"], made["locked"]) == (1, None, False)


@pytest.mark.parametrize("field", ["creator", "owner", "owner_id", "creator_id"])
def test_nobody_creates_for_somebody_else(field):
    ada, bob = person(), person()
    assert_refused(create(ada, **{field: str(bob.pk)}), 403, "sender_mismatch")
    assert create(ada, **{field: str(ada.pk)}).status_code == 201
    assert role_of(Conversation.objects.get(), bob) is None


def test_the_short_path_takes_the_same_and_keeps_sites_and_mode_in_the_metadata():
    ada = person()
    body = {"sites": ["a.example", 2], "mode": "single", "metadata": {"k": 1}, "participants": [person().username]}
    answer = client_of(ada).post("/chat/create", {"title": "Tea", **body})
    assert answer.status_code == 201
    assert_shape(answer.json(), CONVERSATION)
    assert answer.json()["metadata"] == {"k": 1, "sites": ["a.example", 2], "mode": "single"}
    assert answer.json()["mode"] == "multi"


def test_the_short_path_refuses_sites_that_are_too_large():
    answer = client_of(person()).post("/chat/create", {"title": "Tea", "sites": ["x" * 5000]})
    assert_refused(answer, 400, "validation_error")


def test_nobody_creates_without_signing_in():
    assert_refused(nobody().post("conversations", {"title": "Tea"}), 401, "not_authenticated")
