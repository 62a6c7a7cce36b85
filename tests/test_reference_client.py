"""The reference client: its rules alone, and against the product."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clients import RestClient
from tests.conftest import StartServer
from tests.realtime.conftest import Talk, make_talk, provision_people
from tests.reference_client import BACKOFF, Cursor, Frame, Next, ReferenceClient, Refused
from tests.servers import ServerProcess

PATIENCE = 60.0


async def no_token() -> str:
    return ""


def client(**options: Any) -> ReferenceClient:
    """A client that is not run."""
    return ReferenceClient("ws://127.0.0.1:1", no_token, {"c": 0}, **options)


# --- rules ------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(0, 20), st.lists(st.integers(1, 40), max_size=60))
def test_a_cursor_lets_through_what_is_next_and_asks_once_for_a_hole(start: int, numbers: list[int]) -> None:
    cursor = Cursor(start)
    shown, asked = [], 0
    for number in numbers:
        position = cursor.number
        if cursor.take(number):
            shown.append(number)
            asked = 0
        elif cursor.misses(number):
            asked += 1
            assert position is not None
            assert number > position + 1
    assert shown == list(range(start + 1, start + 1 + len(shown)))
    assert asked <= 1


def test_a_cursor_without_a_number_starts_at_the_end_and_one_with_a_number_where_it_may_read() -> None:
    fresh, old, ahead = Cursor(None), Cursor(3), Cursor(30)
    for cursor in (fresh, old, ahead):
        cursor.start(first=11, current=20)
    assert (fresh.number, old.number, ahead.number) == (20, 10, 30)


@pytest.mark.parametrize("code", [1000, 1007, 1009, 4400, 4403, 4404, 4413])
def test_a_final_close_code_stops(code: int) -> None:
    stopping = client()
    assert stopping.after_close(code, "why") is Next.STOP
    assert stopping.ended == f"closed with {code} why"


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1012, 4408, 4429, None])
def test_other_close_codes_are_a_reason_to_come_back(code: int | None) -> None:
    assert client().after_close(code) is Next.RESUME


@pytest.mark.parametrize(
    ("status", "todo"),
    [(400, Next.STOP), (401, Next.SIGN_IN), (403, Next.STOP), (404, Next.STOP), (429, Next.RESUME), (503, Next.RESUME)],
)
def test_a_refused_handshake_says_what_to_do(status: int, todo: Next) -> None:
    assert client().after_refusal(status) is todo


def test_an_ended_token_asks_for_a_new_one() -> None:
    assert client().after_close(4401) is Next.SIGN_IN


def test_waiting_grows_with_full_jitter_and_to_a_bound() -> None:
    waiting = client(chance=random.Random(1))
    pauses = [waiting.pause() for _ in range(12)]
    for pause, most in zip(pauses, [*BACKOFF, *[30] * 6], strict=True):
        assert 0 <= pause <= most
    assert len(set(pauses)) == 12


async def test_what_the_server_asks_for_is_waited_in_full() -> None:
    waiting = client(scale=0.0)
    waiting.after_refusal(503, "7")
    assert waiting.pause() == 7
    assert waiting.pause() == 0
    await waiting.hear({"type": "closing", "reason": "flooding", "reconnect_in": 4})
    assert waiting.pause() == 4


async def test_a_refusal_that_waiting_helps_keeps_the_message_and_another_raises() -> None:
    saying = client()
    one, two = saying.say("c", "one", "1"), saying.say("c", "two", "2")
    await saying.hear({"type": "error", "code": "queue_full", "message_id": "1", "retry_after": 3})
    assert saying.outbox["1"].not_before > asyncio.get_running_loop().time() + 2
    await saying.hear({"type": "error", "code": "locked", "message_id": "2"})
    with pytest.raises(Refused):
        await two
    assert not one.done()
    assert list(saying.outbox) == ["1"]
    await saying.hear({"type": "message_ack", "message_id": "1", "sequence_id": 9})
    assert (await one)["sequence_id"] == 9


async def test_a_conversation_that_is_lost_is_followed_no_more() -> None:
    following = ReferenceClient("ws://127.0.0.1:1", no_token, {"c": 0, "d": 0})
    await following.hear({"type": "unsubscribed", "conversation_id": "c", "reason": "removed"})
    assert list(following.cursors) == ["d"]


# --- against the product ----------------------------------------------------------------------------------------------


class Screen(list[Frame]):
    """What a client showed."""

    def sequences(self, conversation: str) -> list[int]:
        return [entry["sequence_id"] for entry in self if entry["conversation_id"] == conversation]


@asynccontextmanager
async def running(talk: Talk, name: str, conversations: dict[str, int | None]) -> AsyncIterator[tuple[Any, Screen]]:
    """A client of ``name`` at work."""
    screen = Screen()

    async def token() -> str:
        return talk.people[name]["access"]

    made = ReferenceClient(lambda: talk.server.ws_url, token, conversations, screen.append, scale=0.05)
    task = asyncio.create_task(made.run())
    try:
        yield made, screen
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Any) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.chaos
async def test_what_is_said_while_the_server_is_killed_arrives_once(start_server: StartServer) -> None:
    server = start_server()
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with running(made, "ann", {made.id: 0}) as (ann, _), running(made, "ben", {made.id: 0}) as (_, seen):
        first = await asyncio.wait_for(ann.say(made.id, "before"), PATIENCE)
        acks = [ann.say(made.id, f"thing {number}", f"key-{number}") for number in range(20)]
        await asyncio.to_thread(server.kill)
        acks += [ann.say(made.id, f"in the dark {number}") for number in range(5)]
        await asyncio.to_thread(server.start)
        numbers = [(await asyncio.wait_for(ack, PATIENCE))["sequence_id"] for ack in acks]
        assert sorted(numbers) == list(range(first["sequence_id"] + 1, first["sequence_id"] + 26))
        await until(lambda: len(seen) >= 28)
        assert seen.sequences(made.id) == list(range(1, 29))


async def test_several_conversations_on_one_socket_each_have_their_cursor(start_server: StartServer) -> None:
    server = start_server()
    people = provision_people(server)
    one, two = [await make_talk(server, people, "ann", "ben") for _ in range(2)]
    async with RestClient(server.url, people["ann"]["access"]) as rest:
        for number in range(5):
            await rest.say(one.id, f"early {number}")
    async with running(one, "ben", {one.id: 4, two.id: None}) as (ben, seen):
        await until(lambda: ben.cursors[two.id].number is not None and seen.sequences(one.id))
        await asyncio.wait_for(ben.say(two.id, "hello"), PATIENCE)
        await until(lambda: len(seen) >= 4)
        assert seen.sequences(one.id) == [5, 6, 7]
        assert seen.sequences(two.id) == [3]


async def test_an_ended_token_is_replaced_and_nothing_is_missed(start_server: StartServer) -> None:
    server = start_server(ACCESS_TOKEN_SECONDS="4")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    seen = Screen()
    asked = 0

    async def token() -> str:
        nonlocal asked
        asked += 1
        return (await asyncio.to_thread(provision_people, server))["ben"]["access"]

    ben = ReferenceClient(server.ws_url, token, {made.id: 0}, seen.append, scale=0.05)
    task = asyncio.create_task(ben.run())
    await until(lambda: asked >= 2 and len(seen) >= 2)
    await asyncio.wait_for(ben.say(made.id, "still here"), PATIENCE)
    await until(lambda: len(seen) >= 3)
    assert seen.sequences(made.id) == [1, 2, 3]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_client_that_is_removed_stops(server: ServerProcess) -> None:
    made = await make_talk(server, provision_people(server), "ann", "ben")
    screen = Screen()

    async def token() -> str:
        return made.people["ben"]["access"]

    ben = ReferenceClient(server.ws_url, token, {made.id: 0}, screen.append, scale=0.05)
    task = asyncio.create_task(ben.run())
    await until(lambda: screen)
    async with made.rest("ann") as rest:
        path = f"/api/v1/conversations/{made.id}/participants/{made.people['ben']['id']}"
        assert (await rest.delete(path)).status_code == 204
    await asyncio.wait_for(task, PATIENCE)
    assert ben.ended is not None
    assert "4403" in ben.ended
