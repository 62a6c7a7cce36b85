"""The log: numbered without a hole, written by one function, and never changed behind its back."""

import pytest
from django.db import transaction
from pydantic import ValidationError

from conversations import amend, log
from conversations.models import Conversation, Event, LogIsAppendOnly
from participants.errors import NotFound
from tests.personas import conversation_of, entries_of, person, say

pytestmark = pytest.mark.django_db


class Refused(Exception):
    """What makes a transaction roll back."""


@pytest.fixture
def tea():
    return conversation_of(person())


def joined(who, count=1) -> Event:
    return Event(type="participant_joined", author=who, subject=who, data={"participant_count": count})


def test_entries_are_numbered_in_the_order_in_which_they_are_given(tea):
    with log.writing():
        entries = log.append(log.lock(tea.pk), *(joined(person(), number) for number in range(3)))
    assert [entry.sequence for entry in entries] == [2, 3, 4]
    tea.refresh_from_db()
    assert tea.last_sequence == 4


@pytest.mark.django_db(transaction=True)
def test_a_rollback_gives_its_numbers_back(tea):
    def append_and_fail():
        with log.writing():
            log.append(log.lock(tea.pk), joined(person()), joined(person()))
            raise Refused

    with pytest.raises(Refused):
        append_and_fail()
    assert say(tea.memberships.get().participant, tea).sequence == 2
    assert [entry.sequence for entry in entries_of(tea)] == [1, 2]


def test_an_entry_that_the_catalogue_does_not_know_stores_nothing(tea):
    with pytest.raises(ValidationError), log.writing():
        log.append(log.lock(tea.pk), joined(person()), Event(type="participant_exploded", author=person(), data={}))
    with pytest.raises(ValidationError), log.writing():
        log.append(log.lock(tea.pk), Event(type="participant_joined", subject=person(), data={"participants": 1}))
    assert len(entries_of(tea)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_lock_needs_a_transaction(tea):
    with pytest.raises(RuntimeError):
        log.lock(tea.pk)
    with transaction.atomic():
        assert log.lock(tea.pk) == tea


def test_a_conversation_that_is_not_there_cannot_be_locked(tea):
    with pytest.raises(NotFound), log.writing():
        log.lock(person().pk)


def test_entries_are_neither_updated_nor_deleted_through_a_queryset(tea):
    with pytest.raises(LogIsAppendOnly):
        Event.objects.update(content="other")
    with pytest.raises(LogIsAppendOnly):
        Event.objects.filter(conversation=tea).delete()
    with pytest.raises(LogIsAppendOnly):
        tea.events.all().delete()


def test_erasing_takes_one_conversation_with_its_log(tea):
    other = conversation_of(person())
    with log.writing():
        amend.erase(log.lock(tea.pk))
    assert not Conversation.objects.filter(pk=tea.pk).exists()
    assert not Event.objects.filter(conversation_id=tea.pk).exists()
    assert len(entries_of(other)) == 1


def test_the_log_holds_no_names(tea):
    ada = person(username="adalovelace", display_name="Ada Lovelace")
    with log.writing():
        log.append(log.lock(tea.pk), joined(ada))
    stored = str(Event.objects.filter(conversation=tea).values())
    assert "adalovelace" not in stored
    assert "Ada Lovelace" not in stored
