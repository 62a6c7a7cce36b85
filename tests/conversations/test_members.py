"""Members over REST: listing, adding, giving roles, taking out."""

import uuid

import pytest

from tests.contract.shapes import MEMBER, assert_page, assert_refused, assert_shape
from tests.personas import agent, bring_in, client_of, conversation_of, deeds_in, owner_of, person, role_of

pytestmark = pytest.mark.django_db

ROLES = ["owner", "admin", "moderator", "member", "observer"]


@pytest.fixture
def tea(ada):
    return conversation_of(ada)


def of(conversation, who=None):
    return f"conversations/{conversation.pk}/participants" + (f"/{who.pk}" if who else "")


def holder(conversation, role):
    """The owner, or somebody new of that role."""
    return owner_of(conversation) if role == "owner" else bring_in(conversation, role)


def test_members_are_listed_by_how_long_they_have_been_in(ada, tea):
    bob, cleo = bring_in(tea, "observer"), bring_in(tea, "admin")
    rows = assert_page(client_of(bob).get(of(tea)).json(), "participants", MEMBER, total=3)
    assert [row["id"] for row in rows] == [str(who.pk) for who in (ada, bob, cleo)]
    assert [row["role"] for row in rows] == ["owner", "observer", "admin"]
    assert rows[1]["last_read_sequence_id"] == 2
    page = client_of(bob).get(of(tea) + "?limit=1&offset=1").json()
    assert ([row["role"] for row in page["participants"]], page["total"]) == (["observer"], 3)


def test_an_outsider_does_not_see_who_is_in(tea):
    assert_refused(client_of(person()).get(of(tea)), 403, "not_a_participant")


@pytest.mark.parametrize("name", [lambda p: str(p.pk), lambda p: p.username.upper(), lambda p: {"user_id": str(p.pk)}])
def test_an_admin_brings_somebody_in(tea, name):
    admin, bob = bring_in(tea, "admin"), person("bob")
    answer = client_of(admin).post(of(tea), {"participant": name(bob), "role": "observer"})
    assert answer.status_code == 201
    assert_shape(answer.json(), MEMBER)
    assert (answer.json()["id"], answer.json()["role"]) == (str(bob.pk), "observer")
    entry = deeds_in(tea)[-1]
    assert (entry.type, entry.author, entry.subject) == ("participant_joined", admin, bob)


def test_without_a_role_it_is_member(ada, tea):
    assert client_of(ada).post(of(tea), {"participant": person().username}).json()["role"] == "member"


@pytest.mark.parametrize(
    "body",
    [{}, {"participant": None}, {"participant": "nobody"}, {"participant": 5},
     {"participant": str(uuid.UUID(int=7, version=4))},
     {"participant": "bob", "role": "king"}, {"participant": "bob", "role": None}, {"participant": "gone"}, []],
)  # fmt: skip
def test_who_cannot_be_brought_in_is_refused(ada, tea, body):
    person("bob")
    person("gone", is_active=False)
    assert_refused(client_of(ada).post(of(tea), body), 400, "validation_error")
    assert len(deeds_in(tea)) == 1


def test_nobody_is_brought_in_twice_or_over_the_limit(ada, tea):
    bob = bring_in(tea)
    assert_refused(client_of(ada).post(of(tea), {"participant": bob.username}), 409, "already_participant")
    client_of(ada).patch(f"conversations/{tea.pk}", {"max_participants": 2})
    assert_refused(client_of(ada).post(of(tea), {"participant": person().username}), 429, "capacity_reached", limit=2)


# Whom each role may bring in, as what; and whose role it may change, to what: always below its own.
MAY_GIVE = {"owner": ROLES[1:], "admin": ROLES[2:], "moderator": [], "member": [], "observer": []}


@pytest.mark.parametrize("given", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_one_brings_in_for_roles_below_ones_own(tea, role, given):
    who, bob = holder(tea, role), person()
    answer = client_of(who).post(of(tea), {"participant": bob.username, "role": given})
    if given in MAY_GIVE[role]:
        assert (answer.status_code, role_of(tea, bob)) == (201, given)
    else:
        assert_refused(answer, 403, "role_too_low")
        assert role_of(tea, bob) is None


@pytest.mark.parametrize("role", ROLES)
def test_one_gives_roles_below_ones_own_to_those_below_oneself(tea, role):
    who = holder(tea, role)
    for before in ROLES[1:]:
        for after in ROLES[1:]:
            bob = bring_in(tea, before)
            answer = client_of(who).patch(of(tea, bob), {"role": after})
            if before in MAY_GIVE[role] and after in MAY_GIVE[role]:
                assert_shape(answer.json(), MEMBER)
                assert (answer.status_code, answer.json()["role"], role_of(tea, bob)) == (200, after, after)
            else:
                assert_refused(answer, 403, "role_too_low")
                assert role_of(tea, bob) == before


@pytest.mark.parametrize("role", ROLES)
def test_one_takes_out_those_below_oneself(tea, role):
    who = holder(tea, role)
    rights = {"owner": ROLES[1:], "admin": ROLES[2:], "moderator": ROLES[3:]}.get(role, [])
    for other in ROLES[1:]:
        bob = bring_in(tea, other)
        answer = client_of(who).delete(of(tea, bob))
        if other in rights:
            assert (answer.status_code, role_of(tea, bob)) == (204, None)
            assert deeds_in(tea)[-1].data["reason"] == "removed"
        else:
            assert_refused(answer, 403, "role_too_low")
            assert role_of(tea, bob) == other


@pytest.mark.parametrize("role", ROLES[1:])
def test_nobody_acts_on_the_owner(ada, tea, role):
    api = client_of(bring_in(tea, role))
    assert_refused(api.patch(of(tea, ada), {"role": "member"}), 403, "role_too_low")
    assert_refused(api.delete(of(tea, ada)), 403, "role_too_low")
    assert owner_of(tea) == ada


@pytest.mark.parametrize("role", ROLES[1:])
def test_nobody_changes_their_own_role(tea, role):
    bob = bring_in(tea, role)
    for wanted in ROLES:
        assert_refused(client_of(bob).patch(of(tea, bob), {"role": wanted}), 403, "role_too_low")
    assert role_of(tea, bob) == role


def test_giving_the_role_that_one_has_makes_no_entry(ada, tea):
    bob = bring_in(tea)
    assert client_of(ada).patch(of(tea, bob), {"role": "member"}).status_code == 200
    assert len(deeds_in(tea)) == 2


def test_who_is_not_in_has_no_role_to_change(ada, tea):
    for api_call in (client_of(ada).delete, lambda path: client_of(ada).patch(path, {"role": "observer"})):
        assert_refused(api_call(of(tea, person())), 404, "not_found")


def test_an_outsider_does_none_of_it(tea):
    bob, api = bring_in(tea), client_of(person())
    assert_refused(api.post(of(tea), {"participant": "ada"}), 403, "not_a_participant")
    assert_refused(api.patch(of(tea, bob), {"role": "observer"}), 403, "not_a_participant")
    assert_refused(api.delete(of(tea, bob)), 403, "not_a_participant")


@pytest.mark.parametrize(
    "body", [{}, {"role": "king"}, {"role": None}, {"role": ["member"]}, {"role": "outside_public"}, []]
)
def test_a_role_that_is_none_is_refused(ada, tea, body):
    assert_refused(client_of(ada).patch(of(tea, bring_in(tea)), body), 400, "validation_error")


def test_to_go_oneself_one_leaves(ada, tea):
    assert_refused(client_of(ada).delete(of(tea, ada)), 400, "validation_error")
    assert owner_of(tea) == ada


# --- ownership --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ROLES[1:])
def test_handing_over_makes_the_giver_an_admin(ada, tea, before):
    bob = bring_in(tea, before)
    answer = client_of(ada).patch(of(tea, bob), {"role": "owner"})
    assert (answer.status_code, answer.json()["role"]) == (200, "owner")
    assert (owner_of(tea), role_of(tea, ada)) == (bob, "admin")
    changes = [(entry.subject, entry.data["role"]) for entry in deeds_in(tea)[-2:]]
    assert changes == [(bob, "owner"), (ada, "admin")]


def test_an_agent_or_an_outsider_is_handed_nothing(ada, tea):
    robot = bring_in(tea, "admin", agent())
    assert_refused(client_of(ada).patch(of(tea, robot), {"role": "owner"}), 400, "validation_error")
    assert_refused(client_of(ada).patch(of(tea, person()), {"role": "owner"}), 404, "not_found")
    assert owner_of(tea) == ada


def test_an_owner_hands_over_before_being_anything_less(ada, tea):
    assert_refused(client_of(ada).patch(of(tea, ada), {"role": "member"}), 403, "last_owner")
    assert client_of(ada).patch(of(tea, ada), {"role": "owner"}).status_code == 200
    assert owner_of(tea) == ada
