"""Accounts and sign-ins in the admin."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from participants import services
from participants.models import Participant, SignIn
from participants.services import sign_ins
from tests.admin.conftest import PASSWORD, MakeStaff, signed_in
from tests.personas import person

LIST = "/admin/participants/participant/"
SIGN_INS = "/admin/participants/signin/"
EDITOR = ("participants.view_participant", "participants.change_participant")


def page_of(participant: Participant) -> str:
    return f"{LIST}{participant.pk}/change/"


def form_of(participant: Participant, **changes: Any) -> dict[str, Any]:
    form = {name: getattr(participant, name) for name in ("username", "display_name", "email")}
    return form | ({"is_active": "on"} if participant.is_active else {}) | changes


@pytest.fixture
def somebody(db: None) -> Participant:
    return person(password=PASSWORD)


@pytest.fixture
def sign_in(somebody: Participant) -> SignIn:
    return services.sign_in_start(participant=somebody, user_agent="a phone")


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Whose access was said to have changed."""
    heard: list[UUID] = []
    monkeypatch.setattr(sign_ins, "access_changed", [heard.append])
    return heard


def is_live(sign_in: SignIn) -> bool:
    return services.find_live_sign_in(sign_in.pk) is not None


def test_an_account_is_made_with_a_password(admin_page: Client) -> None:
    form = {"username": "newcomer", "display_name": "New", "kind": "human", "usable_password": "true"}
    answer = admin_page.post(f"{LIST}add/", form | {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302, answer.text
    made = Participant.objects.get(username="newcomer")
    assert made.check_password(PASSWORD)
    assert not made.is_staff


@pytest.mark.parametrize("password", ["short", "password1234"])
def test_a_weak_password_is_refused(admin_page: Client, password: str) -> None:
    form = {"username": "newcomer", "display_name": "New", "kind": "human", "usable_password": "true"}
    answer = admin_page.post(f"{LIST}add/", form | {"password1": password, "password2": password})
    assert answer.status_code == 200
    assert not Participant.objects.filter(username="newcomer").exists()


def test_a_username_in_other_case_is_taken(admin_page: Client, somebody: Participant) -> None:
    name = somebody.username.upper()
    form = {"username": name, "display_name": "New", "kind": "human", "usable_password": "true"}
    answer = admin_page.post(f"{LIST}add/", form | {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 200
    assert Participant.objects.filter(username__iexact=name).count() == 1


@pytest.mark.parametrize("way", ["page", "action"])
def test_deactivating_ends_sign_ins_and_rings(
    admin_page: Client,
    somebody: Participant,
    sign_in: SignIn,
    rung: list[UUID],
    way: str,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        if way == "page":
            form = form_of(somebody)
            del form["is_active"]
            admin_page.post(page_of(somebody), form)
        else:
            admin_page.post(LIST, {"action": "deactivate", "_selected_action": [str(somebody.pk)]})
    somebody.refresh_from_db()
    assert not somebody.is_active
    assert not is_live(sign_in)
    assert somebody.pk in rung


def test_a_new_password_ends_sign_ins_and_rings(
    admin_page: Client,
    somebody: Participant,
    sign_in: SignIn,
    rung: list[UUID],
    django_capture_on_commit_callbacks: Any,
) -> None:
    form = {"usable_password": "true", "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_page.post(f"{LIST}{somebody.pk}/password/", form | {"set-password": "1"})
    assert answer.status_code == 302, answer.text
    somebody.refresh_from_db()
    assert somebody.check_password(PASSWORD + "!")
    assert not is_live(sign_in)
    assert somebody.pk in rung


def test_nobody_deletes_an_account(admin_page: Client, somebody: Participant) -> None:
    assert admin_page.post(f"{LIST}{somebody.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_page.post(LIST, {"action": "delete_selected", "_selected_action": [str(somebody.pk)], "post": "yes"})
    assert Participant.objects.filter(pk=somebody.pk).exists()


def test_a_viewer_sees_no_password_hash_and_changes_nothing(staff_with: MakeStaff, somebody: Participant) -> None:
    viewer = signed_in(staff_with("participants.view_participant"))
    page = viewer.get(page_of(somebody))
    assert page.status_code == 200
    assert somebody.password not in page.text
    assert somebody.password.rsplit("$", 1)[-1] not in page.text
    assert viewer.post(page_of(somebody), form_of(somebody, display_name="Mine")).status_code == 403
    assert viewer.post(f"{LIST}{somebody.pk}/password/", {}).status_code == 403


def test_an_editor_gives_no_powers(staff_with: MakeStaff, somebody: Participant) -> None:
    editor = signed_in(staff_with(*EDITOR))
    form = form_of(somebody, display_name="Changed", is_staff="on", is_superuser="on")
    assert editor.post(page_of(somebody), form).status_code == 302
    somebody.refresh_from_db()
    assert somebody.display_name == "Changed"
    assert not somebody.is_staff
    assert not somebody.is_superuser


def test_an_editor_does_not_touch_staff(staff_with: MakeStaff, superuser: Participant) -> None:
    me = staff_with(*EDITOR, "participants.view_signin", "participants.change_signin")
    editor, theirs = signed_in(me), services.sign_in_start(participant=superuser)
    assert editor.post(page_of(superuser), form_of(superuser, display_name="Mine")).status_code == 403
    password = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD, "set-password": "1"}
    assert editor.post(f"{LIST}{superuser.pk}/password/", password).status_code == 403
    for action in ("deactivate", "end_sign_ins"):
        editor.post(LIST, {"action": action, "_selected_action": [str(superuser.pk)]})
    editor.post(SIGN_INS, {"action": "end", "_selected_action": [str(theirs.pk)]})
    superuser.refresh_from_db()
    assert superuser.is_active
    assert is_live(theirs)


def test_sign_ins_are_listed_and_ended(
    admin_page: Client,
    somebody: Participant,
    sign_in: SignIn,
    rung: list[UUID],
    django_capture_on_commit_callbacks: Any,
) -> None:
    assert "a phone" in admin_page.get(SIGN_INS, {"in_force": "yes"}).text
    with django_capture_on_commit_callbacks(execute=True):
        admin_page.post(SIGN_INS, {"action": "end", "_selected_action": [str(sign_in.pk)]})
    assert not is_live(sign_in)
    assert somebody.pk in rung
    assert "a phone" not in admin_page.get(SIGN_INS, {"in_force": "yes"}).text
    assert "a phone" in admin_page.get(SIGN_INS, {"in_force": "no"}).text


def test_looking_at_sign_ins_is_not_ending_them(staff_with: MakeStaff, sign_in: SignIn) -> None:
    viewer = signed_in(staff_with("participants.view_signin"))
    assert viewer.get(SIGN_INS).status_code == 200
    viewer.post(SIGN_INS, {"action": "end", "_selected_action": [str(sign_in.pk)]})
    assert is_live(sign_in)


@pytest.mark.parametrize("path", ["add/", "{id}/delete/"])
def test_sign_ins_are_neither_made_nor_deleted(admin_page: Client, sign_in: SignIn, path: str) -> None:
    assert admin_page.post(SIGN_INS + path.format(id=sign_in.pk), {"post": "yes"}).status_code == 403
