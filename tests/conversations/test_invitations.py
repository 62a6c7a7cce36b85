"""Invitations: links that let in who holds them, so often, so long, as what, and nobody else."""

import base64
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from conversations.models import Conversation, Invitation, Membership
from conversations.services import moderation
from conversations.services.conversations import conversation_delete
from participants.models import Participant
from tests.contract.shapes import (
    CONVERSATION,
    MEMBER,
    PROFILE,
    assert_page,
    assert_refused,
    assert_shape,
    is_flag,
    is_id,
    is_number,
    is_text,
    is_time,
    of,
    one_of,
)  # fmt: skip
from tests.conversations.inviting import accept, as_guest, invite, join
from tests.personas import (
    Api,
    bring_in,
    client_of,
    conversation_of,
    entries_of,
    nobody,
    person,
    role_of,
    take_out,
)  # fmt: skip

pytestmark = pytest.mark.django_db

INVITATION = {
    "id": is_id,
    "role": one_of("admin", "moderator", "member", "observer"),
    "expires_at": is_time,
    "max_uses": is_number,
    "uses": is_number,
    "allow_guests": is_flag,
}
PREVIEW = {
    "title": is_text,
    "description": is_text,
    "inviter": of(PROFILE),
    "participant_count": is_number,
    "role": is_text,
    "expires_at": is_time,
    "allow_guests": is_flag,
}
GONE = (410, "invitation_expired")


@pytest.fixture
def ada() -> Participant:
    return person(email="ada@example.org")


@pytest.fixture
def tea(ada: Participant) -> Conversation:
    return conversation_of(ada, description="Every day at five", metadata={"secret": "plan"})


@pytest.fixture
def api(ada: Participant) -> Api:
    return client_of(ada)


# --- making -----------------------------------------------------------------------------------------------------------


def test_an_invitation_says_what_it_is_and_shows_its_token_once(api, tea):
    made = invite(api, tea)
    assert_shape(made, INVITATION, also={"token": is_text, "url": is_text})
    assert (made["role"], made["max_uses"], made["uses"], made["allow_guests"]) == ("member", 10, 0, False)
    assert made["url"].endswith(f"/i/{made['token']}")
    listed = api.get(f"conversations/{tea.pk}/invitations").json()
    (row,) = assert_page(listed, "invitations", INVITATION, total=1)
    assert row["id"] == made["id"]
    assert made["token"] not in str(listed)


def test_it_lasts_a_day_unless_said_otherwise(api, tea):
    for fields, seconds in (({}, 86_400), ({"expires_in": 60}, 60)):
        ends = Invitation.objects.get(pk=invite(api, tea, **fields)["id"]).expires_at
        assert abs((ends - timezone.now()).total_seconds() - seconds) < 20


def test_tokens_have_128_bits_at_least_and_never_repeat(api, tea):
    tokens = [invite(api, tea)["token"] for _ in range(20)]
    raw = [base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) for token in tokens]
    assert all(len(token) >= 16 for token in raw)
    assert len(set(raw)) == 20
    # Each byte of them varies: no prefix, counter or clock takes places of the random ones.
    assert all(len(set(column)) > 5 for column in zip(*raw, strict=True))


def test_the_token_is_nowhere_in_the_database(api, tea):
    token = invite(api, tea, allow_guests=True)["token"]
    accept(person(), token)
    as_guest(token)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - names of our own tables
            for row in cursor.fetchall():
                assert token not in repr(row), table


@pytest.mark.parametrize(
    "fields",
    [{"expires_in": 0}, {"expires_in": -1}, {"expires_in": 10**9}, {"max_uses": 0}, {"max_uses": 10**6},
     {"role": "owner"}, {"role": "king"}, {"allow_guests": "perhaps"}, {"expires_in": "soon"}],
)  # fmt: skip
def test_an_invitation_that_makes_no_sense_is_refused(api, tea, fields):
    answer = api.post(f"conversations/{tea.pk}/invitations", fields)
    assert answer.json()["errors"][0]["field"] == next(iter(fields))
    assert_refused(answer, 400, "validation_error")
    assert not Invitation.objects.exists()


def test_members_invite_members_where_the_site_lets_them(tea, settings):
    bob = client_of(bring_in(tea))
    path = f"conversations/{tea.pk}/invitations"
    assert_refused(bob.post(path, {}), 403, "role_too_low")
    settings.CHAT_MEMBERS_INVITE = True
    for role, status in (("member", 201), ("observer", 201), ("moderator", 403), ("admin", 403)):
        assert bob.post(path, {"role": role}).status_code == status
    assert client_of(bring_in(tea, "observer")).post(path, {"role": "observer"}).status_code == 403
    assert client_of(person()).post(path, {}).status_code == 403


# --- looking at it ----------------------------------------------------------------------------------------------------


def test_anybody_with_the_token_previews_it_and_sees_nothing_more_than_that(api, ada, tea):
    made = invite(api, tea, role="observer")
    bring_in(tea)
    for who in (nobody(), client_of(person())):
        answer = who.get(f"invitations/{made['token']}")
        assert answer.status_code == 200
        seen = answer.json()
        assert_shape(seen, PREVIEW)
        wanted = (tea.title, "Every day at five", 2, "observer", made["expires_at"])
        assert tuple(seen[name] for name in list(PREVIEW)[:2] + list(PREVIEW)[3:6]) == wanted
        assert (seen["inviter"]["id"], seen["inviter"]["is_online"], seen["inviter"]["last_seen_at"]) == (
            str(ada.pk), None, None,
        )  # fmt: skip
        for hidden in (ada.email, str(tea.pk), "plan"):
            assert hidden not in answer.content.decode()


@pytest.mark.parametrize("token", ["x", "0" * 43, "11111111-2222-4333-8444-555555555555", "%00", "ä", "x" * 500])
def test_an_unknown_token_is_not_found(token):
    assert_refused(nobody().get(f"invitations/{token}"), 404, "not_found")
    assert_refused(client_of(person()).post(f"invitations/{token}/accept"), 404, "not_found")


# --- coming in --------------------------------------------------------------------------------------------------------


def test_accepting_makes_a_member_of_that_role_who_came_by_it(api, tea):
    bob, made = person(), invite(api, tea, role="observer")
    answer = accept(bob, made["token"])
    assert answer.status_code == 200
    body = answer.json()
    assert body["success"] is True
    assert_shape(body["conversation"], CONVERSATION)
    assert_shape(body["membership"], MEMBER, also={"joined_via": lambda value: value == made["id"]})
    assert (body["membership"]["id"], body["membership"]["role"]) == (str(bob.pk), "observer")
    assert str(Membership.objects.get(participant=bob).joined_via_id) == made["id"]
    made_entries = [entry.type for entry in entries_of(tea) if entry.type != "conversation_updated"]
    assert made_entries == ["participant_joined"] * 2  # invitations make no entry
    (listed,) = api.get(f"conversations/{tea.pk}/invitations").json()["invitations"]
    assert listed["uses"] == 1


def test_joining_with_it_is_the_same(api, tea):
    bob, made = person(), invite(api, tea, role="moderator")
    answer = join(bob, tea, made["token"])
    assert answer.status_code == 200
    assert answer.json().keys() == {"success", "conversation"}
    assert role_of(tea, bob) == "moderator"
    assert str(Membership.objects.get(participant=bob).joined_via_id) == made["id"]
    assert Invitation.objects.get().uses == 1


def test_it_gives_its_role_in_a_public_conversation_too(ada):
    tea, bob, cleo = conversation_of(ada, visibility="public"), person(), person()
    assert join(bob, tea, invite(client_of(ada), tea, role="moderator")["token"]).status_code == 200
    client_of(cleo).post(f"conversations/{tea.pk}/join")
    assert (role_of(tea, bob), role_of(tea, cleo)) == ("moderator", "member")
    assert Membership.objects.get(participant=cleo).joined_via is None


def test_it_opens_its_own_conversation_alone(api, ada, tea):
    other, bob = conversation_of(ada), person()
    token = invite(api, tea)["token"]
    assert_refused(join(bob, other, token), 403, "invitation_required")
    assert_refused(client_of(bob).post(f"conversations/{uuid.uuid4()}/join", {"invitation": token}), 404, "not_found")
    assert Invitation.objects.get().uses == 0


def test_who_is_in_already_does_not_use_it_up(api, tea):
    bob, made = person(), invite(api, tea, max_uses=2)
    accept(bob, made["token"])
    for answer in (accept(bob, made["token"]), join(bob, tea, made["token"])):
        assert_refused(answer, 409, "already_participant")
    assert Invitation.objects.get().uses == 1


def test_a_refusal_for_any_other_reason_uses_nothing_up(api, ada, tea):
    token = invite(api, tea)["token"]
    banned, late = person(), person()
    moderation.participant_ban(actor=ada, conversation_id=tea.pk, participant_id=banned.pk)
    for answer in (accept(banned, token), join(banned, tea, token)):
        assert_refused(answer, 403, "banned")
    Conversation.objects.filter(pk=tea.pk).update(max_participants=1)
    for answer in (accept(late, token), join(late, tea, token), as_guest(token)):
        assert answer.status_code in {403, 429}
    assert_refused(accept(late, token), 429, "capacity_reached", limit=1)
    api.patch(f"conversations/{tea.pk}", {"archived": True})
    for answer in (accept(late, token), join(late, tea, token)):
        assert_refused(answer, 403, "archived")
    assert Invitation.objects.get().uses == 0


@pytest.mark.parametrize("how", ["used up", "expired", "revoked"])
def test_one_that_is_over_lets_nobody_in(api, tea, how):
    made = invite(api, tea, max_uses=1, allow_guests=True)
    row = Invitation.objects.filter(pk=made["id"])
    if how == "used up":
        assert accept(person(), made["token"]).status_code == 200
    elif how == "expired":
        row.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        assert api.delete(f"conversations/{tea.pk}/invitations/{made['id']}").status_code == 204
    before, bob = tea.memberships.count(), person()
    for answer in (nobody().get(f"invitations/{made['token']}"), accept(bob, made["token"]),
                   join(bob, tea, made["token"]), as_guest(made["token"])):  # fmt: skip
        assert_refused(answer, *GONE)
    assert api.get(f"conversations/{tea.pk}/invitations").json()["total"] == 0
    assert tea.memberships.count() == before
    assert not Participant.objects.filter(kind="guest").exists()


def test_revoking_twice_is_fine_and_an_unknown_one_is_not_found(api, ada, tea):
    made, other = invite(api, tea), conversation_of(ada)
    for conversation in (other, tea, tea):
        answer = api.delete(f"conversations/{conversation.pk}/invitations/{made['id']}")
        assert answer.status_code == (404 if conversation is other else 204)
    assert_refused(api.delete(f"conversations/{tea.pk}/invitations/{uuid.uuid4()}"), 404, "not_found")


def test_whoever_came_by_it_stays_when_it_is_revoked_and_cannot_return_by_it(api, tea):
    bob, made = person(), invite(api, tea)
    accept(bob, made["token"])
    api.delete(f"conversations/{tea.pk}/invitations/{made['id']}")
    assert role_of(tea, bob) == "member"
    take_out(tea, bob)
    assert_refused(accept(bob, made["token"]), *GONE)


def test_it_goes_with_its_conversation(api, ada, tea):
    token = invite(api, tea)["token"]
    conversation_delete(actor=ada, conversation_id=tea.pk)
    assert_refused(nobody().get(f"invitations/{token}"), 404, "not_found")
    assert_refused(accept(person(), token), 404, "not_found")


def test_accepting_as_somebody_else_is_refused(api, tea):
    token = invite(api, tea)["token"]
    answer = client_of(person()).post(f"invitations/{token}/accept", {"participant_id": str(person().pk)})
    assert_refused(answer, 403, "sender_mismatch")
