"""Texts that change: everybody sees the new one, moderators what it was, nobody what was deleted."""

import pytest

from conversations.models import Event, Revision
from tests.contract.shapes import MESSAGE, assert_page, assert_refused, assert_shape, is_text, is_time
from tests.personas import bring_in, client_of, entries_of, person, say

pytestmark = pytest.mark.django_db

CANARY = "xylophonecanary"


def edit(who, message, content="changed"):
    return client_of(who).patch(f"messages/{message.pk}", {"content": content})


def test_an_edited_message_is_shown_as_it_is_now_by_every_entry_about_it(ada, ben, tea):
    message = say(ben, tea, "first")
    answer = edit(ben, message, "**second**")
    assert answer.status_code == 200
    assert_shape(answer.json(), MESSAGE)
    assert answer.json()["content"] == "**second**"
    assert "<strong>second</strong>" in answer.json()["html"]
    edit(ben, message, "third")
    frames = client_of(ada).get(f"conversations/{tea.pk}/events").json()["events"]
    about = [frame for frame in frames if frame.get("id") == str(message.pk)]
    assert [frame["type"] for frame in about] == ["message", "message_edited", "message_edited"]
    assert [frame["content"] for frame in about] == ["third"] * 3
    assert len({frame["sequence_id"] for frame in about}) == 3
    assert all(is_time(frame["edited_at"]) for frame in about)
    assert {frame["created_at"] for frame in about} == {answer.json()["created_at"]}


def test_the_same_text_again_changes_nothing(ben, tea):
    message = say(ben, tea, "first")
    before = len(entries_of(tea))
    assert edit(ben, message, "first").json()["edited_at"] is None
    assert len(entries_of(tea)) == before


def test_nobody_edits_what_somebody_else_said(ada, ben, tea):
    message = say(ben, tea)
    assert_refused(edit(ada, message), 403, "role_too_low")
    assert_refused(edit(person(), message), 404, "not_found")


@pytest.mark.parametrize("content", ["", "  ", "\n"])
def test_an_edit_needs_a_text(ben, tea, content):
    assert_refused(edit(ben, say(ben, tea), content), 400, "validation_error")


def test_an_edit_is_bound_in_length(ben, tea):
    assert_refused(edit(ben, say(ben, tea), "x" * 10_001), 413, "message_too_large", actual=10_001, max=10_000)


def test_former_texts_are_for_moderators(ada, ben, tea):
    cid = bring_in(tea)
    message = say(ben, tea, "first")
    edit(ben, message, "second")
    edit(ben, message, "third")
    rows = assert_page(
        client_of(ada).get(f"messages/{message.pk}/revisions").json(),
        "revisions",
        {"content": is_text, "replaced_at": is_time},
        total=2,
    )
    assert [row["content"] for row in rows] == ["first", "second"]
    for who in (ben, cid):
        assert_refused(client_of(who).get(f"messages/{message.pk}/revisions"), 403, "role_too_low")


def test_a_deleted_message_is_not_edited(ben, tea):
    message = say(ben, tea)
    client_of(ben).delete(f"messages/{message.pk}")
    assert_refused(edit(ben, message), 410, "message_deleted")


def test_deleting_takes_former_texts_along(ada, ben, tea):
    message = say(ben, tea, CANARY)
    edit(ben, message, f"{CANARY} again")
    assert client_of(ben).delete(f"messages/{message.pk}").status_code == 204
    assert not Revision.objects.filter(message=message).exists()
    assert not any(CANARY in str(row) for row in Event.objects.values())
    for path in (f"conversations/{tea.pk}", f"conversations/{tea.pk}/events", f"messages/{message.pk}",
                 f"messages/{message.pk}/revisions", f"messages/{message.pk}/thread"):  # fmt: skip
        assert CANARY not in client_of(ada).get(path).text


def test_a_repeated_send_after_an_edit_or_a_deletion_gets_the_first_one_as_it_is_now(ben, tea):
    api = client_of(ben)
    body = {"content": "first", "message_id": "k"}
    first = api.post(f"conversations/{tea.pk}/messages", body).json()
    api.patch(f"messages/{first['id']}", {"content": "second"})
    again = api.post(f"conversations/{tea.pk}/messages", body)
    assert (again.status_code, again.json()["content"], again.json()["duplicate"]) == (200, "second", True)
    api.delete(f"messages/{first['id']}")
    again = api.post(f"conversations/{tea.pk}/messages", body)
    assert (again.status_code, again.json()["content"], again.json()["deleted"]) == (200, None, True)


def test_an_edit_counts_against_the_limit_of_changes(ben, tea, settings):
    settings.CHAT_RATE_LIMITS, settings.CHAT_LIMIT_CHANGES = "on", "2/36000"
    message = say(ben, tea)
    api = client_of(ben)
    answers = [api.patch(f"messages/{message.pk}", {"content": f"{n}"}).status_code for n in range(3)]
    assert answers == [200, 200, 429]
