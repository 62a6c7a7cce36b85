"""Everything works where scripts do not run, and on a narrow screen."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow, Window

LONG = "a" * 200


def press_send(one: Window, text: str) -> None:
    one.field.fill(text)
    one.page.get_by_role("button", name="Send").click()


def test_people_talk_without_scripts(window: OpenWindow):
    ada, grace = (window(java_script_enabled=False).sign_up(name) for name in ("Ada", "Grace"))
    address = ada.create("Tea")
    press_send(ada, "hello")
    ada.sees("hello")
    grace.page.goto(address)
    grace.page.get_by_role("button", name="Join this conversation").click()
    grace.sees("hello")
    press_send(grace, "hello you")
    grace.sees("hello", "hello you")
    ada.page.goto("/conversations")
    expect(ada.page.locator(".unread")).to_contain_text("1 unread")
    ada.page.get_by_role("link", name="Tea").click()
    ada.page.get_by_role("button", name="Mark as read").click()
    ada.page.goto("/conversations")
    expect(ada.page.locator(".unread")).to_have_count(0)
    ada.page.get_by_role("button", name="Sign out").click()
    expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_older_history_is_a_page_away(window: OpenWindow):
    ada = window(java_script_enabled=False).sign_up()
    ada.create("Tea")
    for number in range(52):
        press_send(ada, f"message {number}")
    expect(ada.stored).to_have_count(50)
    expect(ada.stored.last).to_be_in_viewport()
    ada.page.get_by_role("link", name="Older messages").click()
    ada.sees("message 0", "message 1")
    ada.page.get_by_role("link", name="To the newest messages").click()
    expect(ada.stored).to_have_count(50)


def test_what_is_refused_stays_in_the_field(window: OpenWindow):
    ada = window(java_script_enabled=False).sign_up()
    ada.create("Tea")
    press_send(ada, "x" * 10_001)
    expect(ada.page.get_by_role("alert").first).to_contain_text("10,001")
    expect(ada.field).to_have_value("x" * 10_001)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_form_that_is_sent_twice_is_stored_once(window: OpenWindow, scripts: bool):
    ada = window(java_script_enabled=scripts).sign_up()
    address = ada.create("Tea")
    form = {
        name: ada.page.locator(f"#composer [name={name}]").input_value()
        for name in ("csrfmiddlewaretoken", "message_id")
    }
    for _ in range(2):
        answer = ada.page.request.post(f"{address}/send", form={**form, "content": "once"})
        assert answer.ok
    ada.page.reload()
    ada.sees("once")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_small_phone(window: OpenWindow, scheme: str):
    ada = window(viewport={"width": 320, "height": 568}, color_scheme=scheme).sign_up("W" * 80)
    address = ada.create("T" * 120, description=LONG)
    ada.connected()
    for text in (LONG, f"https://example.org/{LONG}", f"```\n{LONG}\n```", "|a|b|\n|-|-|\n|" + "x|" * 2, f"> {LONG}"):
        ada.say(text)
    for path in (address, "/conversations", "/explore", "/nowhere", "/c/00000000-0000-4000-8000-000000000000"):
        ada.page.goto(path)
        width = ada.page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
        assert width <= 320, path
    ada.page.goto(address)
    ada.page.get_by_role("button", name="participants").click()
    expect(ada.page.get_by_role("heading", name="Participants")).to_be_in_viewport()
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_role("heading", name="Participants")).to_be_hidden()
    small = ada.page.evaluate(
        """() => [...document.querySelectorAll("button, summary, .bar a, input:not([type=hidden]), textarea")]
            .filter((e) => e.checkVisibility() && e.getBoundingClientRect().width > 1)
            .filter((e) => Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < 43.5)
            .map((e) => e.outerHTML)"""
    )
    assert small == []


def test_the_keyboard_reaches_everything_and_shows_where_it_is(window: OpenWindow):
    ada = window().sign_up("Ada")
    ada.page.goto("/conversations")
    ada.page.keyboard.press("Tab")
    expect(ada.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(ada.page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    for name in ("Chat", "Search messages", "Explore", "New conversation"):
        ada.page.keyboard.press("Tab")
        focused = ada.page.locator(":focus-visible")
        expect(focused).to_have_text(name)
        assert focused.evaluate("element => getComputedStyle(element).boxShadow") != "none"
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_label("Title")).to_be_focused()
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_role("button", name="New conversation")).to_be_focused()
