"""Reads cost the same number of queries whatever the number of rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.personas import bring_in, client_of, conversation_of, say

pytestmark = pytest.mark.django_db


def queries(api, path) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = api.get(path)
    assert answer.status_code == 200
    return len(captured)


def fill(conversation, owner, number):
    """More members, each of whom says something, in reply to another."""
    last = None
    for _ in range(number):
        last = say(bring_in(conversation), conversation, reply_to=last and last.pk)
    say(owner, conversation)


@pytest.mark.parametrize(
    ("path", "most"),
    [("conversations/{}", 8), ("conversations/{}/participants", 5), ("conversations/{}/messages", 4),
     ("conversations/{}/messages?around=9", 5), ("conversations/{}/events", 4), ("/chat/conversations/{}", 8),
     ("participants", 5)],
)  # fmt: skip
def test_a_conversation_with_thirty_members_costs_what_one_with_a_single_one_does(ada, path, most):
    small, large = conversation_of(ada), conversation_of(ada)
    fill(small, ada, 1)
    api = client_of(ada)
    queries(api, path.format(small.pk))  # what the first request of a process looks up once
    before = queries(api, path.format(small.pk))
    fill(large, ada, 30)
    assert queries(api, path.format(large.pk)) == before <= most


@pytest.mark.parametrize("path", ["conversations", "conversations?scope=public", "/chat/my-conversations"])
def test_a_list_of_thirty_conversations_costs_what_a_list_of_one_does(ada, path):
    def make(number):
        for _ in range(number):
            fill(conversation_of(ada, visibility="public"), ada, 1)

    api = client_of(ada)
    make(1)
    queries(api, path + "?limit=50" if "?" not in path else path + "&limit=50")
    before = queries(api, path + ("&" if "?" in path else "?") + "limit=50")
    make(30)
    assert queries(api, path + ("&" if "?" in path else "?") + "limit=50") == before <= 4


def test_a_list_of_thirty_sign_ins_costs_what_a_list_of_one_does(ada):
    api = client_of(ada)
    queries(api, "auth/sessions")
    before = queries(api, "auth/sessions?limit=100")
    for _ in range(30):
        client_of(ada)
    assert queries(api, "auth/sessions?limit=100") == before <= 4
