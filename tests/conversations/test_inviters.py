"""An invitation is worth what its inviter may do: who has lost the right to invite lets nobody in any more."""

from collections.abc import Callable

import pytest

from conversations.models import Conversation, Invitation
from conversations.policy import Standing
from conversations.services import invitations, memberships, moderation
from participants.models import Participant
from participants.services import account_deactivate
from tests.contract.shapes import assert_refused
from tests.conversations.inviting import accept, as_guest, invite, join
from tests.parallel import at_once
from tests.personas import bring_in, client_of, conversation_of, nobody, person, role_of, take_out

pytestmark = pytest.mark.django_db

GONE = (410, "invitation_expired")


@pytest.fixture
def ada() -> Participant:
    return person()


@pytest.fixture
def tea(ada: Participant) -> Conversation:
    return conversation_of(ada)


def role(tea: Conversation, ada: Participant, who: Participant, to: str) -> None:
    memberships.role_change(actor=ada, conversation_id=tea.pk, participant_id=who.pk, role=Standing(to))


def remove(tea: Conversation, ada: Participant, who: Participant) -> None:
    memberships.participant_remove(actor=ada, conversation_id=tea.pk, participant_id=who.pk)


LOSSES: dict[str, Callable[[Conversation, Participant, Participant], object]] = {
    "left": lambda tea, ada, who: take_out(tea, who),
    "removed": remove,
    "banned": lambda tea, ada, who: moderation.participant_ban(
        actor=ada, conversation_id=tea.pk, participant_id=who.pk
    ),
    "demoted": lambda tea, ada, who: role(tea, ada, who, "member"),
    "deactivated": lambda tea, ada, who: account_deactivate(by=ada, participant=who),
}


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_an_invitation_ends_with_its_inviters_right_to_invite(ada, tea, loss):
    moderator = bring_in(tea, "moderator")
    token = invite(client_of(moderator), tea, allow_guests=True)["token"]
    assert accept(person(), token).status_code == 200
    LOSSES[loss](tea, ada, moderator)
    assert_refused(nobody().get(f"invitations/{token}"), *GONE)
    assert_refused(accept(person(), token), *GONE)
    assert_refused(join(person(), tea, token), *GONE)
    assert_refused(as_guest(token), *GONE)
    assert nobody().client.get(f"/i/{token}").status_code == 410
    assert client_of(ada).get(f"conversations/{tea.pk}/invitations").json()["total"] == 0
    assert Invitation.objects.get().uses == 1


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_that_is_decided_as_it_is_accepted_whatever_was_known_before(ada, tea, loss, monkeypatch):
    moderator, bob = bring_in(tea, "moderator"), person()
    token = invite(client_of(moderator), tea)["token"]
    found = invitations.find_invitation(token)
    LOSSES[loss](tea, ada, moderator)
    monkeypatch.setattr(invitations, "find_invitation", lambda token: found)  # looked up ahead of the lock
    assert_refused(accept(bob, token), *GONE)
    assert role_of(tea, bob) is None


def test_a_right_that_comes_back_brings_its_invitations_back(ada, tea):
    moderator = bring_in(tea, "moderator")
    token = invite(client_of(moderator), tea)["token"]
    role(tea, ada, moderator, "member")
    assert_refused(accept(person(), token), *GONE)
    role(tea, ada, moderator, "admin")
    assert accept(person(), token).status_code == 200


def test_nobody_comes_in_as_what_the_inviter_may_not_give_any_more(ada, tea):
    admin = bring_in(tea, "admin")
    as_moderator = invite(client_of(admin), tea, role="moderator")["token"]
    as_member = invite(client_of(admin), tea, role="member")["token"]
    role(tea, ada, admin, "moderator")
    assert_refused(accept(person(), as_moderator), *GONE)
    assert accept(person(), as_member).status_code == 200


def test_members_invitations_end_as_the_site_takes_the_right_from_them(tea, settings):
    settings.CHAT_MEMBERS_INVITE = True
    token = invite(client_of(bring_in(tea)), tea)["token"]
    assert accept(person(), token).status_code == 200
    settings.CHAT_MEMBERS_INVITE = False
    assert_refused(accept(person(), token), *GONE)


@pytest.mark.django_db(transaction=True)
def test_accepting_and_losing_the_right_at_once_end_in_one_order():
    ada = person()
    tea = conversation_of(ada)
    moderator, bob = bring_in(tea, "moderator"), person()
    token = invite(client_of(moderator), tea)["token"]
    accepted, _ = at_once(lambda: accept(bob, token).status_code, lambda: role(tea, ada, moderator, "member"))
    assert (accepted, role_of(tea, bob)) in {(200, "member"), (410, None)}
    assert_refused(accept(person(), token), *GONE)


# --- members who may invite -------------------------------------------------------------------------------------------


def test_members_see_and_end_only_their_own_invitations(ada, tea, settings):
    settings.CHAT_MEMBERS_INVITE = True
    bob, cleo, moderator = (client_of(bring_in(tea, role)) for role in ("member", "member", "moderator"))
    mine, theirs = invite(bob, tea), invite(cleo, tea)
    path = f"conversations/{tea.pk}/invitations"
    assert [row["id"] for row in bob.get(path).json()["invitations"]] == [mine["id"]]
    assert moderator.get(path).json()["total"] == 2
    assert_refused(bob.delete(f"{path}/{theirs['id']}"), 403, "role_too_low")
    assert accept(person(), theirs["token"]).status_code == 200
    assert bob.delete(f"{path}/{mine['id']}").status_code == 204
    assert moderator.delete(f"{path}/{theirs['id']}").status_code == 204
    for token in (mine["token"], theirs["token"]):
        assert_refused(accept(person(), token), *GONE)


def test_a_members_page_shows_their_own_invitations_only(tea, settings):
    settings.CHAT_MEMBERS_INVITE = True
    bob, cleo = bring_in(tea), bring_in(tea)
    mine, theirs = invite(client_of(bob), tea), invite(client_of(cleo), tea)
    page = nobody().client
    page.force_login(bob)
    shown = page.get(f"/c/{tea.pk}/invitations").content.decode()
    assert mine["id"] in shown
    assert theirs["id"] not in shown
    assert page.post(f"/c/{tea.pk}/invitations/{theirs['id']}/revoke").status_code == 403
    assert Invitation.objects.filter(revoked_at=None).count() == 2
