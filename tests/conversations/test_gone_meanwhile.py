"""What is there as a request begins may be gone before it ends: that is an answer, and no crash."""

from collections.abc import Callable
from typing import Any

import pytest

from conversations import selectors
from conversations.models import Conversation
from conversations.services import conversations, memberships
from tests.personas import client_of

pytestmark = pytest.mark.django_db(transaction=True)


Meanwhile = Callable[[Callable[[], Any]], None]


@pytest.fixture
def meanwhile(monkeypatch) -> Meanwhile:
    """Let something happen once, right behind the first look at whether somebody is in."""

    def arrange(deed: Callable[[], Any]) -> None:
        look, deeds = selectors.get_membership_for, [deed]

        def get_membership_for(*arguments: Any, **options: Any) -> Any:
            found = look(*arguments, **options)
            if deeds:
                deeds.pop()()
            return found

        monkeypatch.setattr(selectors, "get_membership_for", get_membership_for)

    return arrange


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "mark as read": ("POST", "/read", {"sequence_id": 1}),
    "read it": ("GET", "", None),
    "keep a draft": ("PUT", "/draft", {"content": "half a thought"}),
    "its draft": ("GET", "/draft", None),
    "its messages": ("GET", "/messages", None),
    "its log": ("GET", "/events", None),
    "its members": ("GET", "/participants", None),
    "its pins": ("GET", "/pins", None),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_conversation_that_is_deleted_meanwhile_is_no_crash(ada, ben, tea, meanwhile, what):
    method, path, body = REQUESTS[what]
    reader = client_of(ben)
    meanwhile(lambda: conversations.conversation_delete(actor=ada, conversation_id=tea.pk))
    answer = reader.send(method, f"conversations/{tea.pk}{path}", body)
    assert not Conversation.objects.filter(pk=tea.pk).exists()
    assert answer.status_code in {200, 404}
    if what in {"mark as read", "read it", "keep a draft"}:
        assert answer.json()["code"] == "not_found"


def test_who_is_removed_meanwhile_marks_nothing_as_read(ada, ben, tea, meanwhile):
    reader = client_of(ben)
    meanwhile(lambda: memberships.participant_remove(actor=ada, conversation_id=tea.pk, participant_id=ben.pk))
    answer = reader.post(f"conversations/{tea.pk}/read", {"sequence_id": 2})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_a_participant")
