"""What is decided under the conversation's lock, with everybody coming at once."""

import itertools

import pytest

from conversations.models import Membership
from conversations.services.memberships import conversation_leave, participant_remove
from conversations.services.messages import read_mark
from conversations.services.sends import message_send
from participants.errors import ChatError
from tests.contract.shapes import assert_refused
from tests.parallel import at_once
from tests.personas import (
    bring_in,
    client_of,
    conversation_of,
    deeds_in,
    entries_of,
    owner_of,
    person,
    public_conversation,
    role_of,
    say,
)  # fmt: skip

pytestmark = pytest.mark.django_db(transaction=True)


def numbers(conversation):
    return [entry.sequence for entry in entries_of(conversation)]


def test_of_twenty_who_join_for_the_last_five_places_five_get_in():
    tea = public_conversation(max_participants=6)
    people = [client_of(person()) for _ in range(20)]
    answers = at_once(*(lambda api=api: api.post(f"conversations/{tea.pk}/join") for api in people))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 15
    for answer in answers:
        if answer.status_code == 429:
            assert_refused(answer, 429, "capacity_reached", limit=6)
    assert [entry.data["participant_count"] for entry in deeds_in(tea)] == [1, 2, 3, 4, 5, 6]
    assert numbers(tea) == list(range(1, len(entries_of(tea)) + 1))
    assert tea.memberships.count() == 6


def test_one_who_joins_ten_times_at_once_is_in_once():
    tea, bob = public_conversation(), person()
    apis = [client_of(bob) for _ in range(10)]
    answers = at_once(*(lambda api=api: api.post(f"conversations/{tea.pk}/join") for api in apis))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert len(deeds_in(tea)) == 2


def test_the_same_message_ten_times_at_once_is_one_message():
    tea = conversation_of(ada := person())
    apis = [client_of(ada) for _ in range(10)]
    body = {"content": "once", "message_id": "k"}
    answers = at_once(*(lambda api=api: api.post(f"conversations/{tea.pk}/messages", body) for api in apis))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert sum(answer.json().get("duplicate", False) for answer in answers) == 9
    assert {(answer.json()["id"], answer.json()["sequence_id"]) for answer in answers} == {
        (str(entries_of(tea)[1].pk), 2)
    }
    assert len(entries_of(tea)) == 2


def test_of_different_messages_under_one_key_one_is_stored_and_the_others_conflict():
    tea = conversation_of(ada := person())
    apis = [client_of(ada) for _ in range(6)]
    answers = at_once(
        *(
            lambda api=api, n=n: api.post(f"conversations/{tea.pk}/messages", {"content": f"c{n}", "message_id": "k"})
            for n, api in enumerate(apis)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len(entries_of(tea)) == 2


def test_eight_senders_of_fifty_messages_leave_no_hole():
    tea = conversation_of(person())
    senders = [bring_in(tea) for _ in range(8)]

    before = len(entries_of(tea))

    def send_all(sender):
        return [say(sender, tea, f"m{n}").sequence for n in range(50)]

    given = at_once(*(lambda sender=sender: send_all(sender) for sender in senders))
    assert numbers(tea) == list(range(1, before + 401))
    assert sorted(itertools.chain(*given)) == list(range(before + 1, before + 401))
    for sequences in given:
        assert sequences == sorted(sequences)


def test_the_read_marker_ends_at_the_highest_that_came():
    tea = conversation_of(ada := person(), bob := person())
    for _ in range(40):
        say(ada, tea)
    wanted = [7, 42, 3, 30, 41, 12, 9, 42, 1, 20]
    at_once(*(lambda n=n: read_mark(participant=bob, conversation_id=tea.pk, sequence=n) for n in wanted))
    assert Membership.objects.get(conversation=tea, participant=bob).last_read_sequence == 42


def test_a_message_is_never_stored_behind_its_authors_removal():
    tea = conversation_of(ada := person())
    victims = [bring_in(tea) for _ in range(5)]

    def send_until_refused(victim):
        for sent in range(200):
            try:
                message_send(author=victim, conversation_id=tea.pk, content="x")
            except ChatError as error:
                return error.code, sent
        return "never", 200

    def remove_all():
        for victim in victims:
            participant_remove(actor=ada, conversation_id=tea.pk, participant_id=victim.pk)
        return "removed", 0

    codes = at_once(remove_all, *(lambda victim=victim: send_until_refused(victim) for victim in victims))
    assert [code for code, _ in codes] == ["removed"] + ["not_a_participant"] * 5
    gone = set()
    for entry in entries_of(tea):
        assert entry.author_id not in gone
        if entry.type == "participant_left":
            gone.add(entry.subject_id)


def test_everybody_leaving_at_once_leaves_an_archive_of_the_last_one():
    tea = conversation_of(ada := person())
    people = [ada, *(bring_in(tea, role) for role in ("admin", "admin", "moderator", "member", "observer"))]
    at_once(*(lambda who=who: conversation_leave(participant=who, conversation_id=tea.pk) for who in people))
    tea.refresh_from_db()
    assert tea.archived_at is not None
    assert entries_of(tea)[-1].data == {"changes": {"archived": True}}
    assert numbers(tea) == list(range(1, len(entries_of(tea)) + 1))


def test_handing_over_to_two_at_once_leaves_one_owner():
    tea = conversation_of(ada := person())
    heirs = [bring_in(tea) for _ in range(4)]
    apis = [client_of(ada) for _ in heirs]
    answers = at_once(
        *(
            lambda api=api, heir=heir: api.patch(f"conversations/{tea.pk}/participants/{heir.pk}", {"role": "owner"})
            for api, heir in zip(apis, heirs, strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    assert owner_of(tea) in heirs
    assert role_of(tea, ada) == "admin"
