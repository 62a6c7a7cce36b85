"""The Django session as a credential: good as long as its sign-in, and only with CSRF protection."""

import pytest
from django.test import Client

from participants.models import Participant, SignIn
from tests.contract.shapes import assert_refused
from tests.personas import Api, client_of, nobody, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits_over_time")]


@pytest.fixture
def ada():
    return person("ada")


def browser_of(participant: Participant) -> Api:
    """REST with the cookies of a signed-in browser."""
    api = nobody(enforce_csrf_checks=True)
    api.client.force_login(participant)
    return api


def csrf(client: Client) -> dict[str, str]:
    """The header that the pages send."""
    client.cookies["csrftoken"] = "a" * 32
    return {"X_CSRFToken": "a" * 32}


def test_a_browser_is_let_in(ada):
    assert browser_of(ada).get("me").json()["username"] == "ada"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "conversations"), ("PATCH", "me"), ("DELETE", "auth/sessions"), ("POST", "auth/ticket")],
)
def test_a_browser_changes_nothing_without_the_token_against_forgery(ada, method, path):
    assert_refused(browser_of(ada).send(method, path, {"title": "Tea"}), 403, "csrf_failed")


def test_a_browser_changes_things_with_it(ada):
    browser = browser_of(ada)
    assert browser.post("conversations", {"title": "Tea"}, **csrf(browser.client)).status_code == 201


def test_a_bearer_token_needs_none_even_beside_a_session(ada):
    browser = browser_of(ada)
    browser.headers = client_of(person("eve")).headers
    answer = browser.post("conversations", {"title": "Tea"})
    assert answer.status_code == 201
    assert answer.json()["participants"][0]["username"] == "eve"


def test_a_bad_bearer_token_is_not_made_good_by_a_session(ada):
    assert_refused(browser_of(ada).get("me", Authorization="Bearer x"), 401, "token_invalid")


def test_a_browser_whose_sign_in_was_ended_is_out(ada):
    browser = browser_of(ada)
    (session,) = browser.get("auth/sessions").json()["sessions"]
    client_of(ada).delete(f"auth/sessions/{session['id']}")
    assert_refused(browser.get("me"), 401, "not_authenticated")


@pytest.mark.parametrize("change", [{"is_active": False}, {"token_version": 99}, {"password": "!"}])
def test_a_change_of_the_account_by_sql_ends_the_session(ada, change):
    browser = browser_of(ada)
    Participant.objects.update(**change)
    assert_refused(browser.get("me"), 401, "not_authenticated")


def test_a_deleted_sign_in_ends_the_session(ada):
    browser = browser_of(ada)
    SignIn.objects.all().delete()
    assert_refused(browser.get("me"), 401, "not_authenticated")


def test_signing_out_of_a_browser_ends_its_sign_in(ada):
    browser = browser_of(ada)
    browser.client.logout()
    assert not SignIn.objects.live().exists()
