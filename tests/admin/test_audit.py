"""The audit log in the admin: read-only, filtered, exported; and what staff do is in it."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from conversations.models import Conversation
from participants import audit, services
from participants.audit import Action
from participants.models import AuditEvent, Participant
from tests.admin.conftest import PASSWORD, MakeStaff, signed_in
from tests.personas import conversation_of, person, say

LIST = "/admin/participants/auditevent/"


def rows(action: Action) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action.value))


def exported(browser: Client, form: str, **filters: str) -> str:
    answer = browser.get(f"{LIST}export/{form}", filters)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


@pytest.fixture
def conversation(db: None) -> Conversation:
    return conversation_of(person(), person())


def test_nobody_adds_changes_or_deletes_a_row(admin_page: Client, conversation: Conversation) -> None:
    row = rows(Action.CONVERSATION_CREATED)[0]
    assert admin_page.get(f"{LIST}{row.pk}/change/").status_code == 200
    for path in ("add/", f"{row.pk}/delete/", f"{row.pk}/change/"):
        assert admin_page.post(LIST + path, {"post": "yes", "action": "x"}).status_code == 403
    admin_page.post(LIST, {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"})
    assert AuditEvent.objects.filter(pk=row.pk).exists()


def test_the_log_takes_a_right_of_its_own(staff_with: MakeStaff) -> None:
    assert signed_in(staff_with("participants.view_participant")).get(LIST).status_code == 403
    assert signed_in(staff_with("participants.view_participant")).get(f"{LIST}export/csv").status_code == 403
    assert signed_in(staff_with("participants.view_auditevent")).get(LIST).status_code == 200


def test_rows_are_chosen_by_action_result_and_any_id(admin_page: Client, conversation: Conversation) -> None:
    other = conversation_of(person())
    owner = conversation.memberships.filter(role="owner").get().participant
    audit.refused(Action.PERMISSION_DENIED, actor=owner, conversation=other)
    for search in (conversation.pk, owner.pk):
        page = admin_page.get(LIST, {"q": str(search), "action": "conversation_created"}).text
        assert str(conversation.pk) in page
        assert str(other.pk) not in page
    refused = admin_page.get(LIST, {"result": "refused"}).text
    assert str(other.pk) in refused
    assert str(conversation.pk) not in refused


def test_export_has_what_the_filters_choose(admin_page: Client, conversation: Conversation) -> None:
    table = list(csv.DictReader(io.StringIO(exported(admin_page, "csv", action="conversation_created"))))
    assert [row["conversation"] for row in table] == [str(conversation.pk)]
    assert json.loads(table[0]["data"]) == {"visibility": "private", "history": "all"}
    lines = [json.loads(line) for line in exported(admin_page, "jsonl", q=str(conversation.pk)).splitlines()]
    assert {line["action"] for line in lines} == {"conversation_created", "member_joined", "member_added"}
    assert [row.data for row in rows(Action.AUDIT_EXPORTED)] == [{"format": "jsonl"}, {"format": "csv"}]


def test_export_goes_page_by_page(admin_page: Client, monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr("participants.audit_admin.PAGE", 7)
    AuditEvent.objects.bulk_create(AuditEvent(action="signed_out") for _ in range(30))
    lines = exported(admin_page, "jsonl", action="signed_out").splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert len(ids) == 30
    assert ids == sorted(ids, reverse=True)


def test_another_form_of_export_there_is_not(admin_page: Client) -> None:
    assert admin_page.get(f"{LIST}export/xml").status_code == 403


def test_reading_what_was_said_leaves_a_row_and_seeing_that_it_was_said_none(
    admin_page: Client, superuser: Participant, staff_with: MakeStaff, conversation: Conversation
) -> None:
    message = say(conversation.memberships.all()[0].participant, conversation, "secret")
    page = f"/admin/conversations/event/{message.pk}/change/"
    signed_in(staff_with("conversations.view_event")).get(page)
    assert rows(Action.CONTENT_VIEWED) == []
    admin_page.get(page)
    admin_page.get(page)
    found = rows(Action.CONTENT_VIEWED)
    assert [(row.actor, row.target, row.conversation) for row in found] == [
        (superuser.pk, message.pk, conversation.pk)
    ] * 2


def test_what_staff_do_to_accounts_is_theirs(admin_page: Client, superuser: Participant) -> None:
    somebody = person(password=PASSWORD)
    services.sign_in_start(participant=somebody)
    chosen: dict[str, Any] = {"_selected_action": [str(somebody.pk)], "index": "0"}
    admin_page.post("/admin/participants/participant/", chosen | {"action": "deactivate"})
    page = f"/admin/participants/participant/{somebody.pk}/"
    fields = {"username": somebody.username, "display_name": "Other", "email": "x@example.org", "is_active": "on"}
    admin_page.post(f"{page}change/", fields | {"is_staff": "on"})
    new = "another-long-pass-phrase"
    admin_page.post(f"{page}password/", {"usable_password": "true", "password1": new, "password2": new})
    by_staff = AuditEvent.objects.filter(actor=superuser.pk, target=somebody.pk)
    assert sorted(by_staff.values_list("action", flat=True)) == [
        "account_activated", "account_deactivated", "email_changed", "password_changed", "powers_changed",
        "sign_ins_ended",
    ]  # fmt: skip
    somebody.refresh_from_db()
    assert somebody.check_password(new)
