"""WCAG 2.2 AA as far as a machine can tell, on every page and dialog: axe, widths, targets, keys, stability."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow, Window
from tests.browser.test_conversation import talking
from tests.browser.test_moderation import make_link
from tests.personas import PASSWORD
from tests.servers import ServerProcess

ENTRANCES = ("/sign-in", "/sign-up", "/reset", "/reset/sent", "/nowhere")
PLACES = (
    "/conversations",
    "/conversations?named=nothing-like-that",
    "/explore",
    "/explore?search=nothing-like-that",
    "/search",
    "/search?q=hello",
    "/search?q=nothinglikethat",
    "/account",
    "/account/password",
    "/account/email",
    "/account/codes",
    "/account/codes/app",
    "/c/00000000-0000-4000-8000-000000000000",
)
PARTS = ("", "/participants", "/invitations", "/settings", "/attachments")
SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
    }).observe({ type: "layout-shift", buffered: true });
"""
# What a page began to fetch before it was live.
LOADED = """() => {
    const until = performance.getEntriesByName("live")[0].startTime;
    const files = performance.getEntriesByType("resource").filter(
        ({ name, startTime }) => /\\.(js|css)$/.test(name) && startTime <= until);
    const bytes = files.reduce((sum, entry) => sum + entry.decodedBodySize, 0);
    return { until, bytes, files: files.map(({ name }) => name) };
}"""
LIGHT_GROUND, DARK_GROUND = "rgb(244, 243, 239)", "rgb(20, 21, 24)"
MOST_SHIFTED = 0.05
MOST_BYTES = 100_000  # of scripts and styles until a page can be used
MOST_MS = 10_000  # until a page is live; a third of a second on a quiet machine


def assert_accessible(page: Page, place: str) -> None:
    """Fail with what axe finds."""
    found = Axe().run(page)
    assert found.violations_count == 0, f"{place}:\n{found.generate_report()}"


def assert_fits(page: Page, place: str) -> None:
    """Fail if something is wider than the window, or than what scrolls in it."""
    width = page.evaluate(
        """() => Math.max(...[document.documentElement, document.body, document.querySelector(".pane")]
            .filter(Boolean).map((element) => element.scrollWidth - element.clientWidth))"""
    )
    assert width <= 0, place


def small_targets(page: Page) -> list[str]:
    """What can be pressed and is under 44 pixels in one direction; links inside of text excepted (WCAG 2.5.8)."""
    return page.evaluate(
        """() => [...document.querySelectorAll(
            "button, summary, select, input:not([type=hidden]), .button, .icon-button, .side-row, .side-me, .tabs a")]
            .filter((e) => e.checkVisibility() && !e.closest("label") && e.getBoundingClientRect().width > 1)
            .filter((e) => Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < 43.5)
            .map((e) => e.outerHTML)"""
    )


@pytest.fixture
def settled(window: OpenWindow) -> tuple[Window, str]:
    """Somebody with a name in another script, in a conversation with a message and an invitation; and its address."""
    ada = window().sign_up("عائشة")
    address = ada.create("Tea", description="Bring your own cup")
    ada.connected().say("hello **everybody**")
    make_link(ada, address)
    return ada, address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(settled: tuple[Window, str], scheme: str):
    page, address = settled[0].page, settled[1]
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    for place in (*PLACES, *(address + part for part in PARTS)):
        page.goto(place)
        assert_accessible(page, place)
    page.goto(address)
    page.goto(page.locator(".permalink").first.get_attribute("href") or "")
    assert_accessible(page, "a message")
    page.goto("/conversations")
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_label("Title")).to_be_focused()
    assert_accessible(page, "the dialog for a new conversation")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_way_in(window: OpenWindow, scheme: str):
    ada, stranger = window().sign_up("Ada"), window(color_scheme=scheme)
    link = make_link(ada, ada.create("Tea", public=False), guests=True)
    for place in (*ENTRANCES, link):
        stranger.page.goto(place)
        assert_accessible(stranger.page, place)
    stranger.page.goto("/sign-in")
    stranger.page.get_by_label("Username").fill("nobody")
    stranger.page.get_by_label("Password").fill("wrong")
    stranger.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(stranger.page.get_by_role("alert")).to_be_visible()
    assert_accessible(stranger.page, "a refused sign-in")


def test_every_page_fits_a_small_phone_and_a_finger(window: OpenWindow):
    ada = window(viewport={"width": 320, "height": 568}).sign_up("W" * 80)
    address = ada.create("T" * 120, description="d" * 300)
    ada.connected().say("\n\n".join(["line"] * 40))
    expect(ada.field).to_be_in_viewport()
    for place in (*PLACES, *(address + part for part in PARTS)):
        ada.page.goto(place)
        assert_fits(ada.page, place)
        assert small_targets(ada.page) == [], place


@pytest.mark.parametrize("phone", [False, True])
def test_pages_do_not_shift_while_they_load(window: OpenWindow, phone: bool):
    options = {"viewport": {"width": 390, "height": 780}} if phone else {}
    ada = window(**options).sign_up("Ada")
    address = ada.create("Tea")
    ada.connected().say("hello")
    ada.context.add_init_script(SHIFTS)
    for place in ("/conversations", address, "/account", "/explore"):
        ada.page.goto(place, wait_until="networkidle")
        assert ada.page.evaluate("window.shifted") < MOST_SHIFTED, place


@pytest.mark.parametrize("place", ["list", "conversation"])
def test_the_first_page_is_light_and_soon_ready(window: OpenWindow, place: str):
    ada, grace = talking(window)
    for number in range(60):
        ada.write(f"message {number} `with` **words**")
    expect(ada.stored).to_have_count(60)
    address = grace.page.url
    grace.page.goto("/conversations")
    ada.say("news")
    grace.page.goto("/conversations" if place == "list" else address, wait_until="networkidle")
    loaded = grace.reached("live").page.evaluate(LOADED)
    assert 20_000 < loaded["bytes"] < MOST_BYTES, loaded
    assert loaded["until"] < MOST_MS


def test_the_keyboard_alone_leads_from_signing_in_to_a_message(window: OpenWindow, server: ServerProcess):
    server.provision({"participants": [{"username": "by-keys", "password": PASSWORD}]})
    one = window()
    keys = one.page.keyboard
    one.page.goto("/sign-in")
    expect(one.page.get_by_label("Username")).to_be_focused()
    keys.type("by-keys")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(one.page).to_have_url(f"{one.url}/conversations")
    tab_to(one.page, "New conversation")
    keys.press("Enter")
    expect(one.page.get_by_label("Title")).to_be_focused()
    keys.type("By keys")
    keys.press("Enter")
    one.page.wait_for_url("**/c/*")
    one.connected()
    tab_to(one.page, "Message")
    keys.type("hello")
    keys.press("Enter")
    one.sees("hello")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of that name has the focus, and can be seen to have it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.locator(":focus-visible")
        label = focused.evaluate("e => e.labels?.[0]?.textContent ?? e.textContent").strip()
        if label == name:
            assert focused.evaluate("e => getComputedStyle(e).boxShadow !== 'none' || e.matches('textarea')")
            return
    pytest.fail(f"{name} cannot be reached by Tab")


def test_the_theme_that_was_chosen_stays(window: OpenWindow):
    ada = window(java_script_enabled=False, color_scheme="light").sign_up("Ada")
    body = ada.page.locator("body")
    ada.page.goto("/account")
    expect(body).to_have_css("background-color", LIGHT_GROUND)
    ada.page.get_by_role("button", name="Dark").click()
    expect(ada.page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    ada.page.goto("/conversations")
    expect(body).to_have_css("background-color", DARK_GROUND)
    ada.page.goto("/account")
    ada.page.get_by_role("button", name="System").click()
    expect(body).to_have_css("background-color", LIGHT_GROUND)


def test_the_sidebar_is_filtered_and_made_wider(window: OpenWindow):
    ada = window().sign_up("Ada")
    for title in ("Tea", "Coffee"):
        ada.create(title)
    rows = ada.page.locator("#conversations > li:visible")
    ada.page.get_by_label("Filter conversations").fill("cof")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Coffee")
    ada.page.get_by_label("Filter conversations").press("Enter")
    expect(ada.page).to_have_url(f"{ada.url}/conversations?named=cof")
    expect(rows).to_have_count(1)
    sidebar, grip = ada.page.locator("#sidebar"), ada.page.get_by_role("separator", name="Width of the sidebar")
    expect(sidebar).to_have_css("width", "320px")
    grip.press("ArrowRight")
    expect(sidebar).to_have_css("width", "352px")
    expect(grip).to_have_attribute("aria-valuenow", "22")
    ada.page.reload()
    expect(sidebar).to_have_css("width", "352px")
