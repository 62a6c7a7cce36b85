"""A second factor: one rule for pages and API, and wrong codes count as failed sign-ins."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from participants.models import SignIn
from tests.contract.shapes import assert_refused
from tests.personas import PASSWORD, nobody, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords", "calm")]

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def calm(settings):
    """An account's failures are counted; nothing else is."""
    settings.CHAT_RATE_LIMITS = "on"
    settings.CHAT_LIMIT_SIGN_INS = settings.CHAT_LIMIT_ANONYMOUS = "1000/1"


@pytest.fixture
def ada():
    """Somebody with an authenticator app and recovery codes."""
    ada = person(password=PASSWORD)
    totp.TOTP.activate(ada, SECRET)
    RecoveryCodes.activate(ada)
    return ada


def app_code(steps: int = 0) -> str:
    """What the app shows now."""
    (counter,) = totp.yield_hotp_counters_from_time()
    return totp.format_hotp_value(totp.hotp_value(SECRET, counter + steps))


def recovery_code(participant) -> str:
    row = Authenticator.objects.get(user=participant, type=Authenticator.Type.RECOVERY_CODES)
    return RecoveryCodes(row).get_unused_codes()[0]


def token(participant, **fields):
    return nobody().post("auth/token", {"username": participant.username, "password": PASSWORD, **fields})


def browser_after_password(participant) -> Client:
    client = Client(headers={"accept": "text/html"})
    answer = client.post("/sign-in", {"username": participant.username, "password": PASSWORD})
    assert answer.headers["Location"] == "/sign-in/code"
    return client


def test_a_password_alone_gives_no_tokens(ada):
    assert_refused(token(ada), 401, "mfa_required")
    assert_refused(token(ada, otp=""), 401, "mfa_required")
    assert not SignIn.objects.exists()


def test_a_wrong_password_is_told_before_the_code_is_asked_for(ada):
    assert_refused(token(ada, password="wrong"), 401, "bad_credentials")


def test_the_code_of_the_app_gives_tokens_once(ada):
    code = app_code()
    assert token(ada, otp=code).status_code == 200
    assert_refused(token(ada, otp=code), 401, "bad_credentials")


def test_a_recovery_code_gives_tokens_once(ada):
    code = recovery_code(ada)
    assert token(ada, otp=code).status_code == 200
    assert_refused(token(ada, otp=code), 401, "bad_credentials")
    assert recovery_code(ada) != code


@pytest.mark.parametrize("code", ["000000x", "x", "12345678901234567890123456789012"])
def test_a_wrong_code_gives_nothing(ada, code):
    assert_refused(token(ada, otp=code), 401, "bad_credentials")


def test_wrong_codes_lock_the_account_and_missing_ones_do_not(ada):
    for _ in range(10):
        assert_refused(token(ada), 401, "mfa_required")
    for _ in range(5):
        assert_refused(token(ada, otp="wrong"), 401, "bad_credentials")
    assert_refused(token(ada, otp=app_code()), 429, "rate_limited", scope="failures")


def test_a_code_is_no_matter_to_whoever_has_no_second_factor():
    bob = person(password=PASSWORD)
    assert token(bob, otp="whatever").status_code == 200


def test_the_pages_ask_for_the_code_before_anybody_is_signed_in(ada):
    client = browser_after_password(ada)
    assert client.get("/conversations").status_code == 302
    assert not SignIn.objects.exists()
    assert client.post("/sign-in/code", {"code": "wrong"}).status_code == 200
    assert client.get("/conversations").status_code == 302
    assert client.post("/sign-in/code", {"code": app_code()}).headers["Location"] == "/conversations"
    assert client.get("/conversations").status_code == 200


def test_wrong_codes_on_the_page_count_in_the_same_bucket(ada):
    client = browser_after_password(ada)
    for _ in range(5):
        client.post("/sign-in/code", {"code": "wrong"})
    assert "Try again in" in client.post("/sign-in/code", {"code": app_code()}).content.decode()
    assert_refused(token(ada, otp=app_code()), 429, "rate_limited", scope="failures")


def test_secrets_are_not_stored_as_they_are(ada):
    rows = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in rows


def test_a_second_factor_is_set_up_on_the_page():
    bob = person(password=PASSWORD)
    client = Client(headers={"accept": "text/html"})
    client.post("/sign-in", {"username": bob.username, "password": PASSWORD})
    assert client.get("/account/codes/app").headers["Location"].startswith("/account/confirm")
    assert client.post("/account/confirm", {"password": "wrong"}).status_code == 200
    assert client.get("/account/codes/app").status_code == 302
    client.post("/account/confirm", {"password": PASSWORD})
    page = client.get("/account/codes/app")
    secret = page.context["form"].secret
    (counter,) = totp.yield_hotp_counters_from_time()
    answer = client.post("/account/codes/app", {"code": totp.format_hotp_value(totp.hotp_value(secret, counter))})
    assert answer.headers["Location"] == "/account/codes/recovery"
    assert recovery_code(bob) in client.get("/account/codes/recovery").content.decode()
    assert_refused(token(bob), 401, "mfa_required")


def test_closing_an_account_drops_its_factors(ada):
    code = app_code()
    access = token(ada, otp=code).json()["access"]
    assert nobody().delete("me", Authorization=f"Bearer {access}").status_code == 204
    assert not Authenticator.objects.exists()
