"""Signing up, in and out over the pages."""

import pytest
from django.test import Client
from django.urls import reverse

from participants.models import Participant, SignIn
from tests.personas import PASSWORD, person

pytestmark = pytest.mark.django_db

HTML = {"accept": "text/html"}


def browser() -> Client:
    return Client(headers=HTML)


def sign_up(client: Client, **fields: str):
    return client.post(reverse("sign-up"), {"username": "ada", "password": PASSWORD, **fields})


def test_a_stranger_is_led_to_sign_in_and_a_participant_to_the_conversations():
    client = browser()
    assert client.get("/").headers["Location"] == "/sign-in"
    client.force_login(person())
    assert client.get("/").headers["Location"] == "/conversations"


def test_signing_up_makes_an_account_and_signs_in():
    client = browser()
    response = sign_up(client, display_name="Ada Lovelace")
    assert response.headers["Location"] == "/conversations"
    assert Participant.objects.get().display_name == "Ada Lovelace"
    assert client.get("/conversations").status_code == 200


def test_signing_up_leads_to_where_one_wanted_to_go():
    assert sign_up(browser(), next="/explore").headers["Location"] == "/explore"


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_nobody_is_led_to_another_site(address):
    assert sign_up(browser(), next=address).headers["Location"] == "/conversations"
    client = browser()
    response = client.post("/sign-in", {"username": "ada", "password": PASSWORD, "next": address})
    assert response.headers["Location"] == "/conversations"


def test_a_refused_sign_up_says_why_beside_the_field_and_keeps_the_rest():
    page = sign_up(browser(), password="short", display_name="Ada & Co")
    assert page.status_code == 400
    text = page.content.decode()
    assert 'id="id_password_error"' in text
    assert 'value="Ada &amp; Co"' in text
    assert "short" not in text.split('id="id_password"')[0].rsplit("<input", 1)[1]


def test_a_taken_username_is_told_beside_the_username():
    person("Ada")
    page = sign_up(browser())
    assert page.status_code == 400
    assert "This username is taken." in page.content.decode()


def test_nobody_signs_up_while_registration_is_closed(settings):
    settings.CHAT_REGISTRATION = "off"
    client = browser()
    assert client.get(reverse("sign-up")).status_code == 403
    assert sign_up(client).status_code == 403
    assert not Participant.objects.exists()
    assert reverse("sign-up") not in client.get(reverse("sign-in")).content.decode()


def test_signing_in_goes_on_to_the_page_that_asked_for_it():
    person("ada", password=PASSWORD)
    client = browser()
    asked = client.get("/explore")
    assert asked.headers["Location"] == "/sign-in?next=/explore"
    response = client.post("/sign-in", {"username": "ADA", "password": PASSWORD, "next": "/explore"})
    assert response.headers["Location"] == "/explore"


def test_a_wrong_password_and_an_unknown_name_are_answered_alike():
    person("ada", password=PASSWORD)
    wrong, unknown = (
        browser().post("/sign-in", {"username": name, "password": "not the password"}) for name in ("ada", "nobody")
    )
    assert wrong.status_code == unknown.status_code == 200
    assert wrong.context["form"].errors == unknown.context["form"].errors


def test_signing_in_changes_the_session_key():
    person("ada", password=PASSWORD)
    client = browser()
    session = client.session
    session["planted"] = True
    session.save()
    client.post("/sign-in", {"username": "ada", "password": PASSWORD})
    assert client.session.session_key != session.session_key


def test_signing_out_takes_a_form():
    client = browser()
    sign_up(client)
    client.get("/sign-out")
    assert client.get("/conversations").status_code == 200
    assert client.post("/sign-out").headers["Location"] == "/sign-in"
    assert client.get("/conversations").status_code == 302
    assert not SignIn.objects.live().exists()


def test_forms_need_the_token_of_their_page():
    client = Client(enforce_csrf_checks=True, headers=HTML)
    refused = sign_up(client)
    assert refused.status_code == 403
    assert "too old" in refused.content.decode()
    assert not Participant.objects.exists()


def test_an_address_without_a_page_is_told_in_the_look_of_the_site():
    page = browser().get("/nowhere")
    assert page.status_code == 404
    assert "error.html" in [template.name for template in page.templates]
