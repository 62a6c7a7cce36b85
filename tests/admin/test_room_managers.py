"""What managers of rooms do in the admin: invitations, bans, actions, figures; and how they come in."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from conversations import selectors
from conversations.models import Ban, Conversation, Event, Membership
from conversations.services import invitations, moderation
from participants import services
from participants.models import AuditEvent, Participant, SignIn
from tests.admin.conftest import MakeStaff, signed_in
from tests.admin.test_conversations import form_of, page_of
from tests.personas import PASSWORD, bring_in, conversation_of, person, role_of

CONVERSATIONS = "/admin/conversations/conversation/"
MEMBERS = "/admin/conversations/membership/"


@pytest.fixture
def owner(db: None) -> Participant:
    return person()


@pytest.fixture
def conversation(owner: Participant) -> Conversation:
    return conversation_of(owner, person())


def act(browser: Client, address: str, action: str, *rows: Any) -> str:
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    answer = browser.post(address, chosen, follow=True)
    assert answer.status_code == 200
    return str(answer.text)


def actions_by(somebody: Participant) -> list[str]:
    return list(AuditEvent.objects.filter(actor=somebody.pk).order_by("id").values_list("action", flat=True))


def test_logs_are_checked_by_an_action(admin_page: Client, conversation: Conversation) -> None:
    assert "the log adds up" in act(admin_page, CONVERSATIONS, "verify", conversation)
    QuerySet.update(Event.objects.filter(conversation=conversation, sequence=1), commitment="0" * 64)
    assert "1: its digest does not follow" in act(admin_page, CONVERSATIONS, "verify", conversation)


def test_conversations_are_archived_and_locked_by_actions(
    admin_page: Client, superuser: Participant, conversation: Conversation
) -> None:
    other = conversation_of(person())
    for action in ("archive", "unarchive", "lock", "unlock"):
        act(admin_page, CONVERSATIONS, action, conversation, other)
    for each in (conversation, other):
        entries = Event.objects.filter(conversation=each, type="conversation_updated").order_by("sequence")
        assert [entry.data["changes"] for entry in entries] == [
            {"archived": True}, {"archived": False}, {"locked": True}, {"locked": False},
        ]  # fmt: skip
        assert {entry.author for entry in entries} == {superuser}
    done = AuditEvent.objects.filter(actor=superuser.pk, conversation=conversation.pk).order_by("id")
    assert list(done.values_list("action", flat=True)) == [
        "conversation_archived", "conversation_unarchived", "conversation_locked", "conversation_unlocked",
    ]  # fmt: skip


def test_members_are_removed_and_banned_by_actions(admin_page: Client, conversation: Conversation) -> None:
    removed, banned = bring_in(conversation), bring_in(conversation)
    rows = {row.participant: row for row in Membership.objects.filter(conversation=conversation)}
    act(admin_page, MEMBERS, "remove", rows[removed])
    act(admin_page, MEMBERS, "ban", rows[banned])
    assert role_of(conversation, removed) is role_of(conversation, banned) is None
    assert list(Ban.objects.values_list("participant", flat=True)) == [banned.pk]
    left = Event.objects.filter(conversation=conversation, type="participant_left").order_by("sequence")
    assert [(entry.subject, entry.data["reason"]) for entry in left] == [(removed, "removed"), (banned, "banned")]


def test_closing_sockets_ends_all_sign_ins_but_not_those_of_staff(
    staff_with: MakeStaff, conversation: Conversation, owner: Participant
) -> None:
    manager = staff_with("conversations.view_membership", "participants.change_signin")
    boss = bring_in(conversation, who=person(is_staff=True))
    for somebody in (owner, boss):
        services.sign_in_start(participant=somebody)
    act(signed_in(manager), MEMBERS, "sign_out", *Membership.objects.filter(conversation=conversation))
    assert not SignIn.objects.live().filter(participant=owner).exists()
    assert SignIn.objects.live().filter(participant=boss).exists()
    assert "sign_ins_ended" in actions_by(manager)


def test_actions_take_their_rights(staff_with: MakeStaff, conversation: Conversation, owner: Participant) -> None:
    services.sign_in_start(participant=owner)
    viewer = signed_in(staff_with("conversations.view_membership", "conversations.view_conversation"))
    rows = Membership.objects.filter(conversation=conversation)
    for action in ("remove", "ban", "sign_out"):
        act(viewer, MEMBERS, action, *rows)
    act(viewer, CONVERSATIONS, "lock", conversation)
    conversation.refresh_from_db()
    assert rows.count() == 2
    assert not conversation.locked
    assert SignIn.objects.live().filter(participant=owner).exists()


def test_invitations_are_revoked_and_bans_lifted_on_the_page(
    admin_page: Client, superuser: Participant, conversation: Conversation, owner: Participant
) -> None:
    about: dict[str, Any] = {"actor": owner, "conversation_id": conversation.pk}
    invitation, token = invitations.invitation_create(**about)
    outcast, next_one = person(), person()
    ban = moderation.participant_ban(**about, participant_id=outcast.pk)
    page = admin_page.get(page_of(conversation))
    assert page.status_code == 200
    assert outcast.username in page.text
    assert token not in page.text
    assert invitation.digest not in page.text
    form = form_of(conversation) | {
        "invitations-TOTAL_FORMS": 1, "invitations-INITIAL_FORMS": 1, "invitations-0-id": invitation.pk,
        "invitations-0-conversation": conversation.pk, "invitations-0-DELETE": "on",
        "bans-TOTAL_FORMS": 1, "bans-INITIAL_FORMS": 1, "bans-0-id": ban.pk, "bans-0-conversation": conversation.pk,
        "bans-0-DELETE": "on",
        "bans-2-TOTAL_FORMS": 1, "bans-2-0-conversation": conversation.pk, "bans-2-0-participant": next_one.pk,
    }  # fmt: skip
    answer = admin_page.post(page_of(conversation), form)
    assert answer.status_code == 302, answer.text
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None
    assert list(Ban.objects.values_list("participant", "by")) == [(next_one.pk, superuser.pk)]
    assert {"invitation_revoked", "ban_lifted", "member_banned"} <= set(actions_by(superuser))


# --- coming in --------------------------------------------------------------------------------------------------------


def test_the_admin_has_the_sign_in_of_the_pages(db: None) -> None:
    boss = person(is_staff=True, is_superuser=True, password=PASSWORD)
    browser = Client(headers={"accept": "text/html"})
    asked = browser.get("/admin/", follow=True)
    assert asked.redirect_chain[-1][0] == "/sign-in?next=/admin/"
    posted = {"username": boss.username, "password": PASSWORD, "next": "/admin/"}
    assert browser.post("/sign-in", posted).headers["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/admin/login/").headers["Location"] == "/admin/"


def test_no_password_is_taken_past_the_limits(db: None) -> None:
    boss = person(is_staff=True, is_superuser=True, password=PASSWORD)
    browser = Client(headers={"accept": "text/html"})
    browser.post("/admin/login/?next=/admin/", {"username": boss.username, "password": PASSWORD, "next": "/admin/"})
    assert browser.get("/admin/").status_code == 302


def test_whoever_is_signed_in_and_no_staff_is_refused(owner: Participant) -> None:
    assert signed_in(owner).get("/admin/login/?next=/admin/").status_code == 403


# --- figures ----------------------------------------------------------------------------------------------------------


def messages_at(conversation: Conversation, author: Participant, minutes_ago: list[int]) -> None:
    now = timezone.now()
    Event.objects.bulk_create(
        Event(
            conversation=conversation, sequence=1000 + number, type="message", author=author, content="hello",
            message_id=str(number), created_at=now - timedelta(minutes=ago),
        )
        for number, ago in enumerate(minutes_ago)
    )  # fmt: skip


def test_the_first_page_shows_what_goes_on(admin_page: Client, conversation: Conversation, owner: Participant) -> None:
    messages_at(conversation, owner, [1, 1, 1, 30, 90])
    page = admin_page.get("/admin/")
    figures = page.context["figures"]
    assert (figures.conversations, figures.last_minute, figures.last_hour) == (1, 3, 4)
    assert [(bar.x, bar.height, bar.number) for bar in figures.bars if bar.number] == [(290, 20, 1), (580, 60, 3)]
    plot = page.text.split('id="figures"')[1].split("<svg")[1].split("</svg>")[0]
    assert plot.count("<title>") == 2
    assert "style=" not in plot
    assert "<script" not in plot


def test_the_plot_is_one_indexed_query(conversation: Conversation, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1) as captured:
        assert sum(selectors.messages_by_minute(timezone.now(), minutes=60)) == 0
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + captured.captured_queries[0]["sql"])
            assert "event_said_at" in str(cursor.fetchall())


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [5_000, pytest.param(100_000, marks=pytest.mark.slow)], ids=["fast", "as many as promised"]
)
@pytest.mark.parametrize(
    "path", ["", "conversations/event/", "conversations/conversation/", "participants/auditevent/"]
)
def test_pages_ask_little_however_much_there_is(
    admin_page: Client, owner: Participant, conversation: Conversation, django_assert_max_num_queries: Any,
    number: int, path: str,
) -> None:  # fmt: skip
    for start in range(0, number, 10_000):
        Event.objects.bulk_create(
            Event(conversation=conversation, sequence=start + 100 + n, type="message", author=owner, message_id=str(n))
            for n in range(start, min(start + 10_000, number))
        )
    AuditEvent.objects.bulk_create(AuditEvent(action="signed_in", actor=owner.pk) for _ in range(min(number, 5_000)))
    with django_assert_max_num_queries(20):
        assert admin_page.get(f"/admin/{path}").status_code == 200
    if path == "conversations/event/":
        with django_assert_max_num_queries(20):
            assert admin_page.get(f"/admin/{path}", {"q": str(conversation.pk)}).status_code == 200
