"""What is written while the line, the server or the page goes: it arrives once, in order, and all agree on it."""

import random
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import OpenWindow, Window
from tests.browser.test_conversation import talking
from tests.chaos.proxy import Proxy
from tests.conftest import StartServer
from tests.servers import Installations, ServerProcess

PATIENCE_MS = 16_000  # a little more than static/js/outbox.js has


class Line:
    """A server, and the way to it, both of which can break."""

    def __init__(self, proxy: Proxy, server: ServerProcess) -> None:
        self.proxy, self.server = proxy, server
        self.url = f"http://127.0.0.1:{proxy.port}"


@pytest.fixture(scope="module")
def line(installations: Installations, asgi_server: str) -> Iterator[Line]:
    with Proxy(0, random.Random(8)) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        installation = installations.create(ASGI_SERVER=asgi_server, PUBLIC_URL=url)
        with ServerProcess(installation) as server:
            proxy.target = server.port
            yield Line(proxy, server)
            server.assert_clean_log()


def pending(one: Window):
    """Messages that are not known to be stored."""
    return one.page.locator("#entries > [data-state]")


def assert_agreed(*people: Window, texts: list[str]) -> None:
    """Exactly these messages are in the log, and on every page, in this order; nothing is left to send."""
    for one in people:
        one.sees(*texts)
        expect(pending(one)).to_have_count(0)
    assert people[0].logged == texts
    numbers = [entry["sequence_id"] for entry in people[0].log]
    assert numbers == list(range(1, len(numbers) + 1))


def test_offline_and_on_again_in_mid_typing(window: OpenWindow, line: Line):
    ada, grace = talking(window, url=line.url)
    ada.say("before")
    ada.field.press_sequentially("half a thou")
    ada.context.set_offline(True)
    line.proxy.cut()
    expect(ada.page.get_by_text("You are offline.")).to_be_visible()
    expect(ada.field).to_have_value("half a thou")
    ada.field.press_sequentially("ght")
    ada.field.press("Enter")
    ada.write("and another")
    ada.field.press_sequentially("still wri")
    expect(ada.page.locator("[data-state=sending] .body")).to_have_text(["half a thought", "and another"])
    grace.connected().say("meanwhile")
    ada.context.set_offline(False)
    assert_agreed(ada.connected(), grace, texts=["before", "meanwhile", "half a thought", "and another"])
    expect(ada.field).to_have_value("still wri")
    expect(ada.field).to_be_focused()
    ada.field.press_sequentially("ting")
    ada.field.press("Enter")
    assert_agreed(ada, grace, texts=["before", "meanwhile", "half a thought", "and another", "still writing"])


def test_a_line_that_died_without_a_word_is_given_up(window: OpenWindow, line: Line):
    ada, grace = talking(window, url=line.url)
    lines: list[list[str]] = []  # what each of them took and did not pass on

    def carry(route: WebSocketRoute) -> None:
        upstream = route.connect_to_server()
        lines.append([])
        is_first, taken = len(lines) == 1, lines[-1]

        def pass_on(message: str | bytes) -> None:
            if is_first and (taken or "into the void" in str(message)):
                taken.append(str(message))
            else:
                upstream.send(message)

        route.on_message(pass_on)

    ada.page.route_web_socket("**/chat/ws", carry)
    ada.page.clock.install()
    ada.page.reload()
    ada.connected().say("before")
    ada.write("into the void")
    ada.write("behind it")
    expect(pending(ada)).to_have_count(2)
    while not lines[0]:
        ada.page.wait_for_function("true")  # lets playwright work
    assert len(lines) == 1
    ada.page.clock.fast_forward(PATIENCE_MS)
    assert_agreed(ada, grace, texts=["before", "into the void", "behind it"])
    assert len(lines) == 2


def test_a_server_that_is_killed_and_comes_back_gets_everything_once(window: OpenWindow, line: Line):
    ada, grace = talking(window, url=line.url)
    for number in range(10):  # some are stored, some are on their way, most wait their turn
        ada.write(f"ada {number}")
        grace.write(f"grace {number}")
    line.server.kill()
    for number in range(10, 15):
        ada.write(f"ada {number}")
        grace.write(f"grace {number}")
    for one in (ada, grace):
        expect(one.page.get_by_text("Connection lost. Connecting again…")).to_be_visible()
        expect(pending(one)).not_to_have_count(0)
    line.server.start()
    for one in (ada, grace):
        expect(one.connected().stored).to_have_count(30)
    texts = ada.logged
    for name in ("ada", "grace"):
        assert [text for text in texts if text.startswith(name)] == [f"{name} {number}" for number in range(15)]
    assert_agreed(ada, grace, texts=texts)


def test_a_tab_that_is_closed_while_the_server_is_away_leaves_nothing_unsent(window: OpenWindow, line: Line):
    ada, grace = talking(window, url=line.url)
    address = ada.page.url
    ada.say("before")
    line.server.kill()
    for number in range(3):
        ada.write(f"unsent {number}")
    expect(pending(ada)).to_have_count(3)
    # It is in the browser's database a moment after it is shown.
    kept = """async () => {
        const open = indexedDB.open("chat");
        await new Promise((done) => (open.onsuccess = done));
        const count = open.result.transaction("outbox").objectStore("outbox").count();
        await new Promise((done) => (count.onsuccess = done));
        open.result.close();
        return count.result === 3;
    }"""
    ada.page.wait_for_function(kept)
    ada.page.close()
    line.server.start()
    ada.page = ada.context.new_page()
    ada.page.goto(address)
    texts = ["before", "unsent 0", "unsent 1", "unsent 2"]
    assert_agreed(ada.connected(), grace, texts=texts)
    ada.page.reload()
    assert_agreed(ada.connected(), grace, texts=texts)


def test_two_tabs_of_one_person_agree_and_either_sends_for_the_other(window: OpenWindow, line: Line):
    ada, grace = talking(window, url=line.url)
    second = ada.tab()
    second.page.goto(ada.page.url)
    second.connected()
    for number in range(5):
        ada.write(f"first {number}")
        second.write(f"second {number}")
    for one in (ada, second, grace):
        expect(one.stored).to_have_count(10)
    texts = ada.logged
    assert sorted(texts) == sorted(f"{tab} {number}" for tab in ("first", "second") for number in range(5))
    assert_agreed(ada, second, grace, texts=texts)

    ada.context.set_offline(True)
    line.proxy.cut()
    ada.write("offline in the first")
    expect(pending(second)).to_have_count(1)  # tabs tell each other
    second.write("offline in the second")
    for tab in (ada, second):
        bodies = pending(tab).locator(".body")
        expect(bodies).to_have_text(["offline in the first", "offline in the second"])
    ada.page.close()  # what it wrote is sent by the tab that is left
    ada.context.set_offline(False)
    assert_agreed(
        second.connected(), grace.connected(), texts=[*texts, "offline in the first", "offline in the second"]
    )


def test_too_much_at_once_is_counted_down_and_arrives(window: OpenWindow, start_server: StartServer):
    server = start_server(CHAT_RATE_LIMITS="on", CHAT_LIMIT_MESSAGES="15/60 2")
    ada, grace = talking(window, url=server.url)
    texts = [f"message {number}" for number in range(4)]
    for text in texts:
        ada.write(text)
    alert = ada.page.locator("#composer-error")
    expect(alert).to_have_text(re.compile(r"\d"))  # how many seconds are left
    expect(pending(ada)).not_to_have_count(0)
    assert_agreed(ada, grace, texts=texts)
    expect(alert).to_be_empty()
