"""``./script/screenshots``: look at the main pages, light, dark and on a phone, and keep what is seen."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.screenshots.talk import CONVERSATIONS, MAIN, PASSWORD, PEOPLE, REACTED, SAID
from tests.servers import ROOT, Installations, ServerProcess

FOLDER = ROOT / "docs" / "screenshots"
COLOURS = 128
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 780}
PATIENCE_MS = 30_000
VIEWER = "mara"


@dataclass
class Scene:
    """A server with people on it, and browsers that are signed in as one of them."""

    server: ServerProcess
    browser: Browser
    made: dict[str, Any]
    stack: ExitStack
    contexts: dict[tuple[str, bool, bool], BrowserContext] = field(default_factory=dict)

    def address(self, title: str = MAIN) -> str:
        """The path of a conversation."""
        return f"/c/{self.made['conversations'][title]}"

    def page(self, scheme: str, *, phone: bool, signed_in: bool = True) -> Page:
        """A new page of a browser of that kind; one sign-in serves all pages of a kind."""
        kind = (scheme, phone, signed_in)
        if kind not in self.contexts:
            self.contexts[kind] = self.context(*kind)
        return self.contexts[kind].new_page()

    def context(self, scheme: str, phone: bool, signed_in: bool) -> BrowserContext:
        """A browser of its own."""
        context = self.browser.new_context(
            base_url=self.server.url,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport=PHONE if phone else WIDE,
            device_scale_factor=1.5 if phone else 1,
            has_touch=phone,
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE_MS)
        self.stack.callback(context.close)
        if signed_in:
            page = context.new_page()
            page.goto("/sign-in")
            page.get_by_label("Username").fill(VIEWER)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
            expect(page).to_have_url(f"{self.server.url}/conversations")
            page.close()
        return context

    def as_(self, username: str) -> dict[str, str]:
        """The header of somebody."""
        return {"Authorization": f"Bearer {self.made['participants'][username]['access']}"}


# --- what is looked at ------------------------------------------------------------------------------------------------


def at(path: str) -> Callable[[Scene, Page], None]:
    """A page as it opens."""

    def show(scene: Scene, page: Page) -> None:
        page.goto(path)

    return show


def conversation(scene: Scene, page: Page) -> None:
    """The conversation, live."""
    page.goto(scene.address())
    expect(page.locator("[data-connection=open]")).to_be_attached()


def management(part: str) -> Callable[[Scene, Page], None]:
    """One of the pages that run the conversation."""

    def show(scene: Scene, page: Page) -> None:
        page.goto(f"{scene.address()}/{part}")

    return show


def new_conversation(scene: Scene, page: Page) -> None:
    """The dialog for a new conversation."""
    page.goto("/conversations")
    page.get_by_role("button", name="New conversation").click()
    page.get_by_label("Title").fill("Sea shanties")


def invitation(scene: Scene, page: Page) -> None:
    """What the holder of a link sees."""
    fields = {"role": "member", "allow_guests": True}
    path = f"{scene.server.url}/api/v1{scene.address().replace('/c/', '/conversations/')}/invitations"
    answer = httpx.post(path, json=fields, headers=scene.as_(VIEWER)).raise_for_status()
    page.goto(f"/i/{answer.json()['token']}")


@dataclass(frozen=True)
class Picture:
    """One file: what it shows, and with what eyes."""

    name: str
    show: Callable[[Scene, Page], None]
    scheme: str = "light"
    phone: bool = False
    signed_in: bool = True


PICTURES = [
    Picture("conversation", conversation),
    Picture("conversation-dark", conversation, "dark"),
    Picture("conversation-phone", conversation, phone=True),
    Picture("list", at("/conversations")),
    Picture("list-phone", at("/conversations"), phone=True),
    Picture("list-phone-dark", at("/conversations"), "dark", phone=True),
    Picture("new-conversation", new_conversation),
    Picture("explore", at("/explore")),
    Picture("search", at("/search?q=boats")),
    Picture("search-dark", at("/search?q=boats"), "dark"),
    Picture("participants", management("participants")),
    Picture("invitations", management("invitations"), "dark"),
    Picture("settings", management("settings")),
    Picture("account", at("/account")),
    Picture("account-phone", at("/account"), "dark", phone=True),
    Picture("sign-in", at("/sign-in"), signed_in=False),
    Picture("invitation-phone", invitation, phone=True, signed_in=False),
    Picture("not-found", at("/nowhere"), "dark"),
]


# --- making it --------------------------------------------------------------------------------------------------------


def talk(scene: Scene) -> None:
    """Let everybody say what they say, and react to the last of it, which the viewer has read."""
    last: dict[str, Any] = {}
    with httpx.Client(base_url=f"{scene.server.url}/api/v1", timeout=30) as api:
        for title, who, content in SAID:
            path = f"/conversations/{scene.made['conversations'][title]}/messages"
            last = api.post(path, json={"content": content}, headers=scene.as_(who)).raise_for_status().json()
        for who, emoji in REACTED:
            api.put(f"/messages/{last['id']}/reactions/{emoji}", headers=scene.as_(who)).raise_for_status()
        read = f"/conversations/{last['conversation_id']}/read"
        api.post(read, json={"sequence_id": last["sequence_id"]}, headers=scene.as_(VIEWER)).raise_for_status()


def keep(page: Page, path: Path) -> int:
    """Store what the page looks like, in few colours; its size in bytes."""
    image = Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    return path.stat().st_size


@contextmanager
def scene_of(folder: Path) -> Iterator[Scene]:
    """A server on SQLite with all the people, and a browser."""
    with ExitStack() as stack:
        installations = Installations(folder, {})
        stack.callback(installations.close)
        server = stack.enter_context(ServerProcess(installations.create()))
        made = server.provision({"participants": PEOPLE, "conversations": CONVERSATIONS})
        playwright = stack.enter_context(sync_playwright())
        executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        stack.callback(browser.close)
        scene = Scene(server, browser, made, stack)
        talk(scene)
        yield scene


def main() -> None:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(prog="./script/screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", help="which pictures; all of them without any")
    parser.add_argument("--into", type=Path, default=FOLDER, help="the folder they go to")
    asked = parser.parse_args()
    wanted = [picture for picture in PICTURES if not asked.names or picture.name in asked.names]
    asked.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chat-screenshots-") as folder, scene_of(Path(folder)) as scene:
        for picture in wanted:
            page = scene.page(picture.scheme, phone=picture.phone, signed_in=picture.signed_in)
            picture.show(scene, page)
            page.wait_for_load_state("networkidle")
            size = keep(page, asked.into / f"{picture.name}.png")
            sys.stdout.write(f"{picture.name}: {size // 1024} KB\n")
            page.close()


if __name__ == "__main__":
    main()
