"""Long messages come cut in lists and whole by themselves; deleted ones come empty."""

import pytest

from conversations.models import Event
from tests.contract.shapes import MESSAGE, assert_shape, is_flag, is_number
from tests.personas import client_of, conversation_of, say

pytestmark = pytest.mark.django_db

LONG = {"truncated": is_flag, "content_length": is_number}


@pytest.fixture
def tea(ada):
    return conversation_of(ada)


def test_content_over_32_kib_is_cut_in_lists_and_whole_by_itself(ada, tea):
    whole = "🍵" * 10_000
    message = say(ada, tea, whole)
    api = client_of(ada)
    (listed,) = api.get(f"conversations/{tea.pk}/messages").json()["messages"]
    (shown,) = api.get(f"conversations/{tea.pk}").json()["messages"]
    (entry,) = [e for e in api.get(f"conversations/{tea.pk}/events").json()["events"] if e["type"] == "message"]
    for cut in (listed, shown, entry):
        assert_shape(cut, MESSAGE, also=LONG)
        assert (cut["content"], cut["truncated"], cut["content_length"]) == ("🍵" * 8192, True, 10_000)
        assert cut["html"].count("🍵") == 8192
    alone = api.get(f"messages/{message.pk}").json()
    assert_shape(alone, MESSAGE)
    assert alone["content"] == whole


@pytest.mark.parametrize(("content", "is_cut"), [("🍵" * 8192, False), ("🍵" * 8192 + "x", True), ("xü" * 5000, False)])
def test_32_kib_to_the_byte_are_not_cut(ada, tea, content, is_cut):
    say(ada, tea, content)
    (listed,) = client_of(ada).get(f"conversations/{tea.pk}/messages").json()["messages"]
    assert ("truncated" in listed, listed["content"] == content) == (is_cut, not is_cut)


def test_a_cut_never_goes_through_a_character(ada, tea):
    say(ada, tea, "x" + "🍵" * 9_999)
    (listed,) = client_of(ada).get(f"conversations/{tea.pk}/messages").json()["messages"]
    assert listed["content"] == "x" + "🍵" * 8191


def test_what_is_deleted_shows_no_text(ada, tea):
    message = say(ada, tea, "🍵" * 10_000)
    stored = Event.objects.get(pk=message.pk)
    stored.deleted_at = stored.created_at
    stored.save(update_fields=["deleted_at"])
    for path in (f"messages/{message.pk}", f"conversations/{tea.pk}/messages"):
        body = client_of(ada).get(path).json()
        shown = body["messages"][0] if "messages" in body else body
        assert_shape(shown, MESSAGE)
        assert (shown["content"], shown["html"], shown["deleted"]) == (None, None, True)
