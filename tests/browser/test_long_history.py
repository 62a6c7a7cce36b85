"""A conversation of 100,000 messages: opened at once, read both ways without a jump, and never all in the page."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow, Window
from tests.personas import PASSWORD
from tests.servers import Installations, ServerProcess

MESSAGES = 100_000
PART = 25_000
MOST = 500  # entries in the page, as static/js has it
OPENED_SECONDS = 5.0  # under 1 on a quiet machine
JUMP_PX = 4
# One a minute from the first of January on; some of them longer.
FILL = """
from datetime import datetime, timedelta, timezone
from django.db import transaction
from conversations.models import Conversation, Event, Membership
room = Conversation.objects.get(pk="{key}")
authors = [row.participant for row in Membership.objects.filter(conversation=room).select_related("participant")]
begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
def made(number):
    lines = [f"message {{number}}"] + ["and more of it"] * (3 if number % 7 == 0 else 0)
    return Event(
        conversation=room, sequence=room.last_sequence + 1 + number - {start}, type="message",
        message_id=f"m{{number}}", author=authors[number // 3 % len(authors)],
        created_at=begin + timedelta(minutes=number),
        content="\\n\\n".join(lines), html="".join(f"<p>{{line}}</p>" for line in lines),
    )
with transaction.atomic():
    for start in range({start}, {end}, 5000):
        Event.objects.bulk_create([made(number) for number in range(start, start + 5000)])
    end = room.last_sequence + {end} - {start}
    Conversation.objects.filter(pk=room.pk).update(last_sequence=end)
    Membership.objects.filter(conversation=room).update(last_read_sequence=end)
"""
NUMBERS = "(rows) => rows.map((row) => Number(row.dataset.sequence))"
# Scroll almost to an edge of what is there, and tell where a message in view stands.
TO_EDGE = """(side) => {
    const scroller = document.getElementById("scroller");
    const hidden = scroller.scrollHeight - scroller.clientHeight;
    scroller.scrollTop = side === "first" ? 200 - hidden : -200;
    const middle = scroller.getBoundingClientRect().top + scroller.clientHeight / 2;
    const rows = [...document.querySelectorAll("#entries > .message")];
    window.watched = rows.find((row) => row.getBoundingClientRect().bottom > middle);
    return window.watched.getBoundingClientRect().top;
}"""
PLACE = """() => new Promise((settled) => requestAnimationFrame(() => requestAnimationFrame(
    () => settled(window.watched.isConnected ? window.watched.getBoundingClientRect().top : null))))"""
MOVED = """([side, known]) => {
    const rows = [...document.querySelectorAll("#entries > [data-sequence]")];
    return Number(rows.at(side === "first" ? 0 : -1).dataset.sequence) !== known;
}"""


@pytest.fixture(scope="module")
def room(installations: Installations, asgi_server: str) -> Iterator[tuple[ServerProcess, str]]:
    """A server, and the path of the conversation."""
    installation = installations.create(ASGI_SERVER=asgi_server)
    people: list[dict[str, Any]] = [{"username": name, "password": PASSWORD} for name in ("ada", "grace")]
    conversation = {"title": "Long", "members": {"ada": "owner", "grace": "member"}}
    key = installation.provision({"participants": people, "conversations": [conversation]})["conversations"]["Long"]
    for start in range(0, MESSAGES, PART):
        installation.manage("shell", "-c", FILL.format(key=key, start=start, end=start + PART))
    with ServerProcess(installation) as server:
        yield server, f"/c/{key}"


def numbers(one: Window) -> list[int]:
    """The numbers of what is in the page, each the one behind the one before it."""
    found: list[int] = one.page.locator("#entries > [data-sequence]").evaluate_all(NUMBERS)
    assert found == list(range(found[0], found[0] + len(found)))
    assert len(found) <= MOST
    return found


def test_it_opens_at_once(window: OpenWindow, room: tuple[ServerProcess, str], record_testsuite_property: Any):
    server, path = room
    ada = window(url=server.url).sign_in("ada")
    took = []
    for _ in range(3):
        ada.page.goto("/account")
        began = time.monotonic()
        ada.page.goto(path)
        ada.connected()
        took.append(time.monotonic() - began)
    record_testsuite_property("100,000 messages open after seconds", took)
    assert ada.texts[-1] == f"message {MESSAGES - 1}"
    expect(ada.stored.last).to_be_in_viewport()
    assert len(numbers(ada)) == 50
    assert min(took) < OPENED_SECONDS, took


def test_it_is_read_both_ways_without_a_jump(window: OpenWindow, room: tuple[ServerProcess, str]):
    server, path = room
    ada = window(url=server.url).sign_in("ada")
    ada.page.goto(path)
    ada.connected()
    start = numbers(ada)[0]
    for side, rounds in (("first", 14), ("last", 4)):
        for _ in range(rounds):
            known = numbers(ada)[0 if side == "first" else -1]
            place = ada.page.evaluate(TO_EDGE, side)
            ada.page.wait_for_function(MOVED, arg=[side, known])
            after = ada.page.evaluate(PLACE)
            assert after is not None
            assert abs(after - place) <= JUMP_PX
        found = numbers(ada)
        assert len(found) == MOST
        if side == "first":
            assert found[0] == start - 14 * 50
            expect(ada.page.get_by_role("link", name="To the newest messages")).to_be_attached()
    ada.page.locator("#newer").click()
    expect(ada.stored.last).to_contain_text(f"message {MESSAGES - 1}")
    expect(ada.stored.last).to_be_in_viewport()


def test_a_day_and_a_message_far_away_are_reached(window: OpenWindow, room: tuple[ServerProcess, str]):
    server, path = room
    ada = window(url=server.url, timezone_id="UTC").sign_in("ada")
    ada.page.goto(path)
    ada.connected()
    people = ada.page.locator("#people")
    if not people.is_visible():
        ada.page.locator(".people-button").click()
    people.get_by_label("Go to a day").fill("2026-02-01")
    people.get_by_role("button", name="Go", exact=True).click()
    first = ada.stored.filter(has_text=f"message {31 * 24 * 60}").first
    expect(first).to_be_in_viewport()
    numbers(ada)
    place = first.get_attribute("id")
    ada.page.goto("/conversations")
    ada.page.goto(f"{path}#{place}")
    ada.connected()
    expect(ada.page.locator(f"#{place}")).to_be_in_viewport()
    ada.page.locator("#newer").click()
    expect(ada.stored.last).to_contain_text(f"message {MESSAGES - 1}")
    ada.say("at the end")
    numbers(ada)
