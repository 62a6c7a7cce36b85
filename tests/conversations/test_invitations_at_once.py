"""Links for so many let in so many, however many try at once; and guests, who are made on the way in."""

from typing import Any

import pytest

from conversations.models import Invitation, Membership
from participants.models import Participant
from tests.contract.shapes import ME, TOKENS, assert_refused, assert_shape, of
from tests.conversations.inviting import as_guest, invite
from tests.parallel import at_once
from tests.personas import Api, client_of, conversation_of, entries_of, person, public_conversation


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("uses", [1, 10])
def test_of_fifty_at_once_exactly_as_many_come_in_as_it_is_for(uses):
    tea = conversation_of(ada := person())
    token = invite(client_of(ada), tea, max_uses=uses)["token"]
    people = [client_of(person()) for _ in range(50)]

    def redeem(number: int) -> Any:
        if number % 2:
            return people[number].post(f"invitations/{token}/accept")
        return people[number].post(f"conversations/{tea.pk}/join", {"invitation": token})

    answers = at_once(*(lambda number=number: redeem(number) for number in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * uses + [410] * (50 - uses)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 410} == {"invitation_expired"}
    assert (Invitation.objects.get().uses, tea.memberships.count()) == (uses, 1 + uses)
    entries = entries_of(tea)
    assert [entry.sequence for entry in entries] == list(range(1, 1 + len(entries)))
    assert sum(entry.type == "participant_joined" for entry in entries) == 1 + uses


@pytest.mark.django_db(transaction=True)
def test_guests_and_members_share_the_uses_and_no_guest_is_left_over():
    tea = public_conversation()
    token = invite(client_of(Participant.objects.get(memberships__role="owner")), tea, max_uses=5, allow_guests=True)
    people = [client_of(person()) for _ in range(10)]
    answers = at_once(
        *(lambda api=api: api.post(f"invitations/{token['token']}/accept") for api in people),
        *(lambda name=f"g{n}": as_guest(token["token"], name) for n in range(10)),
    )
    let_in = [answer for answer in answers if answer.status_code < 300]
    assert len(let_in) == 5
    guests = Participant.objects.filter(kind="guest")
    assert guests.count() == guests.filter(memberships__conversation=tea).count()
    assert tea.memberships.count() == 6


@pytest.mark.django_db
def test_a_guest_is_a_member_at_once():
    tea = conversation_of(ada := person())
    made = invite(client_of(ada), tea, allow_guests=True)
    answer = as_guest(made["token"], "Gus")
    assert answer.status_code == 201
    body = answer.json()
    assert_shape(body, {**TOKENS, "participant": of(ME)})
    assert (body["participant"]["kind"], body["participant"]["display_name"]) == ("guest", "Gus")
    gus = Api(body["access"])
    assert gus.get(f"conversations/{tea.pk}").status_code == 200
    assert gus.post(f"conversations/{tea.pk}/messages", {"content": "hi"}).status_code == 201
    assert str(Membership.objects.get(participant__kind="guest").joined_via_id) == made["id"]


@pytest.mark.django_db
def test_guests_come_in_only_where_the_invitation_allows_it():
    tea = conversation_of(ada := person())
    api = client_of(ada)
    assert_refused(as_guest(invite(api, tea)["token"]), 403, "guests_not_allowed")
    assert_refused(as_guest("x"), 404, "not_found")
    for name in ("", "x" * 81):
        answer = as_guest(invite(api, tea, allow_guests=True)["token"], name)
        assert answer.status_code == 400
    assert not Participant.objects.filter(kind="guest").exists()
