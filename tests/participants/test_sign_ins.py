"""One's own sign-ins: seeing and ending them, a new password, socket tickets."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from participants import services
from participants.authentication import authenticate_ticket
from participants.errors import NotAuthenticated
from participants.models import Participant, SignIn, Ticket
from tests.contract.shapes import (
    TOKENS,
    assert_page,
    assert_refused,
    assert_shape,
    is_flag,
    is_id,
    is_number,
    is_text,
    is_time,
)  # fmt: skip
from tests.parallel import at_once
from tests.personas import PASSWORD, Api, client_of, nobody, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits_over_time", "quick_passwords")]

SIGN_IN = {
    "id": is_id,
    "user_agent": is_text,
    "created_at": is_time,
    "used_at": is_time,
    "expires_at": is_time,
    "current": is_flag,
}
NEW = "another-fine-passphrase"


def test_sign_ins_are_listed_and_the_one_in_use_is_marked():
    ada = person()
    phone, laptop = client_of(ada), client_of(ada)
    client_of(person())
    rows = assert_page(phone.get("auth/sessions").json(), "sessions", SIGN_IN, total=2)
    assert sorted(row["current"] for row in rows) == [False, True]
    (other,) = (row["id"] for row in rows if not row["current"])
    assert [row["current"] for row in laptop.get("auth/sessions").json()["sessions"] if row["id"] == other] == [True]


def test_the_browser_of_a_sign_in_is_shown_at_most_in_200_characters():
    person("ada", password=PASSWORD)
    body = {"username": "ada", "password": PASSWORD}
    access = nobody().post("auth/token", body, User_Agent="Browser " * 50).json()["access"]
    (row,) = Api(access).get("auth/sessions").json()["sessions"]
    assert row["user_agent"] == ("Browser " * 50)[:200]


def test_another_sign_in_can_be_ended():
    ada = person()
    phone, laptop = client_of(ada), client_of(ada)
    (other,) = (row["id"] for row in phone.get("auth/sessions").json()["sessions"] if not row["current"])
    assert phone.delete(f"auth/sessions/{other}").status_code == 204
    assert_refused(laptop.get("me"), 401, "token_revoked")
    assert phone.get("me").status_code == 200
    assert_refused(phone.delete(f"auth/sessions/{other}"), 404, "not_found")


def test_all_other_sign_ins_can_be_ended_at_once():
    ada = person()
    phone, others, stranger = client_of(ada), [client_of(ada), client_of(ada)], client_of(person())
    assert phone.delete("auth/sessions").status_code == 204
    assert [other.get("me").status_code for other in others] == [401, 401]
    assert phone.get("me").status_code == stranger.get("me").status_code == 200


def test_somebody_elses_sign_in_is_not_there():
    ada = person()
    api = client_of(ada)
    sign_in = SignIn.objects.get(participant=ada)
    assert_refused(client_of(person()).delete(f"auth/sessions/{sign_in.pk}"), 404, "not_found")
    assert_refused(api.delete(f"auth/sessions/{uuid.uuid4()}"), 404, "not_found")
    assert api.get("me").status_code == 200


def test_an_expired_sign_in_lets_nobody_in():
    api = client_of(person())
    SignIn.objects.update(expires_at=timezone.now())
    assert_refused(api.get("me"), 401, "token_revoked")


# --- password ---------------------------------------------------------------------------------------------------------


def test_a_new_password_ends_every_other_sign_in_and_gives_new_tokens():
    ada = person("ada", password=PASSWORD)
    phone, laptop = client_of(ada), client_of(ada)
    answer = phone.post("auth/password", {"old": PASSWORD, "new": NEW})
    assert answer.status_code == 200
    assert_shape(answer.json(), TOKENS)
    assert [api.get("me").status_code for api in (phone, laptop)] == [401, 401]
    assert Api(answer.json()["access"]).get("me").status_code == 200
    assert nobody().post("auth/token/refresh", {"refresh": answer.json()["refresh"]}).status_code == 200
    assert [nobody().post("auth/token", {"username": "ada", "password": p}).status_code for p in (PASSWORD, NEW)] == [
        401,
        200,
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"old": "wrong", "new": NEW}, "old"),
        ({"old": PASSWORD, "new": "short"}, "new"),
        ({"old": PASSWORD, "new": "1q2w3e4r5t6y"}, "new"),
        ({"old": PASSWORD}, "new"),
        ({"new": NEW}, "old"),
        ({"old": None, "new": NEW}, "old"),
    ],
)
def test_a_refused_new_password_changes_nothing(body, field):
    phone = client_of(person("ada", password=PASSWORD))
    problem = assert_refused(phone.post("auth/password", body), 400, "validation_error")
    assert problem["errors"][0]["field"] == field
    assert phone.get("me").status_code == 200
    assert Participant.objects.get(username="ada").check_password(PASSWORD)


# --- tickets ----------------------------------------------------------------------------------------------------------


def test_a_ticket_opens_one_socket():
    ada = person()
    answer = client_of(ada).post("auth/ticket")
    assert answer.status_code == 200
    assert_shape(answer.json(), {"ticket": is_text, "expires_in": is_number})
    assert answer.json()["expires_in"] == 30
    assert authenticate_ticket(answer.json()["ticket"]).participant == ada
    with pytest.raises(NotAuthenticated):
        authenticate_ticket(answer.json()["ticket"])


def test_only_the_hash_of_a_ticket_is_stored():
    raw = client_of(person()).post("auth/ticket").json()["ticket"]
    stored = Ticket.objects.values().get()
    assert raw not in map(str, stored.values())


def test_a_ticket_that_is_too_old_opens_nothing():
    raw = client_of(person()).post("auth/ticket").json()["ticket"]
    Ticket.objects.update(expires_at=timezone.now() - timedelta(milliseconds=1))
    with pytest.raises(NotAuthenticated):
        authenticate_ticket(raw)


def test_a_ticket_of_a_sign_in_that_ended_opens_nothing():
    ada = person()
    raw = client_of(ada).post("auth/ticket").json()["ticket"]
    services.sign_in_end_others(participant=ada, keep=None)
    with pytest.raises(NotAuthenticated):
        authenticate_ticket(raw)


@pytest.mark.parametrize("raw", ["", "x", "é", "\0", "x" * 10_000])
def test_what_is_no_ticket_opens_nothing(raw):
    with pytest.raises(NotAuthenticated):
        authenticate_ticket(raw)


@pytest.mark.django_db(transaction=True)
def test_of_sockets_that_show_the_same_ticket_at_once_one_opens():
    raw = client_of(person()).post("auth/ticket").json()["ticket"]

    def is_opened() -> bool:
        try:
            return bool(authenticate_ticket(raw))
        except NotAuthenticated:
            return False

    assert sum(at_once(*[is_opened] * 8)) == 1


# --- asked for the password while signed in ---------------------------------------------------------------------------


def test_guessing_the_old_password_locks_like_failed_sign_ins(settings):
    settings.CHAT_RATE_LIMITS = "on"
    settings.CHAT_LIMIT_SIGN_INS = settings.CHAT_LIMIT_ANONYMOUS = "1000/1"
    ada = person(password=PASSWORD)
    api = client_of(ada)
    for _ in range(5):
        assert_refused(api.post("auth/password", {"old": "a guess", "new": NEW}), 400, "validation_error")
    assert_refused(api.post("auth/password", {"old": PASSWORD, "new": NEW}), 429, "rate_limited", scope="failures")
    answer = nobody().post("auth/token", {"username": ada.username, "password": PASSWORD})
    assert_refused(answer, 429, "rate_limited", scope="failures")


def test_the_page_for_another_password_counts_in_the_same_bucket(settings):
    settings.CHAT_RATE_LIMITS = "on"
    settings.CHAT_LIMIT_SIGN_INS = "1000/1"
    ada = person(password=PASSWORD)
    browser = Client(headers={"accept": "text/html"})
    browser.force_login(ada)
    fields = {"password1": NEW, "password2": NEW}
    for _ in range(5):
        page = browser.post("/account/password", fields | {"oldpassword": "a guess"}).content.decode()
        assert "This is not your password." in page
    assert "Try again in" in browser.post("/account/password", fields | {"oldpassword": PASSWORD}).content.decode()
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
