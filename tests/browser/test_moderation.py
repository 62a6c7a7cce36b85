"""Inviting, joining and keeping order, each seen live in the other window."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow, Window
from tests.servers import ServerProcess

ANNOUNCE = """
from conversations.services.administration import announcement_send
from participants.models import Participant
announcement_send(by=Participant.objects.first(), conversation_id="{key}", content="We are closing **soon**.")
"""


def make_link(one: Window, address: str, *, guests: bool = False) -> str:
    """The path of a new invitation."""
    one.page.goto(f"{address}/invitations")
    if guests:
        one.page.get_by_label("Guests may use it").check()
    one.page.get_by_role("button", name="Make a link").click()
    link = one.page.get_by_label("Link of the invitation").input_value()
    return link[link.index("/i/") :]


def talking(window: OpenWindow) -> tuple[Window, Window, str]:
    """An owner, who is about to manage, and a member whose page is live; and the conversation's address."""
    ada, grace = window().sign_up("Ada"), window().sign_up("Grace")
    address = ada.create("Tea")
    grace.enter(address)
    return ada, grace, address


def manage(ada: Window, address: str, name: str) -> None:
    """Open what can be done to somebody."""
    ada.page.goto(f"{address}/participants")
    ada.page.locator("#participants > li", has_text=name).locator("summary").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_an_invitation_brings_in_a_new_account(window: OpenWindow, scripts: bool):
    ada, grace = window(java_script_enabled=scripts).sign_up("Ada"), window(java_script_enabled=scripts)
    address = ada.create("Private tea", public=False)
    grace.page.goto(make_link(ada, address))
    expect(grace.page.get_by_role("heading", name="Private tea")).to_be_visible()
    grace.page.get_by_role("link", name="Make an account and join").click()
    grace.page.get_by_label("Username").fill(f"grace-by-link-{scripts}")
    grace.page.get_by_label("Password").fill("correct-horse-battery-staple")
    grace.page.get_by_role("button", name="Make the account").click()
    grace.page.get_by_role("button", name=f"Join as grace-by-link-{scripts}").click()
    expect(grace.page).to_have_url(address)
    expect(grace.field).to_be_visible()


def test_the_link_is_shown_once_and_copied(window: OpenWindow):
    ada = window(permissions=["clipboard-read", "clipboard-write"]).sign_up()
    address = ada.create("Tea", public=False)
    path = make_link(ada, address)
    ada.page.get_by_role("button", name="Copy").click()
    expect(ada.page.get_by_role("button", name="Copied")).to_be_visible()
    assert ada.page.evaluate("navigator.clipboard.readText()").endswith(path)
    ada.page.goto(f"{address}/invitations")
    expect(ada.page.locator("#invitations > li")).to_have_count(1)
    assert path not in ada.page.content()
    ada.page.get_by_role("button", name="Revoke").click()
    ada.page.goto(path)
    expect(ada.page.get_by_role("heading", name="Gone")).to_be_visible()


def test_a_guest_joins_writes_and_becomes_an_account(window: OpenWindow):
    ada, grace = window().sign_up("Ada"), window()
    address = ada.create("Tea", public=False)
    grace.page.goto(make_link(ada, address, guests=True))
    grace.page.get_by_label("Your name").fill("Grace")
    grace.page.get_by_role("button", name="Join as a guest").click()
    grace.connected().say("hello")
    ada.page.goto(address)
    ada.connected().sees("hello")
    grace.page.goto("/account/upgrade")
    grace.page.get_by_label("Username").fill("grace-the-guest")
    grace.page.get_by_label("Password").fill("correct-horse-battery-staple")
    grace.page.get_by_role("button", name="Make the account").click()
    expect(grace.page.get_by_text("You have an account now.")).to_be_visible()
    grace.page.goto(address)
    grace.connected().say("still me")
    ada.sees("hello", "still me")


def test_locking_takes_the_field_away_and_unlocking_gives_it_back_with_what_was_typed(window: OpenWindow):
    ada, grace, address = talking(window)
    grace.field.fill("half a thou")
    ada.page.goto(f"{address}/settings")
    ada.page.get_by_role("button", name="Lock", exact=True).click()
    expect(grace.field).to_be_hidden()
    expect(grace.page.locator("#refusal")).to_contain_text("locked")
    ada.page.get_by_role("button", name="Unlock").click()
    expect(grace.field).to_be_visible()
    expect(grace.field).to_have_value("half a thou")
    expect(grace.page.locator("#refusal")).to_be_hidden()


def test_archiving_makes_an_open_page_read_only(window: OpenWindow):
    ada, grace, address = talking(window)
    ada.page.goto(f"{address}/settings")
    ada.page.get_by_role("button", name="Archive").click()
    expect(grace.field).to_be_hidden()
    expect(grace.page.locator("#refusal")).to_contain_text("archived")
    ada.page.get_by_role("button", name="Open again").click()
    expect(grace.field).to_be_visible()


def test_another_role_takes_the_field_away_and_gives_it_back(window: OpenWindow):
    ada, grace, address = talking(window)
    for role, sees_field in (("Observer", False), ("Member", True)):
        manage(ada, address, "Grace")
        ada.page.get_by_label("Role").select_option(role)
        ada.page.get_by_role("button", name="Change").click()
        expect(grace.field).to_be_visible(visible=sees_field)


def test_whoever_is_muted_is_told_before_they_write_and_until_when(window: OpenWindow):
    ada, grace, address = talking(window)
    manage(ada, address, "Grace")
    ada.page.get_by_label("Mute for").select_option("10 minutes")
    ada.page.get_by_role("button", name="Mute").click()
    expect(ada.page.get_by_text("muted until")).to_be_visible()
    grace.field.focus()
    expect(grace.field).to_be_hidden()
    expect(grace.page.locator("#refusal")).to_contain_text("muted")
    expect(grace.page.locator("#refusal time")).to_have_text(re.compile(r"\d"))
    grace.page.reload()
    expect(grace.field).to_have_count(0)
    expect(grace.page.locator("#refusal")).to_contain_text("You can write again from")


@pytest.mark.parametrize(("deed", "notice"), [("Remove", "Grace was removed"), ("Ban", "Grace was banned")])
def test_whoever_is_taken_out_is_told_at_once(window: OpenWindow, deed: str, notice: str):
    ada, grace, address = talking(window)
    manage(ada, address, "Grace")
    ada.page.get_by_role("button", name=deed, exact=True).click()
    expect(grace.page.get_by_text("You are no longer a participant of this conversation.")).to_be_visible()
    expect(ada.page.locator("#participants > li")).to_have_count(1)
    ada.page.goto(address)
    expect(ada.page.locator("#entries > .notice").last).to_have_text(notice)


def test_the_pages_fit_a_small_phone(window: OpenWindow):
    ada = window(viewport={"width": 320, "height": 568}).sign_up("W" * 80)
    address = ada.create("T" * 120, public=False)
    path = make_link(ada, address, guests=True)
    paths = [f"{address}/{part}" for part in ("invitations", "participants", "settings")]
    for place in (*paths, path, "/account", "/account/email", "/account/codes", "/account/password"):
        ada.page.goto(place)
        assert ada.page.evaluate("document.documentElement.scrollWidth") <= 320, place


def test_an_announcement_comes_live_and_is_the_site_s(window: OpenWindow, server: ServerProcess):
    _, grace, address = talking(window)
    server.installation.manage("shell", "-c", ANNOUNCE.format(key=address.rsplit("/", 1)[1]))
    row = grace.page.locator("#entries > .message.system")
    expect(row.locator(".name")).to_have_text("Announcement")
    expect(row.locator(".body strong")).to_have_text("soon")
