"""A real browser, and people in it. Whatever a page complains about fails the test that opened it."""

import copy
import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, Route, expect, sync_playwright

from tests.personas import PASSWORD
from tests.servers import ServerProcess

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=LocalNetworkAccessChecks",  # a page that a test changed on its way counts as foreign
]
PATIENCE_MS = 20_000
# What a browser writes on its own when a request is refused or a line is cut; tests of that look at the page.
UNREMARKABLE = re.compile(
    r"Failed to load resource|WebSocket connection to|ERR_CONNECTION_REFUSED"
    r"|Failed to fetch dynamically imported module"
)
# The console tells of most; what a browser leaves out of it is told all the same.
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy violated: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));"""

_numbers = itertools.count(1)

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Window:
    """One person's browser window, and everything in it that should not have happened."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(base_url=url, **options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.route(re.compile("."), self._keep_home)
        self.context.add_init_script(TELL_VIOLATIONS)
        self.context.on("console", lambda message: self._complain(message.type, message.text))
        self.context.on("weberror", lambda failure: self._complain("error", f"script failed: {failure.error}"))
        self.context.on("dialog", self._refuse)
        self.page: Page = self.context.new_page()

    def _complain(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not UNREMARKABLE.search(text):
            self.complaints.append(f"{kind}: {text}")

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _keep_home(self, route: Route) -> None:
        if urlsplit(route.request.url).netloc == urlsplit(self.url).netloc:
            route.continue_()
        else:
            self.complaints.append(f"request to {route.request.url}")
            route.abort()

    def tab(self) -> "Window":
        """Another tab of the same browser; what it complains about counts for this window."""
        other = copy.copy(self)
        other.page = self.context.new_page()
        return other

    # --- what people do -----------------------------------------------------------------------------------------------

    def sign_up(self, name: str = "Ada") -> "Window":
        """Make an account of that name; the username is one of its own."""
        self.page.goto("/sign-up")
        self.page.get_by_label("Username").fill(f"person{next(_numbers)}")
        self.page.get_by_label("Name shown to others").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Make the account").click()
        expect(self.page).to_have_url(f"{self.url}/conversations")
        return self

    def sign_in(self, username: str) -> "Window":
        """Sign in as somebody with the usual password."""
        self.page.goto("/sign-in")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page).to_have_url(f"{self.url}/conversations")
        return self

    def create(self, title: str, *, description: str = "", public: bool = True) -> str:
        """Make a conversation and be in it; returns its address."""
        self.page.goto("/conversations")
        self.page.get_by_role("button", name="New conversation").click()
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_label("Description").fill(description)
        self.page.get_by_label("Public" if public else "Private").check()
        self.page.get_by_role("button", name="Create").click()
        self.page.wait_for_url("**/c/*")
        return self.page.url

    def enter(self, address: str) -> "Window":
        """Go to a public conversation and join it."""
        self.page.goto(address)
        self.page.get_by_role("button", name="Join this conversation").click()
        return self.connected()

    def connected(self) -> "Window":
        """Wait until the page is live."""
        expect(self.page.locator("[data-connection=open]")).to_be_attached()
        return self

    def reached(self, moment: str) -> "Window":
        """Wait until the page has come as far as its own mark of that name. (Its policy lets nothing poll inside.)"""
        for _ in range(PATIENCE_MS // 100):
            if self.page.evaluate("(name) => performance.getEntriesByName(name).length", moment):
                return self
            self.page.wait_for_timeout(100)
        pytest.fail(f"the page does not reach {moment}")

    def write(self, text: str) -> None:
        """Type a message and press Enter."""
        self.field.fill(text)
        self.field.press("Enter")

    def say(self, text: str) -> None:
        """Write a message and wait until it is stored."""
        self.write(text)
        expect(self.stored.last).to_be_attached()
        expect(self.page.locator("#entries > [data-state]")).to_have_count(0)

    # --- what people see ----------------------------------------------------------------------------------------------

    @property
    def field(self) -> Locator:
        """Where one writes."""
        return self.page.get_by_label("Message", exact=True)

    @property
    def stored(self) -> Locator:
        """Messages that the server has."""
        return self.page.locator("#entries > .message:not([data-state])")

    @property
    def field_height(self) -> float:
        """How far the field has grown, in pixels."""
        return float(self.field.evaluate("field => field.getBoundingClientRect().height"))

    @property
    def texts(self) -> list[str]:
        """What stored messages say, in order."""
        return [text.strip() for text in self.stored.locator(".body").all_inner_texts()]

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log of the conversation in view, as REST gives it."""
        path = urlsplit(self.page.url).path.replace("/c/", "/api/v1/conversations/")
        entries: list[dict[str, Any]] = []
        while True:
            after = entries[-1]["sequence_id"] if entries else 0
            page = self.context.request.get(f"{self.url}{path}/events?after={after}&limit=300").json()
            entries += page["events"]
            if not page["has_more"]:
                return entries

    @property
    def logged(self) -> list[str]:
        """What the messages in the log say, in order."""
        return [entry["content"] for entry in self.log if entry["type"] == "message"]

    def sees(self, *texts: str) -> None:
        """Wait until exactly these are the stored messages."""
        expect(self.stored.locator(".body")).to_have_text(list(texts))

    def assert_quiet(self) -> None:
        """Fail with the first complaint."""
        assert not self.complaints, self.complaints


OpenWindow = Callable[..., Window]


@pytest.fixture
def window(chromium: Browser, server: ServerProcess) -> Iterator[OpenWindow]:
    """Open windows on the shared server, or on another by ``url``; each is checked for complaints at the end."""
    with ExitStack() as stack:
        opened: list[Window] = []

        def open_window(url: str = server.url, **options: Any) -> Window:
            made = Window(chromium, url, **options)
            stack.callback(made.context.close)
            opened.append(made)
            return made

        yield open_window
        for made in opened:
            made.assert_quiet()
