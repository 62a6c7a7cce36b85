"""The list of conversations beside every page."""

import pytest
from django.urls import reverse

from conversations import sidebar
from conversations.services.messages import read_mark
from participants.presence import Connection, get_presence
from tests.conversations.test_pages import address, browser, text_of
from tests.personas import conversation_of, person, say

pytestmark = pytest.mark.django_db


def test_it_has_unread_mentions_and_the_last_words_without_the_signs_of_markdown():
    ada, grace, bob = person("ada"), person(display_name="Grace"), person()
    conversation = conversation_of(ada, grace, bob, title="Tea")
    say(grace, conversation, "@ada  **look** at `this`")
    (row,) = sidebar.sidebar_of(ada).rows
    assert (row["unread_count"], row["mention_count"], row["unread_shown"]) == (1, 1, "1")
    assert (row["last_message_author"], row["last_message_preview"]) == ("Grace", "@ada look at this")
    assert row["peer"] is None
    read_mark(participant=ada, conversation_id=conversation.pk, sequence=conversation.last_sequence + 1)
    assert sidebar.sidebar_of(ada).rows[0]["unread_count"] == 0


def test_between_two_it_shows_whether_the_other_is_there():
    ada, grace = person(), person()
    conversation_of(ada, grace)
    assert sidebar.sidebar_of(ada).rows[0]["peer"] == {"id": grace.pk, "is_online": False}
    connection = Connection("process", "socket", grace.pk)
    get_presence().renew("process")
    get_presence().open(connection)
    try:
        assert sidebar.sidebar_of(ada).rows[0]["peer"] == {"id": grace.pk, "is_online": True}
    finally:
        get_presence().close(connection)


def test_its_pages_lead_to_each_other(monkeypatch):
    monkeypatch.setattr(sidebar, "ROWS", 2)
    ada = person()
    for number in range(5):
        conversation_of(ada, title=f"Talk {number}")
    client = browser(ada)
    seen = []
    for page, (newer, older) in {1: (None, 2), 2: (1, 3), 3: (2, None)}.items():
        shown = client.get(reverse("conversation-list"), {"page": page}).context["sidebar"]
        assert (shown.newer, shown.older) == (newer, older)
        seen += [row["title"] for row in shown.rows]
    assert seen == [f"Talk {number}" for number in (4, 3, 2, 1, 0)]
    found = client.get(reverse("conversation-list"), {"named": "talk 3"}).context["sidebar"]
    assert [row["title"] for row in found.rows] == ["Talk 3"]


@pytest.mark.parametrize("asked", [{"page": "x"}, {"page": "-1"}, {"page": "9" * 30}, {"named": "a\0b"}, {}])
def test_what_cannot_be_asked_for_means_all(asked):
    ada = person()
    conversation_of(ada)
    assert len(browser(ada).get(reverse("conversation-list"), asked).context["sidebar"].rows) == 1


def test_what_one_looks_at_is_marked_and_what_is_archived_is_gone():
    ada = person()
    conversation = conversation_of(ada)
    client = browser(ada)
    assert text_of(client.get(address(conversation))).count('aria-current="page"') == 1
    client.post(address(conversation, "-switch"), {"name": "archived", "value": "on"})
    assert not sidebar.sidebar_of(ada).rows


def test_error_pages_do_without(django_assert_num_queries):
    ada = person()
    client = browser(ada)
    refused = client.get("/nowhere")
    assert refused.status_code == 404
    assert 'id="sidebar"' not in text_of(refused)
    assert "Go to the start" in text_of(refused)


@pytest.mark.parametrize(("theme", "shown"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"')])
def test_the_look_is_kept_in_a_cookie(theme, shown):
    client = browser(person())
    assert client.post(reverse("look"), {"theme": theme}).headers["Location"] == reverse("account")
    assert shown in text_of(client.get(reverse("account")))
    client.post(reverse("look"), {"theme": ""})
    assert "data-theme" not in text_of(client.get(reverse("account")))
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in text_of(client.get(reverse("account")))
