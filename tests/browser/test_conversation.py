"""Two people, each in a browser of their own."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow, Window
from tests.conftest import StartServer


def talking(window: OpenWindow, **options) -> tuple[Window, Window]:
    """Two people in one conversation, both live."""
    ada, grace = window(**options).sign_up("Ada"), window(**options).sign_up("Grace")
    address = ada.create("Tea")
    ada.connected()
    grace.enter(address)
    return ada, grace


def test_a_conversation_is_made_found_joined_and_held(window: OpenWindow):
    ada, grace = window().sign_up("Ada"), window().sign_up("Grace")
    ada.create("Tea at four", description="Bring your own cup")
    ada.connected()
    grace.page.get_by_role("link", name="Explore").first.click()
    grace.page.get_by_label("Search public conversations").fill("tea at four")
    grace.page.get_by_role("button", name="Search").click()
    grace.page.get_by_role("button", name="Join Tea at four").click()
    grace.connected()
    expect(ada.page.locator("#entries > .notice").last).to_have_text("Grace joined")
    expect(ada.page.locator("#members .name")).to_have_text(["Ada", "Grace"])

    ada.say("hello")
    grace.sees("hello")
    grace.say("hello **you**")
    ada.sees("hello", "hello you")
    expect(ada.stored.last.locator("strong")).to_have_text("you")
    for number in range(8):
        ada.write(f"ada {number}")
        grace.write(f"grace {number}")
    for one in (ada, grace):
        expect(one.stored).to_have_count(18)
    assert ada.texts == grace.texts
    ada.page.reload()
    assert ada.connected().texts == grace.texts


def test_what_others_do_is_shown_while_it_happens(window: OpenWindow):
    ada, grace = talking(window)
    row = ada.page.locator("#members > li", has_text="Grace")
    expect(row).to_have_attribute("data-presence", "online")
    grace.field.press_sequentially("hmm")
    expect(ada.page.locator("#typing")).to_have_text("Grace is writing…")
    grace.field.press("Enter")
    ada.sees("hmm")
    expect(ada.page.locator("#typing")).to_be_empty()
    grace.page.goto("about:blank")
    expect(row).to_have_attribute("data-presence", "offline")


def test_whoever_leaves_is_led_out_and_the_others_are_told(window: OpenWindow):
    ada, grace = talking(window)
    grace.page.get_by_text("Leave…").click()
    grace.page.get_by_role("button", name="Leave this conversation").click()
    grace.page.wait_for_url("**/conversations")
    expect(ada.page.locator("#entries > .notice").last).to_have_text("Grace left")
    expect(ada.page.locator("#members .name")).to_have_text(["Ada"])


def test_reading_clears_the_unread_count_and_nothing_else_does(window: OpenWindow):
    ada, grace = talking(window)
    grace.page.goto("/conversations")
    ada.say("one")
    ada.say("two")
    grace.page.reload()
    expect(grace.page.locator(".unread")).to_contain_text("2 unread")
    with grace.page.expect_event("websocket") as opening:
        grace.page.get_by_role("link", name="Tea").click()
    with opening.value.expect_event("framesent", lambda frame: '"type":"read"' in frame):
        grace.connected()
    grace.page.goto("/conversations")
    expect(grace.page.locator(".unread")).to_have_count(0)


def test_enter_sends_and_shift_enter_starts_a_line(window: OpenWindow):
    ada, _ = talking(window)
    height = ada.field_height
    ada.field.press_sequentially("one")
    for line in ("two", "three", "four"):
        ada.field.press("Shift+Enter")
        ada.field.press_sequentially(line)
    assert ada.field_height > height
    ada.field.press("Enter")
    ada.sees("one two three four")
    expect(ada.stored.locator("br")).to_have_count(3)
    expect(ada.field).to_have_value("")
    expect(ada.field).to_be_focused()


def test_a_text_that_is_too_long_stays_in_the_field(window: OpenWindow):
    ada, _ = talking(window)
    ada.write("x" * 10_001)
    expect(ada.page.get_by_role("alert")).to_have_text("A message takes 10,000 characters; this has 10,001.")
    expect(ada.field).to_have_value("x" * 10_001)
    expect(ada.stored).to_have_count(0)


def test_who_reads_further_up_stays_there_and_is_told_of_news(window: OpenWindow):
    ada, grace = talking(window)
    for number in range(6):
        ada.say("\n\n".join([f"long {number}"] + ["line"] * 12))
    expect(grace.stored).to_have_count(6)
    first = grace.stored.first
    first.scroll_into_view_if_needed()
    place = first.bounding_box()
    ada.say("news")
    button = grace.page.get_by_role("button", name="1 new message")
    expect(button).to_be_visible()
    assert first.bounding_box() == place
    button.click()
    expect(grace.stored.last).to_be_in_viewport()
    expect(button).to_be_hidden()


def test_older_history_comes_in_above(window: OpenWindow):
    ada, grace = talking(window)
    for number in range(60):
        ada.write(f"message {number}")
    expect(ada.stored).to_have_count(60)
    grace.page.reload()
    grace.connected()
    expect(grace.stored).to_have_count(50)
    grace.page.get_by_role("link", name="Older messages").click()
    expect(grace.stored).to_have_count(60)
    assert grace.texts == [f"message {number}" for number in range(60)]
    expect(grace.page.get_by_text("This is where the conversation begins.")).to_be_visible()


def test_a_restart_loses_nothing_and_the_page_catches_up(window: OpenWindow, start_server: StartServer):
    server = start_server()
    ada, grace = talking(window, url=server.url)
    ada.say("before")
    server.stop()
    expect(ada.page.get_by_text("Connection lost. Connecting again…")).to_be_visible()
    ada.write("while it was away")
    expect(ada.page.locator("[data-state=sending]")).to_have_count(1)
    server.start()
    for one in (ada, grace):
        one.sees("before", "while it was away")
        one.connected()
    grace.page.reload()
    grace.sees("before", "while it was away")
    server.assert_clean_log()


def test_what_was_not_sent_outlives_a_reload_and_is_stored_once(window: OpenWindow):
    ada, grace = talking(window)
    answers = False

    def connect(route) -> None:
        if answers:
            route.connect_to_server()

    ada.page.route_web_socket("**/chat/ws", connect)
    ada.page.reload()
    ada.write("kept")
    expect(ada.page.locator("[data-state=sending]")).to_have_count(1)
    answers = True
    ada.page.reload()
    ada.sees("kept")
    grace.sees("kept")
    ada.page.reload()
    ada.connected().sees("kept")


def test_a_refused_message_says_why_and_can_be_tried_again(window: OpenWindow, start_server: StartServer):
    server = start_server(CHAT_MESSAGE_CHARACTERS="10")
    ada, grace = talking(window, url=server.url)
    refuse = True

    def tamper(route) -> None:
        upstream = route.connect_to_server()

        def pass_on(message: str) -> None:
            upstream.send(message.replace('"content":"short"', '"content":"far too long"') if refuse else message)

        route.on_message(pass_on)

    ada.page.route_web_socket("**/chat/ws", tamper)
    ada.page.reload()
    ada.connected().write("short")
    failed = ada.page.locator("[data-state=failed]")
    expect(failed).to_contain_text("Not sent. A message takes 10 characters")
    refuse = False
    failed.get_by_role("button", name="Try again").click()
    ada.sees("short")
    grace.sees("short")


def test_signing_out_elsewhere_ends_the_page(window: OpenWindow):
    ada, _ = talking(window)
    other = ada.context.new_page()
    other.goto("/conversations")
    other.get_by_role("button", name="Sign out").click()
    expect(ada.page.get_by_text("You are signed out.")).to_be_visible()
    ada.page.get_by_role("link", name="Sign in").click()
    ada.page.wait_for_url(re.compile(r"/sign-in\?next=/c/"))


@pytest.mark.parametrize("path", ["/nowhere", "/c/00000000-0000-4000-8000-000000000000"])
def test_what_is_not_there_is_told_by_a_page(window: OpenWindow, path: str):
    ada = window().sign_up()
    ada.page.goto(path)
    expect(ada.page.get_by_role("heading", name="Not found")).to_be_visible()


def test_what_was_unread_before_stays_in_its_place_in_the_sidebar(window: OpenWindow):
    ada, grace = window().sign_up("Ada"), window().sign_up("Grace")
    older = ada.create("Older")
    ada.connected()
    grace.enter(older)
    grace.say("for later")
    ada.sees("for later")
    ada.create("Newer")
    ada.connected()
    grace.say("and one more")
    rows = ada.page.locator("#conversations .side-title")
    expect(rows).to_have_text(["Older", "Newer"])
    ada.say("this is newer")
    expect(rows).to_have_text(["Newer", "Older"])

    told = []
    ada.page.on("websocket", lambda line: line.on("framereceived", lambda frame: told.append(str(frame))))
    ada.page.reload()
    ada.connected()
    for _ in range(200):
        if any('"unread"' in frame for frame in told):
            break
        ada.page.wait_for_timeout(100)
    else:
        pytest.fail("nothing told of what is unread")
    ada.reached("returning")  # the sidebar is at work by then
    expect(rows).to_have_text(["Newer", "Older"])
    expect(ada.page.locator("#conversations .has-unread .side-title")).to_have_text(["Older"])


ENDS = "([name, next]) => [name.getBoundingClientRect().right, next.getBoundingClientRect().left]"


def test_a_name_from_right_to_left_moves_nothing_beside_it(window: OpenWindow):
    name = "שלום 1. (ב)"
    ada, grace = window().sign_up(name), window().sign_up("Grace")
    address = ada.create("Tea")
    ada.connected()
    grace.enter(address)
    ada.field.press_sequentially("hello")
    typing = grace.page.locator("#typing bdi")
    expect(typing).to_have_text(name)
    isolated = [typing.evaluate("name => getComputedStyle(name).unicodeBidi")]
    ada.field.press("Enter")
    grace.sees("hello")
    byline = grace.page.locator("#entries .message .byline").first
    shown, time = byline.locator(".name"), byline.locator("time")
    expect(shown).to_have_text(name)
    right, left = grace.page.evaluate(ENDS, [shown.element_handle(), time.element_handle()])
    assert right <= left
    places = [shown, *(grace.page.locator(f"{each} .name").first for each in ("#members", "#entries .notice"))]
    isolated += [place.evaluate("name => getComputedStyle(name).unicodeBidi") for place in places]
    # Else its number and bracket would go over to the words behind it.
    assert isolated == ["isolate"] * 4
