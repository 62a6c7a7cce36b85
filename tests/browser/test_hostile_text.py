"""Text that would like to be more than text, wherever people and agents can put some: it is shown, and does nothing.

Windows complain of dialogs, of requests to other hosts, and of whatever the policy of the page forbids.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenWindow, Window
from tests.browser.hostile import ATTACKS, CALLS
from tests.clients import bearer
from tests.personas import PASSWORD
from tests.servers import Installations, ServerProcess

FORBIDDEN = (
    "script, iframe, object, embed, style, base, meta, link, form, input, select, textarea, button, img, image, svg, "
    "math, video, audio, template, details, marquee, map, table[background], body, plaintext, xmp, noscript, [style], "
    "[srcdoc], [popover]"
)
HANDLERS = """() => [...document.querySelectorAll("*")]
    .flatMap((element) => element.getAttributeNames().map((name) => `${element.localName} ${name}`))
    .filter((name) => / on/.test(name))"""
EACH = 4  # messages about an attack: itself, as the text of a link, and as its address in both notations
TEXTS = "(elements) => elements.map((element) => element.textContent.trim())"
# What Markdown takes as a sign, or a blank that is shown as one, may be shown otherwise than it was written.
CHANGED = re.compile(r"[&\\*_`\[\]~\t\n\x01\u2028\u202e\u2067\uff1c]|\d\.|https?:")
LITERAL = [attack for attack in ATTACKS if not CHANGED.search(attack)]
TEXT_OF_RUNS = ".run-text *, .run-title bdi *, .step-name *, .step-purpose *, .step-arguments *, .step-result *"
WATCH_RUNS = """(forbidden) => {
    window.found = { forbidden: 0, longest: 0 };
    const runs = document.getElementById("runs");
    const look = () => {
        window.found.forbidden += runs.querySelectorAll(forbidden).length;
        window.found.longest = Math.max(window.found.longest, runs.textContent.length);
    };
    new MutationObserver(look).observe(runs, { childList: true, subtree: true, characterData: true });
}"""
# Only what is behind the last slash of a file's name is a name.
FILE_NAMES = [attack for attack in ATTACKS if re.split(r"[/\\]", attack)[-1].strip()]


@dataclass
class House:
    """A server with a conversation of people with hostile names, who said hostile things, and hostile other titles."""

    server: ServerProcess
    people: dict[str, dict[str, str]]
    id: str

    def rest(self, username: str) -> httpx.Client:
        """REST as somebody."""
        base = f"{self.server.url}/api/v1"
        return httpx.Client(base_url=base, headers=bearer(self.people[username]["access"]), timeout=30)

    def say(self, username: str, *contents: str, **fields: Any) -> None:
        """Say something."""
        with self.rest(username) as client:
            for content in contents:
                answer = client.post(f"/conversations/{self.id}/messages", json={"content": content, **fields})
                assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def house(installations: Installations, asgi_server: str) -> Iterator[House]:
    functions = "tests.browser.hostile.*"
    agent = {"provider": "function", "model": "tests.browser.hostile.parrot"}
    people: list[dict[str, Any]] = [{"username": name, "password": PASSWORD} for name in ("ada", "grace", "plain")]
    people += [{"username": f"attacker{number}", "display_name": name} for number, name in enumerate(ATTACKS)]
    people.append({"username": "parrot", "display_name": ATTACKS[0], "kind": "agent", "agent": agent})
    watching = {"ada": "owner", "grace": "member", "plain": "member"}
    inside = watching | {row["username"]: "member" for row in people if row["username"] not in watching}
    rooms = [{"title": "Hostile", "members": inside}]
    rooms += [{"title": title, "description": title, "visibility": "public", "members": watching} for title in ATTACKS]
    with ServerProcess(installations.create(ASGI_SERVER=asgi_server, CHAT_AGENT_FUNCTIONS=functions)) as server:
        made = server.provision({"participants": people, "conversations": rooms})
        yield House(server, made["participants"], made["conversations"]["Hostile"])
        server.assert_clean_log()


def assert_harmless(place: Locator, also: str = "") -> None:
    """Nothing in a place is more than text; ``also`` is what the page itself puts there."""
    allowed = f":not({also})" if also else ""
    found = place.locator(", ".join(part + allowed for part in FORBIDDEN.split(", ")))
    assert found.evaluate_all("(all) => all.map((element) => element.outerHTML)") == []


def assert_links_are_plain(place: Locator) -> None:
    """Links lead to the web, and tell it nothing."""
    for href, rel in place.locator("a").evaluate_all("(all) => all.map((a) => [a.getAttribute('href'), a.rel])"):
        assert href.startswith(("https://", "http://", "mailto:"))
        assert rel == "noopener noreferrer ugc"


def enter(one: Window, house: House, username: str) -> Window:
    """Sign in and open the conversation."""
    one.sign_in(username).page.goto(f"/c/{house.id}")
    return one


def assert_shown(page: Page) -> None:
    """What stands on the page does nothing, and is what was written."""
    bodies = page.locator("#entries > .message .body")
    assert_harmless(bodies)
    assert_links_are_plain(bodies)
    assert page.evaluate(HANDLERS) == []
    shown = bodies.evaluate_all(TEXTS)[::EACH]
    assert [text for text, attack in zip(shown, ATTACKS, strict=True) if attack in LITERAL] == LITERAL


def test_messages_and_their_links_do_nothing_but_say(window: OpenWindow, house: House):
    ada, grace, plain = (
        window(url=house.server.url, **options) for options in ({}, {}, {"java_script_enabled": False})
    )
    grace.context.add_init_script("delete Element.prototype.setHTML")  # as in browsers that need the policy for markup
    for one, name in ((ada, "ada"), (grace, "grace")):
        enter(one, house, name).connected()
    for number, attack in enumerate(ATTACKS):
        links = [f"[{attack}](https://example.com/)", f"[x]({attack})", f"[x](<{attack}>)"]
        house.say(f"attacker{number}", attack, *(links if number % 2 else links[::-1]))
    for one in (ada, grace):
        expect(one.stored).to_have_count(EACH * len(ATTACKS), timeout=60_000)
        assert_shown(one.page)
        names = one.page.locator("#entries > .message .name").evaluate_all(TEXTS)[::EACH]
        assert len(names) == len(ATTACKS)
        assert [name for name, attack in zip(names, ATTACKS, strict=True) if attack in LITERAL] == LITERAL
        assert_harmless(one.page.locator("#entries .byline"), also=".tools *")
        assert_harmless(one.page.locator("#members"), also=".member-more")
        one.field.press_sequentially("@att")
        expect(one.page.locator("#suggestions")).to_be_visible()
        assert_harmless(one.page.locator("#suggestions"))
    enter(plain, house, "plain")
    seen = 0
    while True:  # the same as the server renders it, page by page
        bodies = plain.page.locator("#entries > .message .body")
        assert_harmless(bodies)
        assert_links_are_plain(bodies)
        seen += bodies.count()
        older = plain.page.locator("#older")
        if not older.is_visible():
            break
        older.click()
    assert seen == EACH * len(ATTACKS)


def test_names_of_files_do_nothing_but_say(window: OpenWindow, house: House):
    ada = enter(window(url=house.server.url), house, "ada").connected()
    names = []
    with house.rest("attacker0") as client:
        for part in (FILE_NAMES[start : start + 8] for start in range(0, len(FILE_NAMES), 8)):
            files = []
            for name in part:
                answer = client.post(f"/conversations/{house.id}/attachments", files={"file": (name, b"text")})
                assert answer.status_code == 201, answer.text
                files.append(answer.json()["id"])
                names.append(answer.json()["name"])
            house.say("attacker0", "files", attachments=files)
    assert sum(name == attack for name, attack in zip(names, FILE_NAMES, strict=True)) >= 30
    for _ in range(2):
        shown = ada.page.locator("#entries .files bdi")
        expect(shown).to_have_count(len(names))
        assert shown.evaluate_all(TEXTS) == [name.strip() for name in names]
        assert_harmless(ada.page.locator("#entries .files"))
        ada.page.reload()
        ada.connected()


def test_titles_and_descriptions_do_nothing_but_say(window: OpenWindow, house: House):
    ada = enter(window(url=house.server.url), house, "ada").connected()
    with house.rest("ada") as client:
        for title in ATTACKS:
            changes = {"title": title, "description": title}
            assert client.patch(f"/conversations/{house.id}", json=changes).status_code == 200
            expect(ada.page.locator("#title")).to_have_text(title.strip())
        client.patch(f"/conversations/{house.id}", json={"title": "Hostile"})
    expect(ada.page).to_have_title("Hostile · Chat")
    notices = ada.page.locator("#entries > .notice", has=ada.page.locator(".value:not(:empty)"))
    told = notices.locator(".value").evaluate_all(TEXTS)
    assert told[-len(ATTACKS) - 1 :] == [*(title.strip() for title in ATTACKS), "Hostile"]
    assert_harmless(ada.page.locator("#entries > .notice, .bar-title"))
    for path in ("/conversations", "/explore"):
        ada.page.goto(path)
        seen: set[str] = set()
        while True:
            rows = ada.page.locator("#conversations .side-text, .rows .row-text")
            assert_harmless(rows)
            assert ada.page.evaluate(HANDLERS) == []
            seen |= set(rows.locator(".side-title, .row-title").evaluate_all(TEXTS))
            further = ada.page.get_by_role("link", name=re.compile("Older|Next"))
            if not further.count():
                break
            further.first.click()
        assert {title.strip() for title in ATTACKS} <= seen, path


def test_what_an_agent_says_and_does_and_is_told_does_nothing_but_say(window: OpenWindow, house: House):
    ada = enter(window(url=house.server.url), house, "ada").connected()
    ada.page.evaluate(WATCH_RUNS, TEXT_OF_RUNS)
    house.say("attacker0", "@parrot")
    for _ in range(2):
        answer = ada.stored.filter(has=ada.page.locator(".badge:visible")).last
        steps = answer.locator(".run-steps")
        steps.locator("summary").click()
        expect(steps.locator(".step")).to_have_count(CALLS + 1)
        thought, *results = steps.locator(".step-result").evaluate_all("(all) => all.map((part) => part.textContent)")
        assert thought == "\n".join(ATTACKS)
        assert results == ["\n".join(ATTACKS[number::CALLS]) for number in range(CALLS)]
        purposes = steps.locator(".step-purpose").evaluate_all("(all) => all.map((part) => part.textContent)")
        assert purposes == ["", *ATTACKS[:CALLS]]
        assert_harmless(steps)
        body = answer.locator(".body").first
        assert_harmless(body)
        assert_links_are_plain(body)
        expect(body).to_contain_text("<img src=x onerror=alert(1)>")
        assert ada.page.evaluate(HANDLERS) == []
        if ada.page.evaluate("window.found"):
            assert ada.page.evaluate("window.found.forbidden") == 0
            assert ada.page.evaluate("window.found.longest") > 100
        ada.page.reload()
        ada.connected()


def test_the_page_works_where_markup_needs_the_policy(window: OpenWindow):
    ada = window().sign_up()
    ada.context.add_init_script("delete Element.prototype.setHTML")
    ada.page.goto(ada.create("Tea"))
    ada.connected().say("**bold**")
    expect(ada.stored.locator("strong")).to_have_text("bold")
