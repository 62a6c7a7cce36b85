"""The log in the admin: to be looked at, and what was said only by who may read it."""

import pytest
from django.test import Client

from conversations.models import Conversation, Event
from participants.models import Participant
from tests.admin.conftest import MakeStaff, signed_in
from tests.personas import conversation_of, person, say

LIST = "/admin/conversations/event/"
SECRET = "the-eagle-lands-at-noon"


def page_of(event: Event) -> str:
    return f"{LIST}{event.pk}/change/"


@pytest.fixture
def conversation(db: None) -> Conversation:
    return conversation_of(person())


@pytest.fixture
def message(conversation: Conversation) -> Event:
    author = conversation.memberships.get().participant
    return say(author, conversation, SECRET, metadata={"note": "metadata-secret"})


def test_the_list_and_an_entry_can_be_looked_at(admin_page: Client, message: Event) -> None:
    assert admin_page.get(LIST).status_code == 200
    page = admin_page.get(page_of(message))
    assert page.status_code == 200
    assert SECRET in page.text


@pytest.mark.parametrize("path", ["add/", "{id}/delete/"])
def test_nobody_can_add_or_delete_an_entry(admin_page: Client, message: Event, path: str) -> None:
    address = LIST + path.format(id=message.pk)
    assert admin_page.get(address).status_code == 403
    assert admin_page.post(address, {"post": "yes"}).status_code == 403
    assert Event.objects.filter(pk=message.pk).exists()


def test_nobody_can_change_an_entry(admin_page: Client, message: Event) -> None:
    answer = admin_page.post(page_of(message), {"content": "something else", "sequence": 1})
    assert answer.status_code == 403
    assert Event.objects.get(pk=message.pk).content == SECRET


def test_no_action_deletes_entries(admin_page: Client, message: Event) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [str(message.pk)], "post": "yes"}
    admin_page.post(LIST, chosen)
    assert Event.objects.filter(pk=message.pk).exists()


def test_seeing_the_log_is_not_reading_it(staff_with: MakeStaff, message: Event) -> None:
    viewer = signed_in(staff_with("conversations.view_event"))
    page = viewer.get(page_of(message))
    assert page.status_code == 200
    assert str(message.conversation_id) in page.text or message.conversation.title in page.text
    assert SECRET not in page.text
    assert "metadata-secret" not in page.text
    assert SECRET not in viewer.get(LIST).text


def test_reading_the_log_is_a_right_of_its_own(staff_with: MakeStaff, message: Event) -> None:
    reader = signed_in(staff_with("conversations.view_event", "conversations.view_message_content"))
    page = reader.get(page_of(message)).text
    assert SECRET in page
    assert "metadata-secret" in page


def test_the_right_to_read_alone_opens_no_page(staff_with: MakeStaff, message: Event) -> None:
    nobody = signed_in(staff_with("conversations.view_message_content"))
    assert nobody.get(LIST).status_code == 403
    assert nobody.get(page_of(message)).status_code == 403


def test_a_conversation_is_found_by_id_and_an_entry_by_its_own(
    admin_page: Client, conversation: Conversation, message: Event
) -> None:
    other = say(person_in(conversation), conversation, "other")
    elsewhere = conversation_of(person())
    found = admin_page.get(LIST, {"q": str(conversation.pk)}).text
    assert page_of(message) in found
    assert page_of(other) in found
    assert str(elsewhere.pk) not in found
    alone = admin_page.get(LIST, {"q": str(message.pk)}).text
    assert page_of(message) in alone
    assert page_of(other) not in alone


def person_in(conversation: Conversation) -> Participant:
    return conversation.memberships.get().participant


def test_words_are_not_searched_for(staff_with: MakeStaff, message: Event) -> None:
    viewer = signed_in(staff_with("conversations.view_event"))
    assert "0 results" in viewer.get(LIST, {"q": SECRET}).text


@pytest.mark.parametrize("lookup", ["content__contains", "content__startswith", "html__regex", "data__metadata__note"])
def test_addresses_ask_nothing_about_content(staff_with: MakeStaff, message: Event, lookup: str) -> None:
    viewer = signed_in(staff_with("conversations.view_event"))
    assert viewer.get(LIST, {lookup: SECRET[:3]}).status_code == 400


def test_a_type_can_be_chosen(admin_page: Client, message: Event) -> None:
    found = admin_page.get(LIST, {"type__exact": "participant_joined"}).text
    assert page_of(message) not in found
    assert "participant_joined" in found
