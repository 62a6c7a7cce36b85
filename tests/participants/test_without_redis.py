"""Signing in does not need Redis: neither a second factor nor the pages that a forgotten password leads to."""

import httpx
import pytest
from allauth.mfa.totp.internal import auth as totp

from tests.conftest import StartServer
from tests.engines import Engines
from tests.personas import PASSWORD

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
TURN_ON = """
from allauth.mfa.totp.internal import auth as totp
from participants.models import Participant
for participant in Participant.objects.all():
    totp.TOTP.activate(participant, "{secret}")
"""


TRIES = 3  # a code may be too old by the time it arrives; the next one is not


def app_code() -> str:
    """What the app shows now."""
    (counter,) = totp.yield_hotp_counters_from_time()
    return totp.format_hotp_value(totp.hotp_value(SECRET, counter))


def post(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    client.get(path)
    return client.post(path, data=fields | {"csrfmiddlewaretoken": client.cookies["csrftoken"]})


def test_a_second_factor_works_once_a_code_while_redis_is_away(
    start_private_server: StartServer, private_engines: Engines
) -> None:
    server = start_private_server(CHAT_RATE_LIMITS="on")
    people = [{"username": name, "password": PASSWORD} for name in ("ada", "bob")]
    server.provision({"participants": people})
    server.installation.manage("shell", "-c", TURN_ON.format(secret=SECRET))
    for valkey in private_engines.valkeys:
        valkey.kill()
    with httpx.Client(base_url=server.url, timeout=30) as client:

        def sign_in(code: str) -> int:
            return client.post("/api/v1/auth/token", json=people[0] | {"otp": code}).status_code

        used = next(code for code in (app_code() for _ in range(TRIES)) if sign_in(code) == 200)
        assert sign_in(used) == 401
    with httpx.Client(base_url=server.url, timeout=30, headers={"accept": "text/html"}) as browser:
        assert post(browser, "/sign-in", **people[1]).headers["Location"] == "/sign-in/code"
        answers = (post(browser, "/sign-in/code", code=app_code()) for _ in range(TRIES))
        assert any(answer.headers.get("Location") == "/conversations" for answer in answers)
    with httpx.Client(base_url=server.url, timeout=30, headers={"accept": "text/html"}) as browser:
        assert post(browser, "/reset", email="ada@example.org").headers["Location"] == "/reset/sent"
