"""One's own account over the pages: profile, sign-ins, passwords, addresses, and from guest to account."""

import re

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from chatsite import providers
from participants import services
from participants.models import Participant, SignIn
from participants.services import sign_ins
from tests.personas import PASSWORD, agent, client_of, conversation_of, guest, nobody, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_passwords")]

NEW = "another-horse-in-the-stable"


def browser() -> Client:
    return Client(headers={"accept": "text/html"})


def signed_in(participant: Participant) -> Client:
    client = browser()
    client.post("/sign-in", {"username": participant.username, "password": PASSWORD})
    return client


@pytest.fixture
def ada():
    return person("ada", password=PASSWORD, email="ada@example.org")


def is_in(client: Client) -> bool:
    return client.get("/account").status_code == 200


# --- signing in -------------------------------------------------------------------------------------------------------


def test_an_address_signs_in_like_the_username(ada):
    client = browser()
    client.post("/sign-in", {"username": "ADA@example.org", "password": PASSWORD})
    assert is_in(client)
    assert nobody().post("auth/token", {"username": "ada@example.org", "password": PASSWORD}).status_code == 200


def test_an_address_of_two_accounts_leads_to_neither(ada):
    person("eve", password=PASSWORD, email="ada@example.org")
    client = browser()
    client.post("/sign-in", {"username": "ada@example.org", "password": PASSWORD})
    assert not is_in(client)


def test_a_verified_address_is_not_taken_by_whoever_writes_it_into_a_profile(ada):
    ada.emailaddress_set.create(email="ada@example.org", verified=True, primary=True)
    person("eve", password="quite-another-password", email="ada@example.org")
    client = browser()
    client.post("/sign-in", {"username": "ada@example.org", "password": PASSWORD})
    assert is_in(client)


@pytest.mark.parametrize("who", [lambda: agent(password=PASSWORD), lambda: person(password=PASSWORD, is_active=False)])
def test_agents_and_the_deactivated_are_answered_as_unknown_names_are(who):
    known = browser().post("/sign-in", {"username": who().username, "password": PASSWORD})
    unknown = browser().post("/sign-in", {"username": "nobody", "password": PASSWORD})
    assert known.context["form"].errors == unknown.context["form"].errors
    assert not SignIn.objects.exists()


def test_pages_and_api_share_one_lock(ada, settings):
    settings.CHAT_RATE_LIMITS = "on"
    settings.CHAT_LIMIT_SIGN_INS = settings.CHAT_LIMIT_ANONYMOUS = "1000/1"
    settings.CHAT_LIMIT_FAILURES = "4/1800"
    for name in ("ada", "ada@example.org"):
        browser().post("/sign-in", {"username": name, "password": "wrong"})
        nobody().post("auth/token", {"username": name, "password": "wrong"})
    page = browser().post("/sign-in", {"username": "ada", "password": PASSWORD})
    assert page.status_code == 429
    assert page.headers["Retry-After"]
    assert 'value="ada"' in page.content.decode()
    assert nobody().post("auth/token", {"username": "ada", "password": PASSWORD}).status_code == 429


# --- the account ------------------------------------------------------------------------------------------------------


def test_the_profile_is_changed_by_a_form_and_refusals_keep_what_was_typed(ada):
    client = signed_in(ada)
    assert client.post("/account", {"display_name": "Ada L."}).status_code == 302
    ada.refresh_from_db()
    assert ada.display_name == "Ada L."
    refused = client.post("/account", {"display_name": "x" * 81})
    assert refused.context["form"]["display_name"].value() == "x" * 81
    ada.refresh_from_db()
    assert ada.display_name == "Ada L."


def test_sign_ins_are_listed_and_ended(ada):
    mine, other = signed_in(ada), signed_in(ada)
    theirs = services.sign_in_start(participant=person())
    (row,) = SignIn.objects.filter(participant=ada).exclude(pk=mine.session["sign_in"])
    assert reverse("sign-in-end", args=[row.pk]) in mine.get("/account").content.decode()
    mine.get(reverse("sign-in-end", args=[row.pk]))
    assert is_in(other)
    mine.post(reverse("sign-in-end", args=[row.pk]))
    mine.post(reverse("sign-in-end", args=[theirs.pk]))
    assert (is_in(mine), is_in(other)) == (True, False)
    assert services.find_live_sign_in(theirs.pk)


def test_all_others_are_ended_at_once(ada):
    mine, others = signed_in(ada), [signed_in(ada), signed_in(ada)]
    mine.post(reverse("sign-in-end-others"))
    assert [is_in(one) for one in (mine, *others)] == [True, False, False]


def test_the_page_costs_the_same_however_many_sign_ins_there_are(ada, django_assert_num_queries):
    client = signed_in(ada)
    for many in (1, 10):
        for _ in range(many):
            services.sign_in_start(participant=ada)
        with django_assert_num_queries(7):
            client.get("/account")


# --- passwords --------------------------------------------------------------------------------------------------------


def test_a_new_password_ends_all_other_sign_ins_and_rings(ada, monkeypatch, django_capture_on_commit_callbacks):
    rung: list[object] = []
    monkeypatch.setattr(sign_ins, "access_changed", [rung.append])
    mine, other, api = signed_in(ada), signed_in(ada), client_of(ada)
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    with django_capture_on_commit_callbacks(execute=True):
        mine.post("/account/password", fields)
    assert (is_in(mine), is_in(other), api.get("me").status_code) == (True, False, 401)
    assert ada.pk in rung


def test_a_password_that_is_too_weak_is_refused(ada):
    client = signed_in(ada)
    client.post("/account/password", {"oldpassword": PASSWORD, "password1": "short", "password2": "short"})
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_a_forgotten_password_is_set_anew_by_mail_and_ends_every_sign_in(ada):
    client = signed_in(ada)
    browser().post("/reset", {"email": "ada@example.org"})
    (message,) = mail.outbox
    (path,) = re.findall(r"https?://[^/\s]+(/reset/\S+)", str(message.body))
    stranger = browser()
    form = stranger.get(path, follow=True).redirect_chain[-1][0]
    stranger.post(form, {"password1": NEW, "password2": NEW})
    assert not is_in(client)
    ada.refresh_from_db()
    assert ada.check_password(NEW)


def test_a_reset_for_an_unknown_address_sends_nothing_and_says_the_same(ada):
    answers = [browser().post("/reset", {"email": f"{name}@example.org"}) for name in ("ada", "nobody")]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


# --- guests -----------------------------------------------------------------------------------------------------------


def test_a_guest_becomes_an_account_with_all_that_is_theirs():
    gustav = guest(display_name="Gustav")
    conversation = conversation_of(person(), gustav)
    client = browser()
    client.force_login(gustav)
    client.post("/account/upgrade", {"username": "gustav", "password": NEW})
    gustav.refresh_from_db()
    assert (gustav.kind, gustav.username, gustav.display_name) == ("human", "gustav", "Gustav")
    assert client.get(reverse("conversation", args=[conversation.pk])).status_code == 200
    assert nobody().post("auth/token", {"username": "gustav", "password": NEW}).status_code == 200


@pytest.mark.parametrize("fields", [{"username": "ADA"}, {"password": "short"}, {"username": "a b"}])
def test_an_upgrade_follows_the_rules_of_registration(ada, fields):
    gustav = guest()
    client = browser()
    client.force_login(gustav)
    page = client.post("/account/upgrade", {"username": "gustav", "password": NEW} | fields)
    assert set(page.context["form"].errors) == set(fields)
    gustav.refresh_from_db()
    assert gustav.kind == "guest"


def test_only_guests_upgrade_and_only_while_registration_is_open(ada, settings):
    assert signed_in(ada).post("/account/upgrade", {"username": "x", "password": NEW}).status_code == 403
    settings.CHAT_REGISTRATION = "off"
    client = browser()
    client.force_login(guest())
    assert client.post("/account/upgrade", {"username": "x", "password": NEW}).status_code == 403


# --- providers --------------------------------------------------------------------------------------------------------


def test_providers_are_read_from_one_variable():
    found = providers.parse(
        '[{"provider": "openid_connect", "id": "work", "server_url": "https://id.example.com/x", '
        '"client_id": "a", "secret": "b"}, {"provider": "github", "client_id": "c", "secret": "d"}]'
    )
    assert found.origins == ["https://github.com", "https://id.example.com"]
    assert found.options["openid_connect"]["APPS"][0]["settings"] == {"server_url": "https://id.example.com/x"}
    assert found.apps[1] == "allauth.socialaccount.providers.github"


@pytest.mark.parametrize("text", ["x", "{}x", '[{"provider": "github"}]', '[{"provider": "unheard", "client_id": 1}]'])
def test_providers_that_cannot_be_read_stop_the_start(text):
    with pytest.raises(ImproperlyConfigured):
        providers.parse(text)
