"""What people do to messages, and what happens to what they write when the line or the page goes."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow, Window
from tests.browser.test_conversation import talking


def press_tool(one: Window, index: int, name: str) -> None:
    """Press a tool of a stored message."""
    one.stored.nth(index).hover()
    one.page.locator("#tools").get_by_role("button", name=name).click()


def test_messages_are_answered_reacted_to_edited_and_deleted(window: OpenWindow):
    ada, grace = talking(window)
    ada.say("first")
    grace.sees("first")
    press_tool(grace, 0, "Reply")
    expect(grace.page.locator("#about")).to_contain_text("Replies to Ada")
    grace.say("second")
    expect(ada.stored.nth(1).locator(".quoted")).to_contain_text("first")
    expect(ada.stored.nth(0).locator(".replies")).to_have_text("1 reply")

    press_tool(grace, 0, "React")
    grace.page.get_by_label("Search emoji").fill("tada")
    grace.page.get_by_label("Search emoji").press("Enter")
    chip = ada.stored.nth(0).locator(".reaction")
    expect(chip).to_have_text("🎉 1")
    chip.click()
    expect(grace.stored.nth(0).locator(".reaction")).to_have_text("🎉 2")
    expect(chip).to_have_attribute("aria-pressed", "true")

    grace.field.press("ArrowUp")
    expect(grace.field).to_have_value("second")
    grace.write("changed")
    expect(ada.stored.nth(1).locator(".body")).to_have_text("changed")
    expect(ada.stored.nth(1).locator(".edited")).to_be_visible()

    press_tool(ada, 0, "More")
    ada.page.get_by_role("menuitem", name="Delete").click()
    ada.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(grace.stored.nth(0).locator(".body")).to_have_text("This message was deleted.")
    grace.page.reload()
    grace.connected()
    expect(grace.stored.nth(1).locator(".quoted")).to_contain_text("This message was deleted.")


def test_what_is_written_offline_arrives_once_and_in_order_also_after_a_closed_tab(window: OpenWindow):
    ada, grace = talking(window)
    address = ada.page.url
    ada.say("before")
    ada.page.route_web_socket(re.compile("/chat/ws$"), lambda route: None)
    ada.page.reload()
    for number in range(3):
        ada.write(f"unsent {number}")
    expect(ada.page.locator("[data-state=sending]")).to_have_count(3)
    # Drafts and the outbox are written in the background; what a reload shows again was written.
    ada.page.reload()
    expect(ada.page.locator("[data-state=sending]")).to_have_count(3)
    ada.page.close()
    ada.page = ada.context.new_page()
    ada.page.goto(address)
    everything = ("before", *(f"unsent {number}" for number in range(3)))
    ada.connected().sees(*everything)
    grace.sees(*everything)
    ada.page.reload()
    ada.connected().sees(*everything)


def test_a_draft_outlives_the_page(window: OpenWindow):
    ada, _ = talking(window)
    with ada.page.expect_response(lambda response: response.url.endswith("/draft")):
        ada.field.press_sequentially("half a thou")
    ada.page.reload()
    expect(ada.connected().field).to_have_value("half a thou")
    ada.field.press_sequentially("ght")
    ada.field.press("Enter")
    ada.sees("half a thought")
    ada.page.reload()
    expect(ada.connected().field).to_have_value("")


def test_names_are_completed_and_a_preview_is_shown(window: OpenWindow):
    ada, grace = talking(window)
    ada.field.press_sequentially("@gra")
    expect(ada.page.get_by_role("option", name="Grace")).to_be_visible()
    ada.field.press("Enter")
    expect(ada.field).to_have_value(re.compile(r"^@person\d+ $"))
    ada.field.press_sequentially("**look**")
    ada.page.get_by_role("button", name="Preview").click()
    expect(ada.page.locator("#preview strong")).to_have_text("look")
    ada.field.press("Enter")
    expect(grace.stored.last.locator("strong")).to_have_text("look")


def test_a_link_to_a_message_leads_there_and_the_end_is_a_press_away(window: OpenWindow):
    ada, grace = talking(window)
    for number in range(70):
        ada.write(f"message {number}")
    expect(ada.stored).to_have_count(70)
    row = ada.stored.nth(2)
    link = f"{ada.page.url}?at={row.get_attribute('data-sequence')}#{row.get_attribute('id')}"
    grace.page.goto(link)
    grace.connected()
    expect(grace.page.locator(f"#{row.get_attribute('id')}")).to_be_in_viewport()
    ada.say("news")
    grace.page.locator("#newer").click()
    expect(grace.stored.last.locator(".body")).to_have_text("news")
    expect(grace.stored.last).to_be_in_viewport()


def test_people_are_invited_and_moderated_without_leaving_the_page(window: OpenWindow):
    ada, grace = talking(window)
    panel = ada.page.locator("#people")
    if not panel.is_visible():
        ada.page.locator(".people-button").click()
    panel.get_by_role("link", name="Invite people").click()
    dialog = ada.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make a link").click()
    expect(dialog.get_by_label("Link of the invitation")).to_have_value(re.compile("/i/"))
    ada.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    if not panel.is_visible():
        ada.page.locator(".people-button").click()
    panel.get_by_role("button", name="Manage Grace").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(grace.page.get_by_text("You are no longer a participant of this conversation.")).to_be_visible()
    expect(ada.page.locator("#entries > .notice").last).to_have_text("Grace was removed")


def test_on_a_phone_the_newest_message_and_the_field_are_in_view(window: OpenWindow):
    ada = window(viewport={"width": 390, "height": 780}).sign_up("Ada")
    address = ada.create("Tea")
    ada.connected()
    for number in range(3):
        ada.say("\n\n".join([f"long {number}"] + ["line"] * 12))
    for _ in range(2):
        expect(ada.field).to_be_in_viewport()
        expect(ada.stored.last.get_by_text("line").last).to_be_in_viewport()
        assert ada.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        ada.page.goto(address)
        ada.connected()


def test_the_sidebar_tells_who_said_what_last(window: OpenWindow):
    ada, grace = talking(window)
    ada.say("**now** and `then`")
    for one in (ada, grace):
        preview = one.page.locator("#conversations .side-preview")
        expect(preview).to_have_text("Ada: now and then")
        one.page.reload()
        expect(preview).to_have_text("Ada: now and then")
