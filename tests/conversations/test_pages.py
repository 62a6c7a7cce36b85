"""The pages of conversations, as a browser without scripts uses them."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, Event, Membership
from conversations.policy import Standing
from conversations.services.conversations import conversation_update
from conversations.services.memberships import conversation_leave
from conversations.timeline import ENTRIES
from participants.models import Participant
from tests.personas import bring_in, conversation_of, person, public_conversation, say

pytestmark = pytest.mark.django_db

# Session, participant, sign-in and the sidebar: what any page of a signed-in browser costs.
SIGNED_IN = 4


def browser(participant: Participant) -> Client:
    client = Client(headers={"accept": "text/html"})
    client.force_login(participant)
    return client


def address(conversation: Conversation, part: str = "") -> str:
    return reverse(f"conversation{part}", args=[conversation.pk])


def text_of(response) -> str:
    return response.content.decode()


def send(client: Client, conversation: Conversation, content: str, message_id: str | None = None):
    key = message_id or uuid.uuid4().hex
    return client.post(address(conversation, "-send"), {"content": content, "message_id": key})


def contents(conversation: Conversation) -> list[str]:
    return list(Event.objects.messages().filter(conversation=conversation).values_list("content", flat=True))


# --- lists ------------------------------------------------------------------------------------------------------------


def test_the_list_shows_what_is_mine_with_unread_counts_and_the_last_words():
    ada, grace = person(), person()
    conversation = conversation_of(ada, grace, title="Tea <at> five")
    conversation_of(grace, title="Not mine")
    say(ada, conversation, "one")
    say(ada, conversation, "two <b>")
    text = text_of(browser(grace).get(reverse("conversation-list")))
    assert "Tea &lt;at&gt; five" in text
    assert "two &lt;b&gt;" in text
    assert "2 unread" in text
    assert "Not mine" in text  # grace's own
    assert "Not mine" not in text_of(browser(ada).get(reverse("conversation-list")))


def test_a_conversation_is_made_by_the_form_and_opened():
    ada = person()
    fields = {"title": "Tea", "description": "At five", "visibility": "public"}
    response = browser(ada).post(reverse("conversation-list"), fields)
    conversation = Conversation.objects.get()
    assert response.headers["Location"] == address(conversation)
    assert (conversation.title, conversation.description, conversation.visibility) == ("Tea", "At five", "public")
    assert conversation.memberships.get().standing is Standing.OWNER


@pytest.mark.parametrize("title", ["", "   ", "x" * 121, "a\0b"])
def test_a_title_that_cannot_be_is_refused_with_the_form_open(title):
    response = browser(person()).post(reverse("conversation-list"), {"title": title, "visibility": "private"})
    assert not Conversation.objects.exists()
    assert response.context["form"].errors["title"]
    assert " popover" not in text_of(response)


def test_explore_shows_public_conversations_and_finds_them():
    public_conversation(title="Tea")
    public_conversation(title="Coffee")
    conversation_of(person(), title="Secret tea")
    client = browser(person())
    assert "Coffee" in text_of(client.get(reverse("explore")))
    found = text_of(client.get(reverse("explore"), {"search": "tea"}))
    assert "Tea" in found
    assert "Coffee" not in found
    assert "Secret" not in found
    assert "Nothing found" in text_of(client.get(reverse("explore"), {"search": "<script>"}))


def test_explore_offers_to_open_what_one_is_in():
    ada = person()
    conversation = public_conversation(title="Tea")
    client = browser(ada)
    assert address(conversation, "-join") in text_of(client.get(reverse("explore")))
    bring_in(conversation, who=ada)
    assert address(conversation, "-join") not in text_of(client.get(reverse("explore")))


# --- a conversation ---------------------------------------------------------------------------------------------------


def test_a_conversation_shows_its_newest_entries_and_leads_to_older_ones():
    ada = person()
    conversation = conversation_of(ada)
    for number in range(1, ENTRIES + 11):
        say(ada, conversation, f"message {number}.")
    client = browser(ada)
    newest = text_of(client.get(address(conversation)))
    assert f"message {ENTRIES + 10}." in newest
    assert "message 10." not in newest
    before = re.search(r'href="\?before=(\d+)"', newest)
    assert before
    older = text_of(client.get(address(conversation), {"before": before[1]}))
    assert "message 10." in older
    assert "message 11." not in older
    assert "joined" in older
    assert 'id="older" class="button quiet" rel="prev" href="?before=" hidden' in older


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 30, ""])
def test_a_position_that_is_none_means_the_newest(before):
    ada = person()
    conversation = conversation_of(ada)
    say(ada, conversation)
    assert "hello" in text_of(browser(ada).get(address(conversation), {"before": before}))


def test_who_reads_from_joining_on_sees_nothing_older():
    ada, grace = person(), person()
    conversation = conversation_of(ada, history="from_join")
    say(ada, conversation, "before grace")
    bring_in(conversation, who=grace)
    say(ada, conversation, "after grace")
    for position in ({}, {"before": 3}):
        assert "before grace" not in text_of(browser(grace).get(address(conversation), position))
    assert "after grace" in text_of(browser(grace).get(address(conversation)))


def test_every_kind_of_notice_is_told():
    ada, grace = person(display_name="Ada"), person(display_name="Grace")
    conversation = conversation_of(ada, grace)
    for changes in ({"title": "Coffee"}, {"locked": True}, {"locked": False}, {"description": "At six"}):
        conversation_update(actor=ada, conversation_id=conversation.pk, **changes)
    conversation_leave(participant=grace, conversation_id=conversation.pk)
    rows = browser(ada).get(address(conversation)).context["timeline"].rows
    assert [row["kind"] for row in rows] == ["joined", "joined", "title", "locked", "unlocked", "settings", "left"]


def test_an_outsider_sees_a_preview_of_a_public_conversation_and_joins():
    ada, conversation = person(), public_conversation(title="Tea")
    say(conversation.memberships.get().participant, conversation, "for members only")
    client = browser(ada)
    preview = text_of(client.get(address(conversation)))
    assert "Join this conversation" in preview
    assert "for members only" not in preview
    assert client.post(address(conversation, "-join")).headers["Location"] == address(conversation)
    assert client.post(address(conversation, "-join")).headers["Location"] == address(conversation)
    assert "for members only" in text_of(client.get(address(conversation)))


def test_a_full_conversation_says_so_on_its_preview():
    conversation = public_conversation(max_participants=1)
    response = browser(person()).post(address(conversation, "-join"))
    assert response.status_code == 429
    assert "full" in text_of(response)


def test_a_private_conversation_and_one_that_is_not_there_are_error_pages():
    conversation = conversation_of(person(), title="Secret")
    client = browser(person())
    for part, method in (("", client.get), ("-join", client.post), ("-send", client.post), ("-leave", client.post)):
        refused = method(address(conversation, part))
        assert refused.status_code == 403
        assert "Secret" not in text_of(refused)
    assert client.get(reverse("conversation", args=[uuid.uuid4()])).status_code == 404
    assert client.get("/c/not-an-id").status_code == 404


def test_leaving_leads_back_to_the_list():
    ada, grace = person(), person()
    conversation = conversation_of(ada, grace)
    assert browser(grace).post(address(conversation, "-leave")).headers["Location"] == reverse("conversation-list")
    assert not Membership.objects.filter(participant=grace).exists()


# --- sending ----------------------------------------------------------------------------------------------------------


def test_a_message_is_sent_by_the_form_and_shown_as_the_markup_it_is():
    ada = person()
    conversation = conversation_of(ada)
    client = browser(ada)
    response = send(client, conversation, "**bold**\r\nand <script>alert(1)</script>")
    assert response.headers["Location"] == f"{address(conversation)}#composer"
    assert contents(conversation) == ["**bold**\nand <script>alert(1)</script>"]
    text = text_of(client.get(address(conversation)))
    assert "<strong>bold</strong>" in text
    assert "<script>alert" not in text


def test_a_form_that_is_sent_twice_is_stored_once():
    ada = person()
    conversation = conversation_of(ada)
    client = browser(ada)
    key = client.get(address(conversation)).context["form"]["message_id"].value()
    assert send(client, conversation, "hello", key).status_code == 302
    assert send(client, conversation, "hello", key).status_code == 302
    assert contents(conversation) == ["hello"]


def test_an_old_page_keeps_the_new_text_and_gives_it_a_key_of_its_own():
    ada = person()
    conversation = conversation_of(ada)
    client = browser(ada)
    send(client, conversation, "first", "key")
    refused = send(client, conversation, "second", "key")
    assert refused.status_code == 409
    form = refused.context["form"]
    assert form["content"].value() == "second"
    assert send(client, conversation, "second", form["message_id"].value()).status_code == 302
    assert contents(conversation) == ["first", "second"]


@pytest.mark.parametrize(("content", "status"), [(" ", 400), ("x" * 10_001, 413), ("a\0b", 200)])
def test_what_cannot_be_sent_is_kept_in_the_field_and_the_reason_told(content, status):
    ada = person()
    conversation = conversation_of(ada)
    response = send(browser(ada), conversation, content)
    assert response.status_code == status
    assert not contents(conversation)
    assert response.context["form"]["content"].value() == content
    assert 'role="alert">' in text_of(response)


def test_an_observer_has_no_field_and_is_told_why():
    conversation = conversation_of(person())
    observer = bring_in(conversation, "observer")
    client = browser(observer)
    assert 'name="content"' not in text_of(client.get(address(conversation)))
    assert send(client, conversation, "hello").status_code == 403


def test_reading_marks_by_a_form_and_never_by_looking():
    ada, grace = person(), person()
    conversation = conversation_of(ada, grace)
    message = say(ada, conversation)
    membership = Membership.objects.get(participant=grace)
    client = browser(grace)
    for path in (address(conversation), reverse("conversation-list"), reverse("explore")):
        client.get(path)
    for part in ("-send", "-join", "-leave", "-read"):
        assert client.get(address(conversation, part)).status_code == 302
    membership.refresh_from_db()
    assert membership.last_read_sequence < message.sequence
    client.post(address(conversation, "-read"), {"sequence": message.sequence})
    membership.refresh_from_db()
    assert membership.last_read_sequence == message.sequence


def test_every_form_needs_the_token_of_its_page():
    ada = person()
    conversation = conversation_of(ada)
    client = Client(enforce_csrf_checks=True, headers={"accept": "text/html"})
    client.force_login(ada)
    for part in ("-send", "-join", "-leave", "-read"):
        assert client.post(address(conversation, part), {"content": "x", "sequence": 1}).status_code == 403
    assert client.post(reverse("conversation-list"), {"title": "x"}).status_code == 403
    assert not contents(conversation)


def test_names_and_titles_are_shown_as_text_and_isolated():
    hostile = "<img src=x onerror=alert(1)>"
    ada = person(display_name=hostile)
    conversation = conversation_of(ada, title=hostile, description=hostile, visibility="public")
    say(ada, conversation, hostile)
    client = browser(ada)
    for path in (address(conversation), reverse("conversation-list"), reverse("explore")):
        text = text_of(client.get(path))
        assert "<img src=x" not in text
        assert re.search(r"<bdi[^>]*>&lt;img src=x onerror=alert\(1\)&gt;</bdi>", text)


def test_markup_is_made_from_text_by_one_policy_alone():
    ada = person()
    policy = browser(ada).get(address(conversation_of(ada))).headers["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'" in policy
    assert "trusted-types chat-html" in policy
    assert "unsafe" not in policy


# --- cost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 12])
def test_pages_cost_the_same_however_much_they_show(many, django_assert_num_queries):
    ada = person()
    client = browser(ada)
    for _ in range(many):
        conversation = conversation_of(ada, *(person() for _ in range(min(many, 9))), visibility="public")
        for membership in conversation.memberships.select_related("participant"):
            say(membership.participant, conversation)
    with django_assert_num_queries(SIGNED_IN):
        client.get(reverse("conversation-list"))
    with django_assert_num_queries(SIGNED_IN + 3):
        client.get(reverse("explore"))
    with django_assert_num_queries(SIGNED_IN + 5):  # membership, draft, members, entries, replies
        client.get(address(conversation))
    outsider = browser(person())
    with django_assert_num_queries(SIGNED_IN + 2):
        outsider.get(address(conversation))
