"""The audit log: each deed leaves one row, refusals leave theirs, and no row is ever changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import structlog
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from conversations.models import Conversation, Invitation
from conversations.policy import Standing
from conversations.services import administration, conversations, invitations, memberships, messages, moderation, sends
from participants import addresses, audit, services
from participants.audit import Action, retention
from participants.errors import ChatError, Forbidden, LimitExceeded, NotAuthenticated
from participants.models import AuditEvent, AuditIsAppendOnly, Participant
from realtime.handshake import Handshake
from tests.personas import PASSWORD, agent, bring_in, client_of, conversation_of, nobody, person, say

pytestmark = pytest.mark.django_db


@dataclass
class World:
    """What the deeds are done with."""

    owner: Participant
    member: Participant
    conversation: Conversation
    boss: Participant
    settings: Any

    @property
    def about(self) -> dict[str, Any]:
        return {"actor": self.owner, "conversation_id": self.conversation.pk}

    def of(self, who: Participant) -> dict[str, Any]:
        return self.about | {"participant_id": who.pk}

    def update(self, **changes: Any) -> None:
        conversations.conversation_update(**self.about, **changes)

    def invite(self) -> tuple[Invitation, str]:
        return invitations.invitation_create(**self.about)

    def admin(self, method: str, path: str, **fields: Any) -> Any:
        browser = Client(headers={"accept": "text/html"})
        browser.force_login(self.boss)
        answer = getattr(browser, method)(f"/admin/{path}", fields)
        assert answer.status_code in (200, 302), answer.text
        return answer


@pytest.fixture
def world(settings: Any) -> World:
    owner, member = person(password=PASSWORD), person(password=PASSWORD)
    boss = person(is_staff=True, is_superuser=True)
    return World(owner, member, conversation_of(owner, member), boss, settings)


def refresh_twice(world: World) -> None:
    pair = services.token_issue(participant=world.owner)
    services.token_refresh(refresh=pair["refresh"])
    with pytest.raises(NotAuthenticated):
        services.token_refresh(refresh=pair["refresh"])


def lock_out(world: World) -> None:
    world.settings.CHAT_RATE_LIMITS, world.settings.CHAT_LIMIT_FAILURES = "on", "1/600"
    for refusal in (NotAuthenticated, LimitExceeded, LimitExceeded):
        with pytest.raises(refusal):
            sign_in(world, "a wrong guess")


def sign_in(world: World, password: str) -> None:
    services.token_obtain(username=world.owner.username, password=password, address=str(uuid4()))


def fail_to_sign_in(world: World) -> None:
    with pytest.raises(NotAuthenticated):
        sign_in(world, "a wrong guess")


def exceed(world: World) -> None:
    world.settings.CHAT_RATE_LIMITS, world.settings.CHAT_LIMIT_CONVERSATIONS = "on", "1/600"
    conversation_of(world.member)
    for _ in range(3):
        with pytest.raises(LimitExceeded):
            conversation_of(world.member)


def deny(world: World) -> None:
    stranger = person()
    for _ in range(3):
        with pytest.raises(Forbidden):
            say(stranger, world.conversation)


def come_from_elsewhere(world: World) -> None:
    handshake = Handshake({"headers": [(b"origin", b"https://elsewhere.example")]})
    for _ in range(3):
        with pytest.raises(Forbidden):
            handshake._require_own_origin(world.owner)


def accept_invitation(world: World) -> None:
    invitations.invitation_accept(participant=person(), token=world.invite()[1])


def lift_ban(world: World) -> None:
    moderation.participant_ban(**world.of(world.member))
    moderation.ban_lift(**world.of(world.member))


def lift_mute(world: World) -> None:
    mute(world)
    moderation.mute_lift(**world.of(world.member))


def mute(world: World) -> None:
    moderation.participant_mute(**world.of(world.member), until=timezone.now() + timedelta(hours=1))


def revoke(world: World) -> None:
    invitation, _token = world.invite()
    for _ in range(2):
        invitations.invitation_revoke(**world.about, invitation_id=invitation.pk)


def trim(world: World) -> None:
    old_row(days=400)
    call_command("apply_audit_retention", verbosity=0)


def edit_account(world: World, **changes: Any) -> None:
    who = world.member
    fields = {"username": who.username, "display_name": who.display_name, "email": who.email} | changes
    world.admin("post", f"participants/participant/{who.pk}/change/", **fields)


def role_of(world: World, role: str) -> None:
    memberships.role_change(**world.of(world.member), role=Standing(role))


def turn_on(who: Participant) -> totp.TOTP:
    return totp.TOTP.activate(who, totp.generate_totp_secret())


def turn_off(world: World) -> None:
    """Over the pages, codes and all."""
    turn_on(world.owner)
    RecoveryCodes.activate(world.owner)
    browser = Client(headers={"accept": "text/html"})
    browser.force_login(world.owner)
    browser.post("/account/confirm", {"password": PASSWORD})
    assert browser.post("/account/codes/app/off").status_code == 302


def twice(world: World, field: str) -> None:
    world.update(**{field: True})
    world.update(**{field: False})


DEEDS: dict[Action, Callable[[World], Any]] = {
    Action.ACCOUNT_CREATED: lambda w: services.participant_register(
        username=f"new{w.owner.username}", password=PASSWORD
    ),
    Action.ACCOUNT_CLOSED: lambda w: services.account_close(participant=w.owner),
    Action.ACCOUNT_DEACTIVATED: edit_account,
    Action.ACCOUNT_ACTIVATED: lambda w: services.account_activate(by=w.boss, participant=w.member),
    Action.POWERS_CHANGED: lambda w: edit_account(w, is_active="on", is_staff="on"),
    Action.PASSWORD_CHANGED: lambda w: services.password_change(
        participant=w.owner, old=PASSWORD, new="a-quite-different-sentence"
    ),
    Action.EMAIL_CHANGED: lambda w: services.profile_update(participant=w.owner, email="someone@example.org"),
    Action.SIGNED_IN: lambda w: sign_in(w, PASSWORD),
    Action.SIGN_IN_FAILED: fail_to_sign_in,
    Action.SIGN_IN_LOCKED: lock_out,
    Action.SIGNED_OUT: lambda w: services.token_logout(refresh=services.token_issue(participant=w.owner)["refresh"]),
    Action.SIGN_IN_ENDED: lambda w: services.sign_in_end(
        participant=w.owner, sign_in_id=services.sign_in_start(participant=w.owner).pk
    ),
    Action.SIGN_INS_ENDED: lambda w: [
        services.sign_in_start(participant=w.owner),
        services.sign_in_end_others(participant=w.owner, keep=None),
    ],
    Action.REFRESH_REUSED: refresh_twice,
    Action.GUEST_UPGRADED: lambda w: services.guest_upgrade(
        guest=services.guest_create(display_name="Gus"), username=f"gus{w.owner.username}", password=PASSWORD
    ),
    Action.SECOND_FACTOR_ON: lambda w: turn_on(w.owner),
    Action.SECOND_FACTOR_OFF: turn_off,
    Action.RECOVERY_CODES_MADE: lambda w: (turn_on(w.owner), RecoveryCodes.activate(w.owner)),
    Action.CONVERSATION_CREATED: lambda w: conversation_of(w.owner),
    Action.CONVERSATION_ARCHIVED: lambda w: w.update(archived=True),
    Action.CONVERSATION_UNARCHIVED: lambda w: twice(w, "archived"),
    Action.CONVERSATION_LOCKED: lambda w: w.update(locked=True),
    Action.CONVERSATION_UNLOCKED: lambda w: twice(w, "locked"),
    Action.CONVERSATION_DELETED: lambda w: conversations.conversation_delete(**w.about),
    Action.VISIBILITY_CHANGED: lambda w: w.update(visibility="public"),
    Action.HISTORY_CHANGED: lambda w: w.update(history="from_join"),
    Action.SETTINGS_CHANGED: lambda w: w.update(title="Coffee", slow_mode_s=3),
    Action.MEMBER_JOINED: accept_invitation,
    Action.MEMBER_ADDED: lambda w: memberships.participant_add(**w.about, participant=person()),
    Action.MEMBER_LEFT: lambda w: memberships.conversation_leave(
        participant=w.member, conversation_id=w.conversation.pk
    ),
    Action.MEMBER_REMOVED: lambda w: memberships.participant_remove(**w.of(w.member)),
    Action.MEMBER_BANNED: lambda w: [moderation.participant_ban(**w.of(w.member)) for _ in range(2)],
    Action.BAN_LIFTED: lift_ban,
    Action.MEMBER_MUTED: mute,
    Action.MUTE_LIFTED: lift_mute,
    Action.ROLE_CHANGED: lambda w: role_of(w, "moderator"),
    Action.OWNER_CHANGED: lambda w: role_of(w, "owner"),
    Action.AGENT_ADDED: lambda w: memberships.participant_add(**w.about, participant=agent()),
    Action.AGENT_REMOVED: lambda w: memberships.participant_remove(**w.of(bring_in(w.conversation, who=agent()))),
    Action.INVITATION_CREATED: lambda w: w.invite(),
    Action.INVITATION_USED: accept_invitation,
    Action.INVITATION_REVOKED: revoke,
    Action.MESSAGE_DELETED: lambda w: (
        [messages.message_delete(actor=who, message_id=say(who, w.conversation).pk) for who in (w.member, w.owner)]
        + [messages.message_delete(actor=w.owner, message_id=say(w.member, w.conversation).pk)]
    ),
    Action.LOG_EXPORTED: lambda w: client_of(w.member).get(f"conversations/{w.conversation.pk}/export"),
    Action.ANNOUNCED: lambda w: administration.announcement_send(
        by=w.boss, conversation_id=w.conversation.pk, content="We are closing."
    ),
    Action.CONTENT_VIEWED: lambda w: w.admin("get", f"conversations/event/{say(w.owner, w.conversation).pk}/change/"),
    Action.AUDIT_EXPORTED: lambda w: w.admin("get", "participants/auditevent/export/csv"),
    Action.AUDIT_TRIMMED: trim,
    Action.LIMIT_EXCEEDED: exceed,
    Action.ORIGIN_REFUSED: come_from_elsewhere,
    Action.PERMISSION_DENIED: deny,
}
REFUSALS = {
    Action.SIGN_IN_FAILED, Action.SIGN_IN_LOCKED, Action.REFRESH_REUSED,
    Action.LIMIT_EXCEEDED, Action.ORIGIN_REFUSED, Action.PERMISSION_DENIED,
}  # fmt: skip


def test_every_action_of_the_catalogue_has_its_deed_here() -> None:
    assert set(DEEDS) == set(Action)


@pytest.mark.parametrize("action", list(Action), ids=str)
def test_a_deed_leaves_one_row(world: World, action: Action) -> None:
    before = AuditEvent.objects.filter(action=action.value).count()
    DEEDS[action](world)
    rows = list(AuditEvent.objects.filter(action=action.value))
    assert len(rows) == before + 1
    assert rows[0].result == ("refused" if action in REFUSALS else "ok")


def test_a_second_factor_that_staff_take_away_is_their_deed(world: World) -> None:
    factor = turn_on(world.member).instance
    world.admin("post", f"mfa/authenticator/{factor.pk}/delete/", post="yes")
    row = AuditEvent.objects.get(action="second_factor_off")
    assert (row.actor, row.target) == (world.boss.pk, world.member.pk)


def test_a_row_says_who_did_what_to_whom_and_where(world: World) -> None:
    role_of(world, "observer")
    row = AuditEvent.objects.get(action="role_changed")
    assert (row.actor, row.target_kind, row.target) == (world.owner.pk, "participant", world.member.pk)
    assert row.conversation == world.conversation.pk
    assert row.data == {"before": "member", "after": "observer"}


def test_a_row_has_the_request_and_its_address(world: World) -> None:
    api = client_of(world.owner)
    api.client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    answer = api.delete(f"conversations/{world.conversation.pk}")
    row = AuditEvent.objects.get(action="conversation_deleted")
    assert (row.request_id, row.address) == (answer.headers["X-Request-ID"], "198.51.100.7")


def test_a_row_of_a_socket_has_its_connection_and_address(world: World) -> None:
    scope = {"client": ("2001:db8::7", 1), "headers": [(b"x-forwarded-for", b"203.0.113.1")]}
    token = addresses.current.set(addresses.of_socket(scope))
    try:
        with structlog.contextvars.bound_contextvars(connection_id="c" * 32):
            mute(world)
    finally:
        addresses.current.reset(token)
    row = AuditEvent.objects.get(action="member_muted")
    assert (row.request_id, row.address) == ("c" * 32, "2001:db8::7")


@pytest.mark.parametrize("raw", ["", "unknown", "Robert'); DROP", "1.2.3.4.5"])
def test_what_is_no_address_is_not_kept(world: World, raw: str) -> None:
    token = addresses.current.set(raw)
    audit.record(Action.SIGNED_OUT, actor=world.owner)
    addresses.current.reset(token)
    assert AuditEvent.objects.latest("id").address == ""


@pytest.mark.parametrize("words", ["Ada Lovelace", "someone@example.org", "x" * 65, {"a": 1}, 1.5])
def test_somebodys_words_are_no_data(world: World, words: Any) -> None:
    with pytest.raises(ValueError, match="ids, codes"):
        audit.record(Action.SETTINGS_CHANGED, actor=world.owner, note=words)


def test_a_session_leaves_no_name_no_body_and_no_token(world: World) -> None:
    secrets = ["Zebedee", "zebedee@example.org", "marmalade", "dressing-gown", "Roundabout", "wrong-guess", PASSWORD]
    made = nobody().post(
        "auth/register",
        {"username": "Zebedee", "password": PASSWORD, "email": "zebedee@example.org", "display_name": "Zebedee Spring"},
    )
    assert made.status_code == 201
    tokens = made.json()
    secrets += [tokens["access"], tokens["refresh"]]
    api = client_of(Participant.objects.get(username="Zebedee"))
    room = api.post("conversations", {"title": "Roundabout", "description": "marmalade"}).json()["id"]
    api.post(f"conversations/{room}/messages", {"content": "dressing-gown"})
    invitation = api.post(f"conversations/{room}/invitations", {}).json()
    secrets.append(invitation["token"])
    client_of(world.member).post(f"invitations/{invitation['token']}/accept")
    api.patch(f"conversations/{room}", {"title": "marmalade", "visibility": "public"})
    api.patch("me", {"email": "other-zebedee@example.org", "display_name": "Zebedee again"})
    nobody().post("auth/token", {"username": "Zebedee", "password": "wrong-guess"})
    nobody().post("auth/token", {"username": "wrong-guess", "password": "wrong-guess"})
    client_of(person()).post(f"conversations/{world.conversation.pk}/messages", {"content": "dressing-gown"})
    assert nobody().post("auth/logout", {"refresh": tokens["refresh"]}).status_code == 205
    rows = list(AuditEvent.objects.values())
    assert {"account_created", "invitation_used", "sign_in_failed", "permission_denied", "signed_out"} <= {
        row["action"] for row in rows
    }
    dump = str(rows).lower()
    assert [secret for secret in secrets if secret.lower() in dump] == []
    assert all(row["request_id"] for row in rows if row["address"])


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_noted_though_the_command_rolled_back() -> None:
    owner = person()
    conversation, outsider = conversation_of(owner), person()
    with pytest.raises(Forbidden):
        moderation.participant_ban(actor=outsider, conversation_id=conversation.pk, participant_id=owner.pk)
    row = AuditEvent.objects.get(action="permission_denied")
    assert (row.actor, row.conversation, row.result) == (outsider.pk, conversation.pk, "refused")
    assert row.data == {"command": "participant_ban", "code": "not_a_participant"}


@pytest.mark.django_db(transaction=True)
def test_a_deed_that_is_rolled_back_leaves_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = conversation_of(person())
    _invitation, token = invitations.invitation_create(
        actor=conversation.memberships.get().participant, conversation_id=conversation.pk
    )
    before = AuditEvent.objects.count()
    monkeypatch.setattr(Invitation, "save", lambda *args, **kwargs: 1 / 0)
    newcomer = person()
    with pytest.raises(ZeroDivisionError):
        invitations.invitation_accept(participant=newcomer, token=token)
    assert AuditEvent.objects.count() == before


def test_the_same_refusal_is_noted_once_and_another_one_again(world: World) -> None:
    stranger, elsewhere = person(), conversation_of(person())
    for _ in range(20):
        for conversation in (world.conversation, elsewhere):
            assert client_of(stranger).get(f"conversations/{conversation.pk}/messages").status_code == 403
    rows = AuditEvent.objects.filter(action="permission_denied")
    assert {row.conversation for row in rows} == {world.conversation.pk, elsewhere.pk}
    assert len(rows) == 2


def test_failing_to_note_a_refusal_does_not_hide_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("no space left")

    monkeypatch.setattr("participants.audit.recording.record", broken)
    with pytest.raises(ChatError) as refusal:
        sends.message_send(author=person(), conversation_id=world.conversation.pk, content="hello")
    assert refusal.value.code == "not_a_participant"


def test_a_deed_that_cannot_be_noted_is_not_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("no space left")

    monkeypatch.setattr(AuditEvent.objects, "bulk_create", broken)
    monkeypatch.setattr("participants.models.AuditEventQuerySet.bulk_create", broken)
    with pytest.raises(DatabaseError), transaction.atomic():
        world.update(locked=True)
    world.conversation.refresh_from_db()
    assert not world.conversation.locked


# --- append-only ------------------------------------------------------------------------------------------------------

AGAIN = "INSERT INTO participants_auditevent SELECT * FROM participants_auditevent WHERE true"
STATEMENTS = {
    "update": "UPDATE participants_auditevent SET action = 'x'",
    "delete": "DELETE FROM participants_auditevent",
    "upsert": f"{AGAIN} ON CONFLICT (id) DO UPDATE SET action = 'x'",
}
if connection.vendor == "postgresql":
    STATEMENTS["truncate"] = "TRUNCATE participants_auditevent"
else:
    STATEMENTS["replace"] = AGAIN.replace("INSERT", "INSERT OR REPLACE")


def old_row(days: int, **fields: Any) -> AuditEvent:
    return AuditEvent.objects.create(action="signed_in", at=timezone.now() - timedelta(days=days), **fields)


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=list(STATEMENTS))
def test_sql_cannot_change_a_row(statement: str) -> None:
    row = old_row(0)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEvent.objects.get(pk=row.pk).action == "signed_in"


CHANGES: dict[str, Callable[[AuditEvent], Any]] = {
    "save": lambda row: row.save(),
    "delete": lambda row: row.delete(),
    "queryset update": lambda row: AuditEvent.objects.filter(pk=row.pk).update(action="x"),
    "queryset delete": lambda row: AuditEvent.objects.all().delete(),
    "bulk update": lambda row: AuditEvent.objects.bulk_update([row], ["action"]),
    "update or create": lambda row: AuditEvent.objects.update_or_create({"action": "x"}, pk=row.pk),
    "base manager": lambda row: AuditEvent._base_manager.filter(pk=row.pk).update(action="x"),
    "raw delete": lambda row: AuditEvent.objects.all()._raw_delete("default"),
    "another object": lambda row: AuditEvent(pk=row.pk, action="x").save(),
    "bulk create over it": lambda row: AuditEvent.objects.bulk_create(
        [AuditEvent(pk=row.pk, action="x")], update_conflicts=True, unique_fields=["id"], update_fields=["action"]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_django_cannot_change_a_row(change: Callable[[AuditEvent], Any]) -> None:
    row = old_row(0)
    with pytest.raises((AuditIsAppendOnly, DatabaseError), match="append-only"), transaction.atomic():
        change(row)
    assert AuditEvent.objects.get(pk=row.pk).action == "signed_in"


def test_maintenance_ends_with_its_block() -> None:
    old_row(0)
    with retention.maintenance(), connection.cursor() as cursor:
        cursor.execute(STATEMENTS["update"])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STATEMENTS["delete"])


@pytest.mark.django_db(transaction=True)
def test_maintenance_that_fails_ends_too() -> None:
    old_row(0)
    with pytest.raises(ZeroDivisionError), retention.maintenance():
        raise ZeroDivisionError
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(STATEMENTS["delete"])
    assert AuditEvent.objects.count() == 1


# --- retention --------------------------------------------------------------------------------------------------------


def test_rows_go_after_a_year_and_addresses_are_shortened_after_a_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    gone = [old_row(366, address="192.0.2.1") for _ in range(5)]
    kept = [
        old_row(364, address="192.0.2.77"),
        old_row(31, address="192.0.2.77"),
        old_row(31, address="2001:db8:1:2::3"),
        old_row(31),
        old_row(29, address="192.0.2.77"),
    ]
    assert retention.retention_apply() == (5, 3)
    assert not AuditEvent.objects.filter(pk__in=[row.pk for row in gone]).exists()
    after = AuditEvent.objects.in_bulk([row.pk for row in kept])
    assert [after[row.pk].address for row in kept] == [
        "192.0.2.0/24", "192.0.2.0/24", "2001:db8:1::/48", "", "192.0.2.77",
    ]  # fmt: skip
    trimmed = AuditEvent.objects.get(action="audit_trimmed")
    assert trimmed.data == {"deleted": 5, "shortened": 3}
    assert retention.retention_apply() == (0, 0)
    assert AuditEvent.objects.filter(action="audit_trimmed").count() == 1
