"""Everything that can be done to a message, over pages and without scripts."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations.models import Event
from tests.conversations.test_pages import browser as signed_in
from tests.personas import bring_in, client_of, conversation_of, person, say

pytestmark = pytest.mark.django_db


def test_a_message_has_a_page_on_which_its_author_changes_it(ada, ben, tea):
    message = say(ben, tea, "first")
    browser, path = signed_in(ben), f"/c/{tea.pk}/m/{message.pk}"
    page = browser.get(path)
    assert page.status_code == 200
    for deed in ({"deed": "edit", "content": "second\r\nline"}, {"deed": "react", "emoji": "👍"}):
        assert browser.post(path, deed)["Location"] == path
    shown = client_of(ada).get(f"messages/{message.pk}").json()
    assert (shown["content"], shown["reactions"][0]["count"]) == ("second\nline", 1)
    browser.post(path, {"deed": "unreact", "emoji": "👍"})
    assert client_of(ada).get(f"messages/{message.pk}").json()["reactions"] == []
    refused = browser.post(path, {"deed": "pin"})
    assert (refused.status_code, b"notice-box error" in refused.content) == (403, True)
    assert b"Former texts" not in browser.get(path).content
    moderator = signed_in(ada)
    assert b"Former texts" in moderator.get(path).content
    moderator.post(path, {"deed": "pin"})
    tea.refresh_from_db()
    assert tea.pins == [str(message.pk)]
    moderator.post(path, {"deed": "unpin"})
    browser.post(path, {"deed": "delete"})
    assert Event.objects.get(pk=message.pk).deleted_at is not None
    assert b"was deleted" in browser.get(path).content


def test_a_message_is_found_at_its_conversation_only(ada, ben, tea):
    message = say(ben, tea)
    browser = signed_in(ben)
    assert browser.get(f"/c/{conversation_of(ben).pk}/m/{message.pk}").status_code == 404
    eve = person("eve")
    assert signed_in(eve).get(f"/c/{tea.pk}/m/{message.pk}").status_code == 404


def test_a_link_leads_to_the_place_in_the_history(ada, ben, tea):
    messages = [say(ben, tea, f"number {number} end") for number in range(120)]
    wanted = messages[20]
    page = signed_in(ada).get(f"/c/{tea.pk}?at={wanted.sequence}")
    assert b"<p>number 20 end</p>" in page.content
    assert b"<p>number 119 end</p>" not in page.content
    assert b"<p>number 119 end</p>" in signed_in(ada).get(f"/c/{tea.pk}?at={messages[-1].sequence}").content


def test_search_over_the_page(ada, ben, tea):
    say(ben, tea, "a <b>whale</b> & more")
    browser = signed_in(ada)
    assert browser.get("/search").status_code == 200
    page = browser.get("/search", {"q": "whale"}).content.decode()
    assert "<mark>whale</mark>" in page
    assert "<b>whale" not in page
    assert "Nothing found" in browser.get("/search", {"q": "shark"}).content.decode()
    assert browser.get("/search", {"q": "x", "conversation": str(conversation_of(ben).pk)}).status_code == 403
    for asked in ({}, {"q": "whale"}):
        assert (
            f'name="conversation" value="{tea.pk}"'
            in browser.get("/search", {"conversation": str(tea.pk)} | asked).content.decode()
        )


def test_a_file_is_sent_by_a_form(ada, ben, tea, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    browser = signed_in(ben)
    path = f"/c/{tea.pk}/attachments"
    assert browser.get(path).status_code == 200
    answer = browser.post(path, {"file": SimpleUploadedFile("notes.txt", b"hello"), "content": "look"})
    assert answer.status_code == 302
    assert b"notes.txt" in browser.get(f"/c/{tea.pk}").content
    refused = browser.post(path, {"file": SimpleUploadedFile("a.png", b"none")})
    assert refused.status_code == 415
    observer = bring_in(tea, "observer", person("eve"))
    assert signed_in(observer).get(path).status_code == 403
