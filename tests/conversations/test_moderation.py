"""Keeping order over REST: bans, mutes, slow mode, locks and archives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F, QuerySet
from django.utils import timezone

from conversations.models import Ban, Conversation, Event, Membership
from participants.models import Participant
from tests.contract.shapes import assert_refused
from tests.conversations.inviting import accept, invite, join
from tests.personas import (
    Api,
    bring_in,
    client_of,
    conversation_of,
    entries_of,
    person,
    role_of,
    say,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Participant:
    return person()


@pytest.fixture
def api(ada: Participant) -> Api:
    return client_of(ada)


@pytest.fixture
def tea(ada: Participant) -> Conversation:
    return conversation_of(ada, visibility="public")


@pytest.fixture
def bob(tea: Conversation) -> Participant:
    return bring_in(tea)


def ban(api: Api, conversation: Conversation, who: Participant) -> Any:
    return api.send("PUT", f"conversations/{conversation.pk}/bans/{who.pk}")


def mute(api: Api, conversation: Conversation, who: Participant, until: Any) -> Any:
    return api.send("PUT", f"conversations/{conversation.pk}/mutes/{who.pk}", {"until": until})


def send(who: Participant, conversation: Conversation, **fields: Any) -> Any:
    return client_of(who).post(f"conversations/{conversation.pk}/messages", {"content": "hi", **fields})


def kinds(conversation: Conversation) -> list[str]:
    """Types of the entries, those about the conversation's mode left out."""
    return [
        entry.type
        for entry in entries_of(conversation)
        if entry.type != "conversation_updated" or entry.data["changes"].keys() != {"mode"}
    ]


# --- bans -------------------------------------------------------------------------------------------------------------


def test_a_ban_takes_a_member_out_and_says_so(api, ada, tea, bob):
    answer = ban(api, tea, bob)
    assert answer.status_code == 200
    assert answer.json()["participant"]["id"] == str(bob.pk)
    assert role_of(tea, bob) is None
    left = next(entry for entry in entries_of(tea) if entry.type == "participant_left")
    assert (left.subject, left.author, left.data) == (bob, ada, {"reason": "banned", "participant_count": 1})
    for below in ("", "/messages", "/events", "/participants"):
        assert_refused(client_of(bob).get(f"conversations/{tea.pk}{below}"), 403, "not_a_participant")
    assert_refused(send(bob, tea), 403, "not_a_participant")


def test_a_ban_of_somebody_outside_makes_no_entry(api, tea):
    before = kinds(tea)
    outsider = person()
    assert ban(api, tea, outsider).status_code == 200
    assert kinds(tea) == before
    assert_refused(client_of(outsider).post(f"conversations/{tea.pk}/join"), 403, "banned")


def test_who_is_banned_cannot_come_back_by_any_way(api, tea, bob):
    token = invite(api, tea)["token"]
    ban(api, tea, bob)
    for answer in (
        client_of(bob).post(f"conversations/{tea.pk}/join"),
        client_of(bob).post(f"/chat/{tea.pk}/join"),
        join(bob, tea, token),
        accept(bob, token),
        api.post(f"conversations/{tea.pk}/participants", {"participant": str(bob.pk)}),
        api.post(f"conversations/{tea.pk}/participants", {"participant": bob.username, "role": "observer"}),
    ):
        assert_refused(answer, 403, "banned")
    assert role_of(tea, bob) is None


def test_a_ban_ends_by_being_lifted_once(api, tea, bob):
    ban(api, tea, bob)
    path = f"conversations/{tea.pk}/bans/{bob.pk}"
    assert api.delete(path).status_code == 204
    assert_refused(api.delete(path), 404, "not_found")
    assert role_of(tea, bob) is None
    assert client_of(bob).post(f"conversations/{tea.pk}/join").status_code == 200


def test_banning_twice_is_one_ban_and_one_entry(api, tea, bob):
    first, second = ban(api, tea, bob), ban(api, tea, bob)
    assert first.json()["created_at"] == second.json()["created_at"]
    assert kinds(tea).count("participant_left") == Ban.objects.count() == 1


def test_a_ban_holds_in_its_own_conversation_alone(api, ada, tea, bob):
    other = conversation_of(ada, visibility="public")
    ban(api, tea, bob)
    assert client_of(bob).post(f"conversations/{other.pk}/join").status_code == 200


def test_nobody_bans_themselves_or_somebody_unknown(api, ada, tea):
    assert_refused(ban(api, tea, ada), 400, "validation_error", errors=[
        {"field": "participant", "code": "invalid", "detail": "You cannot do this to yourself."}
    ])  # fmt: skip
    assert_refused(api.send("PUT", f"conversations/{tea.pk}/bans/{tea.pk}"), 404, "not_found")


def test_an_admin_bans_no_owner_and_no_other_admin(tea, ada):
    admin = client_of(bring_in(tea, "admin"))
    for other in (ada, bring_in(tea, "admin")):
        assert_refused(ban(admin, tea, other), 403, "role_too_low")
        assert not Ban.objects.exists()


# --- mutes ------------------------------------------------------------------------------------------------------------


def test_a_muted_member_reads_and_does_not_write_until_the_time(api, tea, bob):
    until = timezone.now() + timedelta(hours=1)
    answer = mute(api, tea, bob, until.isoformat())
    assert answer.status_code == 200
    assert answer.json()["participant_id"] == str(bob.pk)
    assert datetime.fromisoformat(answer.json()["until"]) == until
    before = len(entries_of(tea))
    assert_refused(send(bob, tea), 403, "muted")
    assert client_of(bob).get(f"conversations/{tea.pk}/messages").status_code == 200
    assert client_of(bob).post(f"conversations/{tea.pk}/read", {"sequence_id": 1}).status_code == 200
    assert len(entries_of(tea)) == before  # neither the mute nor what it held back


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_a_mute_is_over_at_its_time_by_itself(api, tea, bob, ago):
    mute(api, tea, bob, (timezone.now() + timedelta(hours=1)).isoformat())
    Membership.objects.filter(participant=bob).update(muted_until=timezone.now() - ago)
    assert send(bob, tea).status_code == 201


def test_a_mute_can_end_far_away_and_in_any_zone(api, tea, bob):
    assert mute(api, tea, bob, "9999-12-31T23:59:59Z").json()["until"] == "9999-12-31T23:59:59Z"
    soon = (timezone.now() + timedelta(minutes=5)).replace(microsecond=0)
    assert mute(api, tea, bob, soon.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")).status_code == 200
    assert Membership.objects.get(participant=bob).muted_until == soon


@pytest.mark.parametrize("until", [None, "", "soon", 5, "2026-13-01T00:00:00Z"])
def test_a_mute_needs_a_time(api, tea, bob, until):
    assert_refused(mute(api, tea, bob, until), 400, "validation_error", errors=_any_errors())
    assert Membership.objects.get(participant=bob).muted_until is None


class _any_errors:  # noqa: N801 - reads as a value
    """Equal to any list of field errors about ``until``."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and [error["field"] for error in other] == ["until"]

    __hash__ = None  # type: ignore[assignment]


def test_a_mute_is_lifted_and_lifting_twice_is_fine(api, tea, bob):
    mute(api, tea, bob, "9999-01-01T00:00:00Z")
    for _ in range(2):
        assert api.delete(f"conversations/{tea.pk}/mutes/{bob.pk}").status_code == 204
    assert send(bob, tea).status_code == 201


def test_a_moderator_mutes_members_and_nobody_above(tea, ada, bob):
    moderator = client_of(mods := bring_in(tea, "moderator"))
    assert mute(moderator, tea, bob, "9999-01-01T00:00:00Z").status_code == 200
    for other in (ada, bring_in(tea, "admin"), bring_in(tea, "moderator")):
        assert_refused(mute(moderator, tea, other, "9999-01-01T00:00:00Z"), 403, "role_too_low")
    assert mute(moderator, tea, mods, "9999-01-01T00:00:00Z").status_code == 400
    assert_refused(mute(moderator, tea, person(), "9999-01-01T00:00:00Z"), 404, "not_found")


# --- slow mode, lock, archive -----------------------------------------------------------------------------------------


def backdate(event: Event, **ago: int) -> None:
    """Make a message older, which nothing in the product does."""
    QuerySet(Event).filter(pk=event.pk).update(created_at=F("created_at") - timedelta(**ago))


def test_slow_mode_takes_one_message_in_its_time(api, tea, bob):
    assert api.patch(f"conversations/{tea.pk}", {"slow_mode_s": 60}).json()["slow_mode_s"] == 60
    first = say(bob, tea)
    problem = assert_refused(send(bob, tea), 429, "slow_mode")
    assert 55 <= problem["retry_after"] <= 60
    assert send(bring_in(tea), tea).status_code == 201  # each has their own time
    backdate(first, seconds=59)
    assert assert_refused(send(bob, tea), 429, "slow_mode")["retry_after"] <= 1
    backdate(first, seconds=2)
    assert send(bob, tea).status_code == 201


def test_in_slow_mode_a_repeated_send_gets_its_first_answer(api, tea, bob):
    api.patch(f"conversations/{tea.pk}", {"slow_mode_s": 21_600})
    first = send(bob, tea, message_id="k")
    again = send(bob, tea, message_id="k")
    assert (first.status_code, again.status_code, again.json()["duplicate"]) == (201, 200, True)


@pytest.mark.parametrize("role", ["moderator", "admin"])
def test_moderators_and_above_write_at_any_pace(api, tea, role):
    api.patch(f"conversations/{tea.pk}", {"slow_mode_s": 21_600})
    who = bring_in(tea, role)
    assert [send(who, tea).status_code for _ in range(3)] == [201] * 3


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (1, 200), (21_600, 200), (21_601, 400), (-1, 400)])
def test_slow_mode_goes_to_six_hours(api, tea, seconds, status):
    assert api.patch(f"conversations/{tea.pk}", {"slow_mode_s": seconds}).status_code == status


def test_who_may_not_write_at_all_is_told_that_and_not_to_wait(api, tea, bob):
    say(bob, tea)
    api.patch(f"conversations/{tea.pk}", {"slow_mode_s": 60, "locked": True})
    assert_refused(send(bob, tea), 403, "locked")


def test_a_locked_conversation_takes_messages_from_moderators_up(api, tea, bob):
    moderator = bring_in(tea, "moderator")
    assert client_of(moderator).patch(f"conversations/{tea.pk}", {"locked": True}).json()["locked"] is True
    assert entries_of(tea)[-1].data == {"changes": {"locked": True}}
    assert_refused(send(bob, tea), 403, "locked")
    assert send(moderator, tea).status_code == 201
    assert client_of(moderator).patch(f"conversations/{tea.pk}", {"locked": False}).status_code == 200
    assert send(bob, tea).status_code == 201


def test_an_archived_conversation_is_read_only_for_everybody_until_it_is_reopened(api, ada, tea, bob):
    message = say(bob, tea)
    assert api.patch(f"conversations/{tea.pk}", {"archived": True}).json()["archived_at"] is not None
    for who in (ada, bob):
        assert_refused(send(who, tea), 403, "archived")
        assert client_of(who).get(f"messages/{message.pk}").status_code == 200
    assert_refused(client_of(person()).post(f"conversations/{tea.pk}/join"), 403, "archived")
    assert api.patch(f"conversations/{tea.pk}", {"archived": False}).json()["archived_at"] is None
    assert send(bob, tea).status_code == 201
