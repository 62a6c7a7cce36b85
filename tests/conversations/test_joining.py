"""Joining and leaving over REST, and who follows an owner that leaves."""

import uuid

import pytest

from conversations.models import Conversation
from tests.contract.shapes import CONVERSATION, assert_refused, assert_shape
from tests.personas import (
    agent,
    bring_in,
    client_of,
    conversation_of,
    deeds_in,
    entries_of,
    guest,
    owner_of,
    person,
    public_conversation,
    role_of,
    say,
    take_out,
)  # fmt: skip

pytestmark = pytest.mark.django_db


def join(who, conversation, body=None):
    return client_of(who).post(f"conversations/{conversation.pk}/join", body)


def leave(who, conversation):
    return client_of(who).delete(f"conversations/{conversation.pk}/leave")


@pytest.mark.parametrize("path", ["conversations/{}/join", "/chat/{}/join"])
def test_anybody_joins_a_public_conversation_as_a_member(path):
    tea, bob = public_conversation(), person()
    answer = client_of(bob).post(path.format(tea.pk))
    assert answer.status_code == 200
    assert answer.json().keys() == {"success", "conversation"}
    assert answer.json()["success"] is True
    assert_shape(answer.json()["conversation"], CONVERSATION)
    assert role_of(tea, bob) == "member"
    entry = deeds_in(tea)[-1]
    assert (entry.type, entry.subject, entry.data) == ("participant_joined", bob, {"participant_count": 2})


def test_the_log_tells_when_the_mode_changes_with_who_is_in():
    tea, bob = public_conversation(), person()
    modes = [join(bob, tea).json()["conversation"]["mode"]]
    leave(bob, tea)
    changes = [entry.data["changes"] for entry in entries_of(tea) if entry.type == "conversation_updated"]
    assert (modes, changes) == (["multi"], [{"mode": "multi"}, {"mode": "single"}])


def test_nobody_joins_twice():
    tea, bob = public_conversation(), person()
    join(bob, tea)
    assert_refused(join(bob, tea), 409, "already_participant")
    assert len(deeds_in(tea)) == 2


def test_a_private_conversation_takes_an_invitation():
    tea, bob = conversation_of(person()), person()
    for body in (None, {}, {"invitation": "x"}):
        assert_refused(join(bob, tea, body), 403, "invitation_required")
    assert role_of(tea, bob) is None


def test_a_conversation_that_is_not_there_cannot_be_joined_or_left():
    for action in ("join", "leave"):
        assert_refused(client_of(person()).post(f"conversations/{uuid.uuid4()}/{action}"), 404, "not_found")


def test_a_full_conversation_takes_nobody_until_somebody_leaves():
    tea, bob, cleo = public_conversation(max_participants=2), person(), person()
    join(bob, tea)
    assert_refused(join(cleo, tea), 429, "capacity_reached", limit=2)
    leave(bob, tea)
    assert join(cleo, tea).status_code == 200


@pytest.mark.parametrize("field", ["participant_id", "participantId", "user_id", "sender_id", "participant"])
def test_nobody_joins_or_leaves_as_somebody_else(field):
    tea, bob, cleo = public_conversation(), person(), person()
    for claim in (str(cleo.pk), cleo.username, {"id": str(cleo.pk)}, 5, ["x"]):
        assert_refused(join(bob, tea, {field: claim}), 403, "sender_mismatch")
    assert role_of(tea, bob) is role_of(tea, cleo) is None
    assert join(bob, tea, {field: str(bob.pk).upper()}).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("DELETE", "conversations/{}/leave"), ("POST", "conversations/{}/leave"),
                                              ("DELETE", "/chat/{}/leave"), ("POST", "/chat/{}/leave")])  # fmt: skip
def test_whoever_leaves_is_out_and_reads_nothing_more(method, path):
    tea, bob = public_conversation(), person()
    join(bob, tea)
    message = say(bob, tea)
    answer = client_of(bob).send(method, path.format(tea.pk))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    entry = deeds_in(tea)[-1]
    assert (entry.type, entry.subject, entry.data) == (
        "participant_left",
        bob,
        {"reason": "left", "participant_count": 1},
    )
    for below in ("", "/messages", "/events", "/participants"):
        assert_refused(client_of(bob).get(f"conversations/{tea.pk}{below}"), 403, "not_a_participant")
    assert_refused(client_of(bob).get(f"messages/{message.pk}"), 404, "not_found")
    assert_refused(client_of(bob).send(method, path.format(tea.pk)), 403, "not_a_participant")


def test_whoever_returns_reads_again():
    tea, bob = public_conversation(), person()
    join(bob, tea)
    message = say(bob, tea)
    leave(bob, tea)
    join(bob, tea)
    assert client_of(bob).get(f"messages/{message.pk}").status_code == 200


# --- who follows ------------------------------------------------------------------------------------------------------


def test_an_owner_that_leaves_is_followed_by_the_longest_standing_of_the_highest_role():
    tea = conversation_of(ada := person())
    bring_in(tea, "member")
    bring_in(tea, "moderator")
    heir = bring_in(tea, "admin")
    bring_in(tea, "admin")
    assert leave(ada, tea).status_code == 200
    assert owner_of(tea) == heir
    left, role = deeds_in(tea)[-2:]
    assert (left.type, left.subject) == ("participant_left", ada)
    assert (role.type, role.subject, role.author, role.data) == ("role_changed", heir, None, {"role": "owner"})


def test_coming_back_is_standing_from_then_on():
    tea = conversation_of(ada := person())
    bob, cleo = bring_in(tea), bring_in(tea)
    take_out(tea, bob)
    bring_in(tea, who=bob)
    leave(ada, tea)
    assert owner_of(tea) == cleo


def test_an_agent_never_follows_whatever_its_role():
    tea = conversation_of(ada := person())
    bring_in(tea, "admin", agent())
    bob = bring_in(tea, "observer")
    leave(ada, tea)
    assert owner_of(tea) == bob


def test_a_guest_never_follows_whatever_its_role():
    tea = conversation_of(ada := person())
    bring_in(tea, "admin", guest())
    bob = bring_in(tea, "observer")
    leave(ada, tea)
    assert owner_of(tea) == bob


def test_a_conversation_is_handed_over_to_humans_only():
    tea = conversation_of(ada := person())
    for other in (guest(), agent()):
        path = f"conversations/{tea.pk}/participants/{bring_in(tea, 'admin', other).pk}"
        assert_refused(client_of(ada).patch(path, {"role": "owner"}), 400, "validation_error")
    assert owner_of(tea) == ada


def test_one_who_is_not_the_owner_leaves_without_a_successor():
    tea = conversation_of(ada := person())
    bob = bring_in(tea, "admin")
    leave(bob, tea)
    assert owner_of(tea) == ada
    assert [entry.type for entry in deeds_in(tea)][-1] == "participant_left"


@pytest.mark.parametrize("others", [[], [agent], [agent, agent], [guest], [guest, agent]])
def test_the_last_human_leaving_archives(others):
    tea = conversation_of(ada := person(), visibility="public")
    for other in others:
        bring_in(tea, "admin", other())
    leave(ada, tea)
    tea.refresh_from_db()
    assert tea.archived_at is not None
    entry = deeds_in(tea)[-1]
    assert (entry.type, entry.author, entry.data) == ("conversation_updated", None, {"changes": {"archived": True}})
    assert not Conversation.objects.filter(memberships__role="owner").exists()
    assert_refused(join(person(), tea), 403, "archived")


def test_a_conversation_of_which_a_human_remains_is_not_archived():
    tea = conversation_of(ada := person())
    bring_in(tea, "observer")
    bring_in(tea, who=guest())
    leave(ada, tea)
    tea.refresh_from_db()
    assert tea.archived_at is None
    assert role_of(tea, ada) is None


def test_what_guests_began_among_themselves_is_archived_by_the_last_of_them():
    tea = conversation_of(gus := guest(), ghita := guest(), helper := agent())
    for who, is_over in ((helper, False), (ghita, False), (gus, True)):
        take_out(tea, who)
        tea.refresh_from_db()
        assert (tea.archived_at is not None) is is_over


def test_one_may_leave_an_archived_conversation():
    tea = conversation_of(ada := person(), bob := person())
    client_of(ada).patch(f"conversations/{tea.pk}", {"archived": True})
    assert leave(bob, tea).status_code == 200
