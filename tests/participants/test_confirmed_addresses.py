"""Where addresses have to be confirmed, nobody comes in before, over pages and API alike."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from participants.models import Participant, SignIn
from tests.contract.shapes import assert_refused
from tests.personas import PASSWORD, client_of, guest, nobody, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords", "mandatory")]

ADA = {"username": "ada", "password": PASSWORD, "email": "ada@example.org"}


@pytest.fixture
def mandatory(settings: Any) -> None:
    settings.CHAT_EMAIL_VERIFICATION = settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def browser() -> Client:
    return Client(headers={"accept": "text/html"})


def open_link() -> None:
    """As whoever reads the newest mail does."""
    (link,) = re.findall(r"https?://[^/]+(/account/email/confirm/\S+)", str(mail.outbox[-1].body))
    assert browser().post(link).status_code == 302


def token() -> Any:
    return nobody().post("auth/token", {"username": "ada", "password": PASSWORD})


def test_an_account_of_the_api_has_no_tokens_before_its_link_is_opened() -> None:
    made = nobody().post("auth/register", ADA)
    assert made.status_code == 201
    assert made.json()["participant"]["username"] == "ada"
    assert (made.json()["access"], made.json()["refresh"]) == (None, None)
    assert_refused(token(), 401, "email_not_confirmed")
    assert not SignIn.objects.exists()
    open_link()
    assert token().status_code == 200


def test_an_account_of_the_pages_comes_in_by_its_link() -> None:
    page = browser()
    assert page.post("/sign-up", ADA).headers["Location"] == "/account/email/sent"
    assert page.get("/conversations").status_code == 302
    page.post("/sign-in", {"username": "ada", "password": PASSWORD})
    assert page.get("/conversations").status_code == 302
    assert not SignIn.objects.exists()
    open_link()
    page.post("/sign-in", {"username": "ada", "password": PASSWORD})
    assert page.get("/conversations").status_code == 200


def test_an_account_takes_an_address() -> None:
    without = {name: value for name, value in ADA.items() if name != "email"}
    problem = assert_refused(nobody().post("auth/register", without), 400, "validation_error")
    assert problem["errors"][0]["field"] == "email"
    assert "An e-mail address is needed here." in browser().post("/sign-up", without).content.decode()
    gus = browser()
    gus.force_login(guest())
    assert "An e-mail address is needed here." in gus.post("/account/upgrade", without).content.decode()
    assert gus.post("/account/upgrade", ADA).status_code == 302
    assert_refused(token(), 401, "email_not_confirmed")
    assert Participant.objects.get().email == "ada@example.org"


def test_an_address_is_not_taken_out_again() -> None:
    api = client_of(person(email="ada@example.org"))
    assert_refused(api.patch("me", {"email": ""}), 400, "validation_error")


def test_whoever_was_made_without_an_address_is_not_asked() -> None:
    person("ada", password=PASSWORD)
    assert token().status_code == 200
    page = browser()
    page.post("/sign-in", {"username": "ada", "password": PASSWORD})
    assert page.get("/conversations").status_code == 200
