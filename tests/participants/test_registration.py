"""New accounts, with the real password hasher and validators."""

import pytest

from participants.models import Participant
from tests.contract.shapes import ME, TOKENS, assert_refused, assert_shape, of
from tests.parallel import at_once
from tests.personas import PASSWORD, Api, nobody, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits_over_time")]

COMMON = [
    "123456789012", "password1234", "qwertyuiop12", "123456123456", "000000000000", "justinbieber", "1q2w3e4r5t6y",
    "qwerty123456", "111111111111", "qwertyqwerty", "123123123123", "password", "letmein", "dragon", "iloveyou",
    "1234567890", "trustno1", "monkey", "football", "sunshine",
]  # fmt: skip


def register(**fields):
    return nobody().post("auth/register", {"username": "ada", "password": PASSWORD} | fields)


def test_registering_makes_an_account_and_signs_in():
    answer = register(display_name="Ada", email="ada@example.org")
    assert answer.status_code == 201
    assert_shape(answer.json(), {"participant": of(ME), **TOKENS})
    assert answer.json()["participant"]["display_name"] == "Ada"
    me = Api(answer.json()["access"]).get("me").json()
    assert (me["username"], me["email"], me["kind"]) == ("ada", "ada@example.org", "human")


def test_the_password_is_stored_as_an_argon2_hash():
    register()
    assert Participant.objects.get(username="ada").password.startswith("argon2$argon2id$")


def test_the_display_name_defaults_to_the_username():
    assert register().json()["participant"]["display_name"] == "ada"


def test_camel_case_display_name_is_accepted():
    assert register(displayName="Ada L.").json()["participant"]["display_name"] == "Ada L."


def test_what_only_the_server_sets_is_ignored():
    answer = register(is_staff=True, is_superuser=True, kind="agent", id="x", token_version=9, is_active=False)
    ada = Participant.objects.get(pk=answer.json()["participant"]["id"])
    assert (ada.is_staff, ada.is_superuser, ada.kind, ada.is_active) == (False, False, "human", True)


@pytest.mark.parametrize("password", COMMON)
def test_common_passwords_are_refused(password):
    assert_refused(register(password=password), 400, "validation_error")
    assert not Participant.objects.exists()


@pytest.mark.parametrize("password", ["short-pass1", "", 123456789012345, None, ["x" * 12], "x" * 1025])
def test_other_unfit_passwords_are_refused(password):
    problem = assert_refused(register(password=password), 400, "validation_error")
    assert {error["field"] for error in problem["errors"]} == {"password"}


def test_a_password_like_the_username_is_refused():
    assert_refused(register(username="adalovelace1815", password="adalovelace1815"), 400, "validation_error")


@pytest.mark.parametrize("length", [12, 128, 1024])
def test_long_passwords_work_whole(length):
    password = ("Quaint-Zebra!" * 80)[:length]
    assert register(password=password).status_code == 201
    assert nobody().post("auth/token", {"username": "ada", "password": password}).status_code == 200
    assert_refused(nobody().post("auth/token", {"username": "ada", "password": password[:-1]}), 401, "bad_credentials")


def test_spaces_around_a_password_belong_to_it():
    register(password=f"  {PASSWORD} ")
    assert_refused(nobody().post("auth/token", {"username": "ada", "password": PASSWORD}), 401, "bad_credentials")


@pytest.mark.parametrize("username", ["ada", "ADA", "Ada"])
def test_a_username_is_taken_in_any_case(username):
    person("ada")
    problem = assert_refused(register(username=username), 400, "validation_error")
    assert problem["errors"][0]["field"] == "username"


@pytest.mark.parametrize(
    "username",
    ["", " ", "a b", "-ada", "a\nb", "\u0430da", "ada\u200b", "a" * 65, "a/b", "<b>", None, 5, ["ada"], {"a": 1}],
)
def test_unfit_usernames_are_refused(username):
    problem = assert_refused(register(username=username), 400, "validation_error")
    assert {error["field"] for error in problem["errors"]} == {"username"}


@pytest.mark.parametrize("field", ["username", "password"])
def test_what_is_missing_is_named(field):
    body = {"username": "ada", "password": PASSWORD}
    del body[field]
    problem = assert_refused(nobody().post("auth/register", body), 400, "validation_error")
    assert problem["errors"] == [{"field": field, "code": "required", "detail": "This field is required."}]


@pytest.mark.parametrize("name", ["\u200b\u200b", "x" * 81, "\u202e\u202c"])
def test_display_names_that_cannot_be_shown_are_refused(name):
    problem = assert_refused(register(display_name=name), 400, "validation_error")
    assert problem["errors"][0]["field"] == "display_name"


def test_an_email_address_must_be_one():
    assert_refused(register(email="not an address"), 400, "validation_error")


def test_registration_can_be_switched_off(settings):
    settings.CHAT_REGISTRATION = "off"
    assert_refused(register(), 403, "registration_closed")
    assert not Participant.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_those_who_register_the_same_name_at_once_one_gets_it():
    body = {"password": PASSWORD}
    answers = at_once(*(lambda n=n: nobody().post("auth/register", body | {"username": n}) for n in ("eve", "EVE") * 3))
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 5
    for answer in answers:
        if answer.status_code != 201:
            assert_refused(answer, 400, "validation_error")
