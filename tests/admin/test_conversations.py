"""Conversations in the admin: what staff change are entries of the log, by them."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client

from conversations import publish
from conversations.models import Conversation, Event, Membership
from participants.models import Participant
from tests.admin.conftest import PASSWORD, MakeStaff, signed_in
from tests.personas import agent, bring_in, conversation_of, person, role_of

LIST = "/admin/conversations/conversation/"
MEMBERSHIPS = "/admin/conversations/membership/"
SETTINGS = ("title", "description", "visibility", "history", "max_participants", "slow_mode_s")


def page_of(conversation: Conversation) -> str:
    return f"{LIST}{conversation.pk}/change/"


@pytest.fixture
def owner(db: None) -> Participant:
    return person("owner")


@pytest.fixture
def conversation(owner: Participant) -> Conversation:
    return conversation_of(owner, person("member"))


def form_of(
    conversation: Conversation, newcomers: Iterable[tuple[Participant, str]] = (), **changes: Any
) -> dict[str, Any]:
    """What the page sends back: its fields, its members and its newcomers, with changes."""
    form: dict[str, Any] = {name: getattr(conversation, name) for name in SETTINGS}
    members = list(Membership.objects.filter(conversation=conversation)) if conversation.pk else []
    form |= {"memberships-TOTAL_FORMS": len(members), "memberships-INITIAL_FORMS": len(members)}
    for number, member in enumerate(members):
        form |= {
            f"memberships-{number}-id": member.pk,
            f"memberships-{number}-conversation": conversation.pk,
            f"memberships-{number}-role": member.role,
        }
    newcomers = list(newcomers)
    form |= {"memberships-2-TOTAL_FORMS": len(newcomers), "memberships-2-INITIAL_FORMS": 0}
    for number, (participant, role) in enumerate(newcomers):
        form |= {
            f"memberships-2-{number}-conversation": conversation.pk,
            f"memberships-2-{number}-participant": participant.pk,
            f"memberships-2-{number}-role": role,
        }
    for others in ("invitations", "bans", "bans-2"):
        form |= {f"{others}-TOTAL_FORMS": 0, f"{others}-INITIAL_FORMS": 0}
    return form | changes


def index_of(conversation: Conversation, participant: Participant) -> int:
    ids = list(Membership.objects.filter(conversation=conversation).values_list("participant_id", flat=True))
    return ids.index(participant.pk)


def entries_of(conversation: Conversation, after: int) -> list[tuple[str, Any, Any]]:
    rows = Event.objects.filter(conversation=conversation, sequence__gt=after).order_by("sequence")
    # What nobody did follows from what somebody did: it has tests of its own.
    return [(row.type, row.author, row.subject) for row in rows if row.author]


def test_settings_become_one_entry_by_whoever_changed_them(
    admin_page: Client, superuser: Participant, conversation: Conversation
) -> None:
    form = form_of(conversation, title="Coffee", visibility="public", archived="on", locked="on", max_participants=7)
    answer = admin_page.post(page_of(conversation), form)
    assert answer.status_code == 302, answer.text
    assert entries_of(conversation, 2) == [("conversation_updated", superuser, None)]
    assert Event.objects.get(conversation=conversation, sequence=3).data["changes"] == {
        "title": "Coffee",
        "visibility": "public",
        "archived": True,
        "locked": True,
        "max_participants": 7,
    }
    conversation.refresh_from_db()
    assert (conversation.title, conversation.max_participants, conversation.last_sequence) == ("Coffee", 7, 3)
    assert conversation.archived_at is not None


def test_a_form_without_changes_makes_no_entry(admin_page: Client, conversation: Conversation) -> None:
    assert admin_page.post(page_of(conversation), form_of(conversation)).status_code == 302
    assert entries_of(conversation, 2) == []


def test_what_another_changed_meanwhile_stays(admin_page: Client, conversation: Conversation) -> None:
    form = form_of(conversation, locked="on")
    Conversation.objects.filter(pk=conversation.pk).update(title="Changed meanwhile")
    form["title"] = "Changed meanwhile"
    admin_page.post(page_of(conversation), form)
    conversation.refresh_from_db()
    assert conversation.title == "Changed meanwhile"


def test_an_archived_conversation_can_be_opened_again(admin_page: Client, conversation: Conversation) -> None:
    admin_page.post(page_of(conversation), form_of(conversation, archived="on"))
    admin_page.post(page_of(conversation), form_of(conversation))
    conversation.refresh_from_db()
    assert conversation.archived_at is None


def test_more_than_the_ceiling_is_refused_on_the_page(admin_page: Client, conversation: Conversation) -> None:
    answer = admin_page.post(page_of(conversation), form_of(conversation, max_participants=10_001))
    assert answer.status_code == 200
    assert "10000" in answer.text
    assert entries_of(conversation, 2) == []


def test_members_come_go_and_get_roles_as_entries(
    admin_page: Client, superuser: Participant, conversation: Conversation
) -> None:
    member = Participant.objects.get(username="member")
    leaver, newcomer = bring_in(conversation), person()
    form = form_of(conversation, newcomers=[(newcomer, "observer")])
    form[f"memberships-{index_of(conversation, leaver)}-DELETE"] = "on"
    form[f"memberships-{index_of(conversation, member)}-role"] = "moderator"
    answer = admin_page.post(page_of(conversation), form)
    assert answer.status_code == 302, answer.text
    assert entries_of(conversation, 3) == [
        ("participant_left", superuser, leaver),
        ("role_changed", superuser, member),
        ("participant_joined", superuser, newcomer),
    ]
    assert role_of(conversation, member) == "moderator"
    assert role_of(conversation, newcomer) == "observer"
    assert role_of(conversation, leaver) is None


def test_a_new_owner_takes_over(admin_page: Client, conversation: Conversation, owner: Participant) -> None:
    member = Participant.objects.get(username="member")
    form = form_of(conversation)
    form[f"memberships-{index_of(conversation, member)}-role"] = "owner"
    admin_page.post(page_of(conversation), form)
    assert (role_of(conversation, member), role_of(conversation, owner)) == ("owner", "admin")


def test_the_only_owner_keeps_the_role(admin_page: Client, conversation: Conversation, owner: Participant) -> None:
    form = form_of(conversation, title="Not stored either")
    form[f"memberships-{index_of(conversation, owner)}-role"] = "member"
    answer = admin_page.post(page_of(conversation), form, follow=True)
    assert "Make somebody else the owner first" in answer.text
    assert role_of(conversation, owner) == "owner"
    assert entries_of(conversation, 2) == []


def test_an_owner_taken_out_is_succeeded(admin_page: Client, conversation: Conversation, owner: Participant) -> None:
    form = form_of(conversation)
    form[f"memberships-{index_of(conversation, owner)}-DELETE"] = "on"
    admin_page.post(page_of(conversation), form)
    assert role_of(conversation, Participant.objects.get(username="member")) == "owner"


def test_an_agent_never_owns(admin_page: Client, conversation: Conversation, owner: Participant) -> None:
    answer = admin_page.post(page_of(conversation), form_of(conversation, [(agent(), "owner")]), follow=True)
    assert "Only a person with an account can own a conversation" in answer.text
    assert role_of(conversation, owner) == "owner"


def test_a_full_conversation_says_so(admin_page: Client, conversation: Conversation) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(max_participants=2)
    conversation.refresh_from_db()
    answer = admin_page.post(page_of(conversation), form_of(conversation, [(person(), "member")]), follow=True)
    assert "This conversation is full" in answer.text
    assert entries_of(conversation, 2) == []


def test_a_new_conversation_belongs_to_whoever_made_it(admin_page: Client, superuser: Participant) -> None:
    empty = Conversation(title="New", max_participants=5)
    form = {name: getattr(empty, name) for name in SETTINGS if name != "slow_mode_s"}
    answer = admin_page.post(f"{LIST}add/", form)
    assert answer.status_code == 302, answer.text
    made = Conversation.objects.get(title="New")
    assert answer.headers["Location"] == LIST
    assert role_of(made, superuser) == "owner"
    assert entries_of(made, 0) == [("participant_joined", superuser, superuser)]


def test_deleting_tells_the_sockets(
    admin_page: Client,
    conversation: Conversation,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(publish, "_bell", lambda *news: rung.extend(news))
    with django_capture_on_commit_callbacks(execute=True):
        admin_page.post(f"{LIST}{conversation.pk}/delete/", {"post": "yes", "password": PASSWORD})
    assert not Conversation.objects.filter(pk=conversation.pk).exists()
    assert not Event.objects.filter(conversation=conversation.pk).exists()
    assert publish.Control(conversation=conversation.pk) in rung


@pytest.mark.parametrize("password", [{}, {"password": ""}, {"password": "guess"}])
def test_deleting_takes_the_password(admin_page: Client, conversation: Conversation, password: dict[str, str]) -> None:
    address = f"{LIST}{conversation.pk}/delete/"
    assert 'name="password"' in admin_page.get(address).text
    answer = admin_page.post(address, {"post": "yes"} | password, follow=True)
    assert "This is not your password" in answer.text
    assert Conversation.objects.filter(pk=conversation.pk).exists()


def test_guessing_the_password_of_an_open_session_locks_the_account(
    admin_page: Client, conversation: Conversation, settings: Any
) -> None:
    settings.CHAT_RATE_LIMITS = "on"
    address = f"{LIST}{conversation.pk}/delete/"
    for _ in range(5):
        assert "not your password" in admin_page.post(address, {"post": "yes", "password": "x"}, follow=True).text
    assert "Try again in" in admin_page.post(address, {"post": "yes", "password": PASSWORD}, follow=True).text
    assert Conversation.objects.filter(pk=conversation.pk).exists()


def test_several_are_not_deleted_at_once(admin_page: Client, conversation: Conversation) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [str(conversation.pk)], "post": "yes"}
    admin_page.post(LIST, chosen | {"password": PASSWORD})
    assert Conversation.objects.filter(pk=conversation.pk).exists()


def test_memberships_have_a_page_of_their_own(
    admin_page: Client, superuser: Participant, conversation: Conversation
) -> None:
    member = Membership.objects.get(conversation=conversation, participant__username="member")
    assert str(member.participant) in admin_page.get(MEMBERSHIPS, {"q": str(conversation.pk)}).text
    admin_page.post(f"{MEMBERSHIPS}{member.pk}/change/", {"role": "observer"})
    admin_page.post(f"{MEMBERSHIPS}{member.pk}/delete/", {"post": "yes"})
    newcomer = person()
    add = {"conversation": conversation.pk, "participant": newcomer.pk, "role": "member"}
    assert admin_page.post(f"{MEMBERSHIPS}add/", add).status_code == 302
    assert entries_of(conversation, 2) == [
        ("role_changed", superuser, member.participant),
        ("participant_left", superuser, member.participant),
        ("participant_joined", superuser, newcomer),
    ]


def test_a_viewer_changes_nothing(staff_with: MakeStaff, conversation: Conversation) -> None:
    viewer = signed_in(staff_with("conversations.view_conversation"))
    assert viewer.get(LIST).status_code == 200
    assert viewer.get(page_of(conversation)).status_code == 200
    assert viewer.post(page_of(conversation), form_of(conversation, title="Mine")).status_code == 403
    assert viewer.post(f"{LIST}{conversation.pk}/delete/", {"post": "yes"}).status_code == 403
    assert viewer.get(f"{LIST}add/").status_code == 403


def test_the_right_to_conversations_is_not_that_to_members(staff_with: MakeStaff, conversation: Conversation) -> None:
    rights = ("conversations.view_conversation", "conversations.change_conversation")
    editor = signed_in(staff_with(*rights))
    form = form_of(conversation, [(person(), "member")], title="Changed")
    assert editor.post(page_of(conversation), form).status_code == 302
    assert [kind for kind, _, _ in entries_of(conversation, 2)] == ["conversation_updated"]


def test_whoever_is_not_staff_sees_nothing(conversation: Conversation, owner: Participant) -> None:
    answer = signed_in(owner).get(page_of(conversation))
    assert answer.status_code == 302
    assert "/admin/login/" in answer.headers["Location"]
