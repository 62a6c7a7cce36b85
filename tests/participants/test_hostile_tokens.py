"""Access tokens that somebody made up, changed or kept too long."""

import base64
import json
import time
import uuid

import jwt
import pytest
from django.conf import settings

from participants import services
from participants.models import SignIn
from tests.contract.shapes import assert_refused
from tests.personas import nobody, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits_over_time")]

KEY = str(settings.SIMPLE_JWT["SIGNING_KEY"])


@pytest.fixture
def claims():
    pair = services.token_issue(participant=person())
    return jwt.decode(pair["access"], KEY, algorithms=["HS256"], audience="chat")


def encoded(claims, *, key=KEY, algorithm="HS256", **changes) -> str:
    return jwt.encode(claims | changes, key, algorithm=algorithm)


def without(claims, name) -> str:
    return encoded({key: value for key, value in claims.items() if key != name})


def unsigned(claims, algorithm) -> str:
    parts = [{"alg": algorithm, "typ": "JWT"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


FORGERIES = {
    "no algorithm": lambda c: unsigned(c, "none"),
    "no algorithm in other letters": lambda c: unsigned(c, "nOnE"),
    "no signature": lambda c: unsigned(c, "HS256"),
    "signature cut off": lambda c: encoded(c).rpartition(".")[0] + ".",
    "another key": lambda c: encoded(c, key="k" * 64),
    "the site's key": lambda c: encoded(c, key=settings.SECRET_KEY),
    "an empty key": lambda c: encoded(c, key="\0" * 32),
    "another algorithm": lambda c: encoded(c, algorithm="HS512"),
    "another audience": lambda c: encoded(c, aud="other"),
    "no audience": lambda c: without(c, "aud"),
    "another issuer": lambda c: encoded(c, iss="other"),
    "no issuer": lambda c: without(c, "iss"),
    "expired": lambda c: encoded(c, exp=int(time.time()) - 1),
    "expired long ago": lambda c: encoded(c, exp=0),
    "never expiring": lambda c: without(c, "exp"),
    "expiring at no number": lambda c: encoded(c, exp="never"),
    "issued in the future": lambda c: encoded(c, iat=int(time.time()) + 3600),
    "not valid yet": lambda c: encoded(c, nbf=int(time.time()) + 3600),
    "a refresh token": lambda c: encoded(c, token_type="refresh"),
    "of no type": lambda c: without(c, "token_type"),
    "without an id": lambda c: without(c, "jti"),
    "without a sign-in": lambda c: without(c, "sid"),
    "of a sign-in that never was": lambda c: encoded(c, sid=str(uuid.uuid4())),
    "of a sign-in that is no id": lambda c: encoded(c, sid="x"),
    "of a sign-in that is a list": lambda c: encoded(c, sid=["x"]),
    "without a subject": lambda c: without(c, "sub"),
    "of another subject": lambda c: encoded(c, sub=str(uuid.uuid4())),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_access_token_is_refused(claims, forgery):
    answer = nobody().get("me", Authorization=f"Bearer {forgery(claims)}")
    assert_refused(answer, 401, answer.json()["code"])
    assert answer.json()["code"] in {"token_invalid", "token_revoked"}


def test_the_token_that_the_forgeries_start_from_is_good(claims):
    assert nobody().get("me", Authorization=f"Bearer {encoded(claims)}").status_code == 200


def test_a_real_refresh_token_is_no_access_token():
    pair = services.token_issue(participant=person())
    assert_refused(nobody().get("me", Authorization=f"Bearer {pair['refresh']}"), 401, "token_invalid")


def test_a_token_whose_subject_is_not_of_its_sign_in_is_refused(claims):
    other = SignIn.objects.get(participant=person_with_sign_in())
    answer = nobody().get("me", Authorization=f"Bearer {encoded(claims, sid=str(other.pk))}")
    assert_refused(answer, 401, "token_revoked")


def person_with_sign_in():
    participant = person()
    services.token_issue(participant=participant)
    return participant


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer a.b.c d", "Bearer é", "Bearer \x00",
     "Bearer " + "x" * 9000,
     "Bearer null", "Bearer bnVsbA.bnVsbA.x", "bearer,x", "Basic YWRhOmFkYQ==", "Token x", "", "x"],
)  # fmt: skip
def test_garbage_in_the_header_is_refused(header):
    answer = nobody().get("me", Authorization=header)
    assert_refused(answer, 401, answer.json()["code"])
    assert answer.json()["code"] in {"token_invalid", "not_authenticated"}


def test_the_signing_key_is_not_the_sites_key():
    assert settings.SECRET_KEY != KEY
    assert len(KEY) >= 32
