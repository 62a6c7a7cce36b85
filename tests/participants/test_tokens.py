"""Sign-in of API clients: access tokens, refresh tokens that rotate, sign-out."""

import pytest

from participants import services
from participants.models import Participant, SignIn
from tests.contract.shapes import TOKENS, assert_refused, assert_shape
from tests.parallel import at_once
from tests.personas import PASSWORD, Api, client_of, nobody, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits_over_time", "quick_passwords")]


def sign_in(username="ada", password=PASSWORD, **fields):
    return nobody().post("auth/token", {"username": username, "password": password, **fields})


def refresh(token):
    return nobody().post("auth/token/refresh", {"refresh": token})


def is_let_in(pair) -> bool:
    return Api(pair["access"]).get("me").status_code == 200


@pytest.fixture
def pair():
    return dict(services.token_issue(participant=person("ada")))


def test_a_password_gives_tokens_that_let_in():
    person("ada", password=PASSWORD)
    answer = sign_in()
    assert answer.status_code == 200
    assert_shape(answer.json(), TOKENS)
    assert answer.json()["expires_in"] == 900
    assert Api(answer.json()["access"]).get("me").json()["username"] == "ada"


def test_the_username_may_be_in_any_case():
    person("ada", password=PASSWORD)
    assert sign_in("ADA").status_code == 200


def test_a_wrong_password_and_an_unknown_name_look_alike():
    person("ada", password=PASSWORD)
    wrong = assert_refused(sign_in(password="wrong"), 401, "bad_credentials")
    unknown = assert_refused(sign_in("nobody"), 401, "bad_credentials")
    assert {**wrong, "request_id": ""} == {**unknown, "request_id": ""}


@pytest.mark.parametrize("fields", [{"is_active": False}, {"kind": "agent"}])
def test_the_deactivated_and_agents_cannot_sign_in(fields):
    person("ada", password=PASSWORD, **fields)
    assert_refused(sign_in(), 401, "bad_credentials")


@pytest.mark.parametrize("body", [{}, {"username": "ada"}, {"username": ["ada"], "password": 5}, [], "x", 5, None])
def test_a_sign_in_without_name_and_password_is_invalid(body):
    assert_refused(nobody().post("auth/token", body), 400, "validation_error")


def test_a_refresh_token_gives_new_tokens(pair):
    answer = refresh(pair["refresh"])
    assert answer.status_code == 200
    assert_shape(answer.json(), TOKENS)
    assert answer.json()["refresh"] != pair["refresh"]
    assert is_let_in(answer.json())


def test_rotating_goes_on_and_leaves_earlier_access_tokens_good(pair):
    newest = pair
    for _ in range(5):
        newest = refresh(newest["refresh"]).json()
    assert is_let_in(newest)
    assert is_let_in(pair)


def test_an_old_refresh_token_used_twice_ends_its_family(pair):
    newer = refresh(pair["refresh"]).json()
    assert_refused(refresh(pair["refresh"]), 401, "token_revoked")
    assert_refused(refresh(newer["refresh"]), 401, "token_revoked")
    for access in (pair["access"], newer["access"]):
        assert_refused(Api(access).get("me"), 401, "token_revoked")


def test_the_end_of_one_family_leaves_the_others(pair):
    other = services.token_issue(participant=Participant.objects.get(username="ada"))
    refresh(pair["refresh"])
    refresh(pair["refresh"])
    assert is_let_in(other)
    assert refresh(other["refresh"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_parallel_uses_of_a_refresh_token_at_most_one_works_and_the_family_ends(pair):
    answers = at_once(*[lambda: refresh(pair["refresh"])] * 6)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert not is_let_in(winner)


def test_the_refresh_token_of_a_deactivated_account_is_dead(pair):
    Participant.objects.update(is_active=False)
    assert_refused(refresh(pair["refresh"]), 401, "token_revoked")
    assert_refused(Api(pair["access"]).get("me"), 401, "token_revoked")


def test_the_refresh_token_of_a_deleted_account_is_dead(pair):
    Participant.objects.all().delete()
    assert_refused(refresh(pair["refresh"]), 401, "token_revoked")
    assert_refused(Api(pair["access"]).get("me"), 401, "token_revoked")


def test_the_tokens_of_an_earlier_password_are_dead_however_it_was_set(pair):
    ada = Participant.objects.get(username="ada")
    ada.set_password(PASSWORD)
    ada.save()
    assert_refused(refresh(pair["refresh"]), 401, "token_revoked")
    assert_refused(Api(pair["access"]).get("me"), 401, "token_revoked")


def test_signing_out_ends_the_family(pair):
    newer = refresh(pair["refresh"]).json()
    answer = nobody().post("auth/logout", {"refresh": newer["refresh"]})
    assert (answer.status_code, answer.content) == (205, b"")
    for access in (pair["access"], newer["access"]):
        assert_refused(Api(access).get("me"), 401, "token_revoked")
    assert_refused(refresh(newer["refresh"]), 401, "token_revoked")


def test_signing_out_twice_is_fine(pair):
    for _ in range(2):
        assert nobody().post("auth/logout", {"refresh": pair["refresh"]}).status_code == 205


def test_signing_out_of_a_deleted_account_is_not_an_error(pair):
    Participant.objects.all().delete()
    assert nobody().post("auth/logout", {"refresh": pair["refresh"]}).status_code == 205


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "x" * 5000, None, 5, ["x"]])
@pytest.mark.parametrize("route", ["auth/token/refresh", "auth/logout"])
def test_what_is_no_refresh_token_is_refused(route, token):
    answer = nobody().post(route, {"refresh": token})
    assert answer.status_code in {400, 401}
    assert_refused(answer, answer.status_code, {400: "validation_error", 401: "token_invalid"}[answer.status_code])


@pytest.mark.parametrize("route", ["auth/token/refresh", "auth/logout"])
def test_an_access_token_is_no_refresh_token(pair, route):
    assert_refused(nobody().post(route, {"refresh": pair["access"]}), 401, "token_invalid")
    assert is_let_in(pair)


def test_a_dead_access_token_does_not_keep_open_routes_from_working(pair):
    SignIn.objects.all().delete()
    person("eve", password=PASSWORD)
    answer = Api(pair["access"]).post("auth/token", {"username": "eve", "password": PASSWORD})
    assert answer.status_code == 200


def test_the_scheme_of_the_header_may_be_in_any_case():
    api = client_of(person())
    for scheme in ("bearer", "BEARER"):
        header = f"{scheme} {api.headers['Authorization'].split()[1]}"
        assert nobody().get("me", Authorization=header).status_code == 200
