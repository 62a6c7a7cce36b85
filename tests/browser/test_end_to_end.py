"""One story: people come in by a link, work on something together, ask an agent, are moderated, and leave."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.conftest import OpenWindow, Window
from tests.browser.test_live_page import press_tool
from tests.servers import Installations, ServerProcess

ASSISTANT = {"username": "helper", "display_name": "Helper", "kind": "agent", "agent": {"provider": "builtin"}}
FILE = FilePayload(name="tides.txt", mimeType="text/plain", buffer=b"high at noon\n")
# What a screen reader would be told of: rows that come into the log, and changes inside of what was said.
LISTEN = """() => {
    window.told = [];
    window.pieces = 0;
    new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes) {
            if ((target.nodeType === 1 ? target : target.parentElement)?.closest(".body")) window.pieces += 1;
            for (const node of addedNodes) if (node.matches?.(".message")) window.told.push(node.textContent);
        }
    }).observe(document.getElementById("log"), { childList: true, subtree: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def house(installations: Installations, asgi_server: str) -> Iterator[ServerProcess]:
    """A server with an assistant."""
    with ServerProcess(installations.create(ASGI_SERVER=asgi_server)) as server:
        server.provision({"participants": [ASSISTANT]})
        yield server
        server.assert_clean_log()


def last_notice(one: Window) -> Locator:
    """The newest line that is no message."""
    return one.page.locator("#entries > .notice").last


def link_to(one: Window) -> str:
    """The path of an invitation that was made in the page."""
    panel(one).get_by_role("link", name="Invite people").click()
    dialog = one.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make a link").click()
    made = dialog.get_by_label("Link of the invitation")
    expect(made).to_have_value(re.compile("/i/"))
    link = made.input_value()
    one.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    return link


def panel(one: Window) -> Locator:
    """What tells about the people and the conversation, open."""
    people = one.page.locator("#people")
    if not people.is_visible():
        one.page.locator(".people-button").click()
    return people


def come_in(one: Window, link: str, name: str) -> None:
    """Join by a link."""
    one.page.goto(link)
    one.page.get_by_role("button", name=f"Join as {name}").click()
    one.connected()


def test_two_people_and_an_agent_from_the_invitation_to_the_farewell(window: OpenWindow, house: ServerProcess):
    ada, grace, eve = (window(url=house.url).sign_up(name) for name in ("Ada", "Grace", "Eve"))

    # In by a link.
    address = ada.create("Harbour", public=False)
    ada.connected()
    link = link_to(ada)
    for one, name in ((grace, "Grace"), (eve, "Eve")):
        come_in(one, link, name)
        expect(one.page).to_have_url(address)
        expect(last_notice(ada)).to_have_text(f"{name} joined")

    # Talk, answer, react, change.
    ada.say("When is the boat at the harbour?")
    grace.sees("When is the boat at the harbour?")
    press_tool(grace, 0, "Reply")
    grace.say("At eleven")
    expect(ada.stored.nth(1).locator(".quoted")).to_contain_text("When is the boat")
    press_tool(eve, 1, "React")
    eve.page.get_by_label("Search emoji").fill("tada")
    eve.page.get_by_label("Search emoji").press("Enter")
    grace.field.press("ArrowUp")
    expect(grace.field).to_have_value("At eleven")
    grace.write("At **noon**")
    for one in (ada, grace, eve):
        expect(one.stored.nth(1).locator(".body strong")).to_have_text("noon")
        expect(one.stored.nth(1).locator(".edited")).to_be_visible()
        expect(one.stored.nth(1).locator(".reaction")).to_have_text("🎉 1")
    ada.stored.nth(0).locator(".replies").click()
    expect(ada.page.get_by_role("dialog").locator(".message .body")).to_have_text(
        ["When is the boat at the harbour?", "At noon"]
    )
    ada.page.keyboard.press("Escape")

    # A file.
    with grace.page.expect_file_chooser() as choosing:
        grace.page.get_by_role("link", name="Attach a file").click()
    choosing.value.set_files(FILE)
    expect(grace.page.locator("#uploads")).to_contain_text("tides.txt")
    grace.say("The tides")
    for one in (ada, eve):
        expect(one.stored.last.locator(".file")).to_contain_text("tides.txt")
    with ada.page.expect_download() as loading:
        ada.stored.last.locator(".file").click()
    assert loading.value.path().read_bytes() == FILE["buffer"]

    # An agent, brought in, mentioned, and asked by a command.
    panel(ada).get_by_role("button", name="Add an agent").click()
    ada.page.get_by_role("dialog").locator(".agent-row", has_text="Helper").get_by_role("button", name="Add").click()
    for one in (ada, grace):
        expect(last_notice(one)).to_have_text("Helper joined")
    ada.page.evaluate(LISTEN)
    grace.say("@helper who mentioned the harbour?")
    for one in (ada, grace):
        answer = one.stored.filter(has=one.page.locator(".badge:visible")).first
        expect(answer.locator(".name")).to_have_text("Helper")
        expect(answer.locator(".body")).to_contain_text("When is the boat at the harbour?")
        expect(answer.locator(".run-steps")).to_be_attached()
    question, answered = ada.page.evaluate("window.told")  # each once, and whole
    assert "who mentioned the harbour?" in question
    assert "When is the boat at the harbour?" in answered
    assert ada.page.evaluate("window.pieces") == 0
    expect(ada.page.locator("#runs")).to_have_attribute("aria-live", "off")
    ada.write("/agent helper who is here?")
    for one in (ada, grace):
        answer = one.stored.filter(has=one.page.locator(".badge:visible")).nth(1)
        expect(answer.locator(".body")).to_contain_text("4 participants")
    assert ada.texts == grace.texts

    # Found again.
    grace.page.get_by_role("link", name="Search in this conversation").click()
    grace.page.get_by_role("searchbox", name="Words").fill("noon")
    grace.page.get_by_role("button", name="Search", exact=True).click()
    expect(grace.page.locator("#found > li")).to_have_count(1)
    expect(grace.page.locator("#found mark")).to_have_text("noon")
    grace.page.goto(address)
    grace.connected()

    # Order is kept, and seen by everybody at once.
    panel(ada).get_by_role("button", name="Manage Eve").click()
    ada.page.get_by_role("dialog").get_by_role("button", name="Ban").click()
    expect(eve.page.get_by_text("You are no longer a participant of this conversation.")).to_be_visible()
    expect(last_notice(grace)).to_have_text("Eve was banned")
    eve.page.goto(link)
    eve.page.get_by_role("button", name="Join as Eve").click()
    expect(eve.page.locator(".notice-box.error, [role=alert]").first).to_be_visible()
    panel(ada).get_by_role("button", name="Manage Grace").click()
    with ada.page.expect_response(lambda response: "/mutes/" in response.url):
        ada.page.get_by_role("dialog").get_by_role("button", name="Mute").click()
    grace.field.focus()
    expect(grace.page.locator("#refusal")).to_contain_text("muted")

    # Farewell.
    grace.page.get_by_text("Leave…").click()
    grace.page.get_by_role("button", name="Leave this conversation").click()
    grace.page.wait_for_url("**/conversations")
    expect(last_notice(ada)).to_have_text("Grace left")
    expect(ada.page.locator("#members .name")).to_have_text(["Ada", "Helper"])
