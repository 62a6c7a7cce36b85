"""What the site says to everybody in conversations: messages of nobody, on every path like all others."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from conversations import events, exports
from conversations.models import Conversation, Event, Membership
from conversations.presentation import entry_frame
from conversations.services import administration
from conversations.services.conversations import conversation_update
from conversations.services.imports import conversation_import
from participants.models import AuditEvent, Participant
from tests.admin.conftest import MakeStaff, signed_in
from tests.contract.shapes import assert_refused
from tests.conversations.test_exports import erase, lines_of, stored
from tests.personas import bring_in, client_of, conversation_of, person, say

CONVERSATIONS = "/admin/conversations/conversation/"
WORDS = "We are closing at **five**."


@pytest.fixture
def owner(db: None) -> Participant:
    return person()


@pytest.fixture
def conversation(owner: Participant) -> Conversation:
    return conversation_of(owner, person())


def announce(browser: Client, *chosen: Conversation, **fields: Any) -> str:
    form = {"action": "announce", "_selected_action": [str(row.pk) for row in chosen], "announcement": WORDS} | fields
    return str(browser.post(CONVERSATIONS, form, follow=True).text)


def announced_in(conversation: Conversation) -> list[Event]:
    return list(Event.objects.filter(conversation=conversation, type=Event.MESSAGE, author=None))


def test_the_chosen_conversations_are_told_and_each_leaves_a_row(
    admin_page: Client, superuser: Participant, conversation: Conversation, owner: Participant
) -> None:
    other, third, archived = conversation_of(person()), conversation_of(person()), conversation_of(owner)
    conversation_update(actor=owner, conversation_id=archived.pk, archived=True)
    assert "2 conversations told" in announce(admin_page, conversation, other, archived)
    for each in (conversation, other):
        (entry,) = announced_in(each)
        row = AuditEvent.objects.get(action="announced", conversation=each.pk)
        assert (row.actor, row.target) == (superuser.pk, entry.pk)
    assert announced_in(third) == announced_in(archived) == []


def test_all_of_them_can_be_told_at_once(admin_page: Client, conversation: Conversation) -> None:
    conversation_of(person())
    assert "2 conversations told" in announce(admin_page, conversation, select_across="1")


@pytest.mark.parametrize("words", ["", "   ", "x" * 10_001])
def test_what_cannot_be_said_is_refused(admin_page: Client, conversation: Conversation, words: str) -> None:
    assert "0 conversations told" in announce(admin_page, conversation, announcement=words)
    assert announced_in(conversation) == []


def test_looking_is_not_announcing(staff_with: MakeStaff, conversation: Conversation) -> None:
    announce(signed_in(staff_with("conversations.view_conversation")), conversation)
    assert announced_in(conversation) == []


def test_it_is_a_message_of_nobody_on_every_path(
    conversation: Conversation, owner: Participant, superuser: Participant
) -> None:
    say(owner, conversation)
    for _ in range(2):  # nobody's keys are no matter
        administration.announcement_send(by=superuser, conversation_id=conversation.pk, content=WORDS)
    events.ENTRY.validate_python(entry_frame(announced_in(conversation)[0]))
    api, path = client_of(owner), f"conversations/{conversation.pk}"
    *_, shown = api.get(f"{path}/messages").json()["messages"]
    assert (shown["role"], shown["participant"], shown["sender_id"]) == ("system", None, None)
    assert shown["content"] == WORDS
    assert "<strong>five</strong>" in shown["html"]
    assert api.get(f"messages/{shown['id']}").json() == shown
    assert api.get(f"{path}/events").json()["events"][-1]["content"] == WORDS
    assert api.get(path).json()["unread_count"] == 2
    (listed,) = api.get("conversations").json()["conversations"]
    assert "closing" in listed["last_message_preview"]


def test_the_page_shows_it_as_the_site_s(
    conversation: Conversation, owner: Participant, superuser: Participant
) -> None:
    for _ in range(2):
        administration.announcement_send(by=superuser, conversation_id=conversation.pk, content=WORDS)
    page = signed_in(owner).get(f"/c/{conversation.pk}").text
    assert page.count('class="message system"') == 2
    assert page.count('<bdi class="name">Announcement</bdi>') == 2
    assert superuser.display_name not in page


def test_moderators_take_it_away_and_nobody_edits_it(
    conversation: Conversation, owner: Participant, superuser: Participant
) -> None:
    entry = administration.announcement_send(by=superuser, conversation_id=conversation.pk, content=WORDS)
    member = client_of(bring_in(conversation))
    for api in (client_of(owner), member):
        assert_refused(api.patch(f"messages/{entry.pk}", {"content": "never mind"}), 403, "role_too_low")
    assert_refused(member.delete(f"messages/{entry.pk}"), 403, "role_too_low")
    assert client_of(owner).delete(f"messages/{entry.pk}").status_code == 204
    assert client_of(owner).get(f"messages/{entry.pk}").json()["content"] is None


def test_it_goes_away_and_comes_back_with_the_log(conversation: Conversation, superuser: Participant) -> None:
    administration.announcement_send(by=superuser, conversation_id=conversation.pk, content=WORDS)
    call_command("verify_log", str(conversation.pk))
    conversation.refresh_from_db()
    lines, before = lines_of(conversation), stored(conversation)
    reader = Membership(conversation=conversation, role="owner", joined_sequence=1)
    assert b"## Announcement, " in b"".join(exports.markdown(reader))
    erase(conversation)
    assert stored(conversation_import(importer=superuser, lines=lines)) == before
