"""The admin and the API's pages in a browser: they work, and the content security policy has nothing to complain of."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow, Window
from tests.personas import PASSWORD
from tests.servers import ServerProcess

LISTS = [
    "participants/participant/",
    "participants/signin/",
    "conversations/conversation/",
    "conversations/membership/",
    "conversations/event/",
]


@pytest.fixture
def admin(window: OpenWindow, server: ServerProcess) -> Window:
    """A superuser's window, and a conversation to look at."""
    people = [{"username": "browser-admin", "password": PASSWORD, "staff": True}, {"username": "browser-newcomer"}]
    talk = {"title": "Seen by staff", "members": {"browser-admin": "owner"}}
    server.provision({"participants": people, "conversations": [talk]})
    opened = window()
    opened.page.goto("/admin/")
    opened.page.locator("#id_username").fill("browser-admin")
    opened.page.locator("#id_password").fill(PASSWORD)
    opened.page.get_by_role("button", name="Sign in").click()
    expect(opened.page).to_have_url(f"{server.url}/admin/")
    return opened


@pytest.mark.parametrize("path", LISTS)
def test_lists_of_the_admin_open(admin: Window, path: str) -> None:
    admin.page.goto(f"/admin/{path}")
    expect(admin.page.locator("#changelist")).to_be_visible()


def test_somebody_is_brought_in_through_the_admin(admin: Window) -> None:
    admin.page.goto("/admin/conversations/conversation/?q=Seen+by+staff")
    admin.page.get_by_role("link", name="Seen by staff").click()
    admin.page.locator(".select2-selection").first.click()
    admin.page.locator(".select2-search__field").fill("browser-newcomer")
    admin.page.get_by_role("option", name="browser-newcomer").click()
    admin.page.locator("[name=_continue]").click()
    expect(admin.page.locator("#memberships-group")).to_contain_text("browser-newcomer")
    admin.page.goto("/admin/conversations/event/")
    expect(admin.page.locator("#result_list")).to_contain_text("participant_joined")


def test_swagger_shows_every_route_group(window: OpenWindow) -> None:
    opened = window()
    opened.page.goto("/api/docs")
    expect(opened.page.locator(".opblock-tag").first).to_be_visible()
    opened.page.locator(".opblock-summary").first.click()
    expect(opened.page.locator(".opblock-body").first).to_be_visible()


def test_redoc_is_drawn(window: OpenWindow) -> None:
    opened = window()
    opened.page.goto("/api/redoc")
    expect(opened.page.get_by_role("heading", name="Responses").first).to_be_visible()
