"""What a browser keeps of conversations: shown at once while their pages are on the way, and without a line."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenWindow, Window
from tests.browser.test_accessibility import assert_accessible, assert_fits, small_targets
from tests.browser.test_conversation import talking
from tests.browser.test_live_page import press_tool
from tests.conftest import StartServer
from tests.personas import PASSWORD

KEPT = """() => new Promise((resolve) => {
    indexedDB.open("chat").onsuccess = ({ target }) => {
        const rows = target.result.transaction("kept").objectStore("kept").getAll();
        rows.onsuccess = () => { target.result.close(); resolve(rows.result); };
    };
})"""
AGED = """(days) => new Promise((resolve) => {
    indexedDB.open("chat").onsuccess = ({ target }) => {
        const transaction = target.result.transaction("kept", "readwrite");
        const store = transaction.objectStore("kept");
        store.getAll().onsuccess = ({ target: { result } }) => {
            for (const row of result) store.put({ ...row, at: Date.now() - days * 86400000 });
        };
        transaction.oncomplete = () => { target.result.close(); resolve(); };
    };
})"""
FULL = """IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };"""
OFFLINE = "This is what this browser keeps of the conversation"
MOST = 50


def kept(one: Window) -> dict[str, list[dict[str, Any]]]:
    """What the browser keeps, by title: the messages."""
    return {row["title"]: row["messages"] for row in one.page.evaluate(KEPT)}


def until_kept(one: Window, holds: Callable[[dict[str, list[dict[str, Any]]]], bool]) -> None:
    """Wait until what is kept is as it should be: it is written when the page has nothing else to do."""
    for _ in range(200):
        if holds(kept(one)):
            return
        one.page.wait_for_timeout(100)
    pytest.fail(f"it keeps {kept(one)}")


def texts_of(one: Window, title: str) -> list[str]:
    """The texts that are kept of a conversation."""
    return [message["html"] for message in kept(one).get(title, [])]


def with_two(one: Window) -> tuple[str, str]:
    """Somebody on the page of Coffee, whose browser keeps what was said in Tea; both addresses."""
    tea = one.create("Tea", description="Bring your own cup")
    one.connected().say("hello **you**")
    one.say("and again")
    until_kept(one, lambda rows: len(rows.get("Tea", [])) == 2)
    coffee = one.create("Coffee")
    one.connected().reached("returning")
    return tea, coffee


def choose(one: Window, title: str) -> None:
    """Click a conversation in the sidebar."""
    one.page.locator("#conversations").get_by_role("link", name=title).click(no_wait_after=True)


def test_another_conversation_is_shown_while_its_page_is_on_the_way(window: OpenWindow):
    ada, grace = window().sign_up("Ada"), window().sign_up("Grace")
    tea, coffee = with_two(ada)
    grace.enter(coffee)
    held: list[Route] = []  # what is asked before the page is

    def hold(route: Route) -> None:
        held.append(route)

    ada.page.route("**/health/live", hold)
    choose(ada, "Tea")
    view = ada.page.locator(".kept")
    expect(view.locator(".body")).to_have_text(["hello you", "and again"])
    expect(view.locator("strong")).to_have_text("you")
    expect(view.get_by_role("heading", name="Tea")).to_be_visible()
    expect(view.get_by_text("Bring your own cup")).to_be_visible()
    expect(view.get_by_role("log")).to_have_attribute("aria-live", "off")
    expect(ada.page.locator("#conversations [aria-current=page]")).to_contain_text("Tea")
    expect(ada.page).to_have_title("Tea · Chat")
    expect(ada.page).to_have_url(coffee)
    expect(ada.page.locator("#main")).to_have_attribute("inert", "")
    grace.say("meanwhile")
    expect(ada.page.locator("#entries .body")).to_have_text(["meanwhile"])
    expect(view.locator(".body")).to_have_count(2)
    for route in held:
        route.continue_()
    ada.page.wait_for_url(tea)
    expect(view).to_have_count(0)
    ada.connected().sees("hello you", "and again")


def test_without_a_line_it_is_shown_until_there_is_one(window: OpenWindow):
    ada = window().sign_up("Ada")
    tea, coffee = with_two(ada)
    ada.context.set_offline(True)
    choose(ada, "Tea")
    view = ada.page.locator(".kept")
    expect(view.get_by_role("status")).to_contain_text(OFFLINE)
    expect(view.locator(".body")).to_have_text(["hello you", "and again"])
    expect(view.get_by_role("log")).to_have_attribute("aria-busy", "false")
    choose(ada, "Coffee")
    expect(view).to_have_count(0)
    expect(ada.field).to_be_editable()
    expect(ada.page.locator("#conversations [aria-current=page]")).to_contain_text("Coffee")
    choose(ada, "Tea")
    expect(view).to_have_count(1)
    expect(ada.page).to_have_url(coffee)
    ada.context.set_offline(False)
    ada.page.wait_for_url(tea)
    ada.connected().sees("hello you", "and again")
    ada.page.go_back()
    expect(ada.page).to_have_url(coffee)
    ada.connected()
    expect(view).to_have_count(0)
    expect(ada.page).to_have_title("Coffee · Chat")


def test_a_server_that_is_away_is_waited_for(window: OpenWindow, start_server: StartServer):
    server = start_server()
    ada = window(url=server.url).sign_up("Ada")
    tea, _ = with_two(ada)
    server.stop()
    expect(ada.page.get_by_text("Connection lost. Connecting again…")).to_be_visible()
    choose(ada, "Tea")
    expect(ada.page.locator(".kept").get_by_role("status")).to_contain_text(OFFLINE)
    server.start()
    ada.page.wait_for_url(tea, timeout=60_000)  # the line comes back within 30 s
    ada.connected().sees("hello you", "and again")


def test_the_newest_are_kept_as_they_are_now(window: OpenWindow):
    ada, grace = talking(window)
    for number in range(MOST + 3):
        ada.write(f"message {number}")
    until_kept(grace, lambda rows: len(rows.get("Tea", [])) == MOST and "message 52" in rows["Tea"][-1]["html"])
    assert "message 3<" in texts_of(grace, "Tea")[0]
    press_tool(ada, MOST + 2, "More")
    ada.page.get_by_role("menuitem", name="Delete").click()
    ada.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(ada.stored.last.locator(".body")).to_have_text("This message was deleted.")
    ada.field.press("ArrowUp")
    expect(ada.field).to_have_value("message 51")
    ada.write("changed")
    for one in (ada, grace):
        until_kept(one, lambda rows: "changed" in rows["Tea"][-2]["html"] and rows["Tea"][-1]["deleted"])
        assert not any("message 52" in text or "message 51" in text for text in texts_of(one, "Tea"))


def test_nothing_is_kept_of_a_conversation_that_one_was_removed_from(window: OpenWindow):
    ada, grace = talking(window)
    ada.say("secret")
    until_kept(grace, lambda rows: len(rows.get("Tea", [])) == 1)
    grace.create("Coffee")
    grace.connected().reached("returning")
    panel = ada.page.locator("#people")
    if not panel.is_visible():
        ada.page.locator(".people-button").click()
    panel.get_by_role("button", name="Manage Grace").click()
    ada.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    until_kept(grace, lambda rows: "Tea" not in rows)
    expect(grace.page.locator("#conversations")).not_to_contain_text("Tea")


def test_leaving_a_conversation_forgets_it_also_where_no_page_was_open(window: OpenWindow):
    ada, grace = talking(window)
    ada.say("secret")
    until_kept(grace, lambda rows: len(rows.get("Tea", [])) == 1)
    tea = grace.page.url
    grace.page.goto("about:blank")
    other = grace.context.new_page()
    other.add_init_script("delete globalThis.indexedDB")  # a page that keeps and forgets nothing
    other.goto(tea)
    other.get_by_text("Leave…").click()
    other.get_by_role("button", name="Leave this conversation").click()
    other.wait_for_url("**/conversations")
    other.close()
    grace.page.goto("/conversations")
    until_kept(grace, lambda rows: not rows)


def test_signing_out_leaves_nothing_behind(window: OpenWindow):
    ada = window().sign_up("Ada")
    with_two(ada)
    ada.say("a last word")
    ada.page.get_by_role("button", name="Sign out").click()
    expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert kept(ada) == {}


def test_who_signs_in_next_finds_nothing_of_the_one_before(window: OpenWindow):
    ada, grace = window().sign_up("Ada"), window()
    with_two(ada)
    grace.page.goto("/sign-up")
    grace.page.get_by_label("Username").fill("the-next-one")
    grace.page.get_by_label("Name shown to others").fill("Grace")
    grace.page.get_by_label("Password").fill(PASSWORD)
    grace.page.get_by_role("button", name="Make the account").click()
    expect(grace.page).to_have_url(f"{grace.url}/conversations")
    ada.context.clear_cookies()
    ada.context.add_cookies(grace.context.cookies())  # type: ignore[arg-type]
    ada.page.goto("/conversations")
    until_kept(ada, lambda rows: not rows)


def test_what_was_not_looked_at_for_a_month_is_forgotten(window: OpenWindow):
    ada = window().sign_up("Ada")
    with_two(ada)
    ada.page.evaluate(AGED, 31)
    ada.page.goto("/conversations")
    until_kept(ada, lambda rows: "Tea" not in rows)


def test_a_full_disk_costs_the_instant_return_and_nothing_else(window: OpenWindow):
    ada = window().sign_up("Ada")
    ada.context.add_init_script(FULL)
    tea = ada.create("Tea")
    ada.connected().say("hello")
    ada.create("Coffee")
    ada.connected().reached("returning").say("hello there")
    assert kept(ada) == {}
    choose(ada, "Tea")
    ada.page.wait_for_url(tea)
    ada.connected().sees("hello")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_list_leads_there_at_once_and_back(window: OpenWindow, scheme: str):
    ada = window(viewport={"width": 320, "height": 568}, color_scheme=scheme).sign_up("Ada")
    with_two(ada)
    ada.page.goto("/conversations")
    ada.reached("returning")
    ada.context.set_offline(True)
    choose(ada, "Tea")
    view = ada.page.locator(".kept")
    expect(view.get_by_role("status")).to_contain_text(OFFLINE)
    expect(view.locator(".body").last).to_be_in_viewport()
    assert_accessible(ada.page, "what is kept")
    assert_fits(ada.page, "what is kept")
    assert small_targets(view.page) == []
    view.get_by_role("link", name="Conversations").click()
    expect(view).to_have_count(0)
    expect(ada.page.locator("#conversations").get_by_role("link", name="Tea")).to_be_focused()
    expect(ada.page).to_have_url(f"{ada.url}/conversations")
    ada.context.set_offline(False)
