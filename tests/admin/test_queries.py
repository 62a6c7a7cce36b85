"""However many rows there are, a page of the admin asks the database a handful of questions."""

from typing import Any

import pytest
from django.test import Client

from conversations.models import Conversation, Membership
from participants import services
from tests.personas import bring_in, conversation_of, person, say

AT_MOST = 20
LISTS = [
    "participants/participant",
    "participants/signin",
    "participants/auditevent",
    "conversations/conversation",
    "conversations/membership",
    "conversations/event",
]


@pytest.fixture
def crowd(db: None) -> Conversation:
    """One conversation of forty among forty others."""
    owner = person()
    conversation = conversation_of(owner)
    for _number in range(40):
        member = bring_in(conversation)
        services.sign_in_start(participant=member)
        say(member, conversation)
        conversation_of(member)
    return conversation


@pytest.mark.parametrize("path", LISTS)
def test_lists(admin_page: Client, crowd: Conversation, django_assert_max_num_queries: Any, path: str) -> None:
    with django_assert_max_num_queries(AT_MOST):
        assert admin_page.get(f"/admin/{path}/").status_code == 200


def test_a_conversation_with_its_members(
    admin_page: Client, crowd: Conversation, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(AT_MOST):
        page = admin_page.get(f"/admin/conversations/conversation/{crowd.pk}/change/")
    assert page.status_code == 200
    for member in Membership.objects.filter(conversation=crowd).select_related("participant"):
        assert str(member.participant) in page.text
