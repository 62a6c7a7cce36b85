"""Server-sent events: the same log under the same rules as over a socket, entry by entry."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import clients
from tests.clients import RestClient
from tests.conftest import StartServer
from tests.realtime.conftest import MakeTalk, Talk, make_talk, provision_people

TIMEOUT = 20.0


class Stream:
    """An open stream; ``events`` are those that came, as (type, id, frame)."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.events: list[tuple[str, str | None, dict[str, Any]]] = []
        self.comments = 0
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())
        self._task.add_done_callback(lambda _: self._changed.set())

    async def _read(self) -> None:
        fields: dict[str, str] = {}
        async for line in self.response.aiter_lines():
            if not line:
                if "data" in fields:
                    frame = json.loads(fields["data"])
                    clients.check(frame)
                    self.events.append((fields["event"], fields.get("id"), frame))
                fields = {}
            elif line.startswith(":"):
                self.comments += 1
            else:
                name, _, value = line.partition(": ")
                fields[name] = value
            self._changed.set()

    @property
    def is_over(self) -> bool:
        """Whether the server ended it."""
        return self._task.done()

    @property
    def numbers(self) -> list[int]:
        """The numbers of the entries, as their ids say."""
        return [int(number) for _, number, _ in self.events if number]

    async def until(self, reached: Any) -> None:
        """Wait until ``reached()``."""
        async with asyncio.timeout(TIMEOUT):
            while not reached():
                if self._task.done():
                    self._task.result()
                    raise AssertionError(f"the stream ended after {self.events[-3:]}")
                self._changed.clear()
                await self._changed.wait()

    async def until_type(self, kind: str) -> dict[str, Any]:
        """The first event of a type."""
        await self.until(lambda: any(each[0] == kind for each in self.events))
        return next(frame for name, _, frame in self.events if name == kind)

    async def close(self) -> None:
        """Go away."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def path_of(talk: Talk) -> str:
    return f"/api/v1/conversations/{talk.id}/stream"


@asynccontextmanager
async def stream(
    talk: Talk, name: str, *, headers: dict[str, str] | None = None, **query: Any
) -> AsyncIterator[Stream]:
    async with (
        RestClient(talk.server.url, talk.people[name]["access"]) as rest,
        rest.stream("GET", path_of(talk), params=query, headers=headers, timeout=60) as response,
    ):
        assert response.status_code == 200, await response.aread()
        opened = Stream(response)
        try:
            yield opened
        finally:
            await opened.close()


async def test_entries_come_live_each_with_its_type_and_number(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with stream(made, "ben") as opened, made.socket("ann") as ann:
        connected = await opened.until_type("connected")
        assert connected["current_sequence_id"] == 2
        await ann.until_type("connected")
        for number in range(5):
            await ann.say(f"line {number}")
        await opened.until(lambda: opened.numbers[-1:] == [7])
        assert opened.numbers == [3, 4, 5, 6, 7]
        await ann.until_entry(7)
        assert [frame for _, number, frame in opened.events if number] == ann.entries
        assert all(kind == frame["type"] for kind, _, frame in opened.events)
        headers = opened.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"]
        assert "content-length" not in headers


@pytest.mark.parametrize("way", ["after", "Last-Event-ID", "both"])
async def test_it_resumes_behind_a_number(talk: MakeTalk, way: str) -> None:
    made = await talk("ann", "ben")
    async with made.rest("ann") as rest:
        for number in range(8):
            assert (await rest.say(made.id, f"line {number}")).status_code == 201
        query = {} if way == "Last-Event-ID" else {"after": 1 if way == "both" else 6}
        headers = None if way == "after" else {"Last-Event-ID": "6"}
        async with stream(made, "ben", headers=headers, **query) as opened:
            await opened.until(lambda: opened.numbers[-1:] == [10])
            await rest.say(made.id, "live")
            await opened.until(lambda: opened.numbers[-1:] == [11])
            assert opened.numbers == [7, 8, 9, 10, 11]


async def test_what_cannot_be_had_is_refused_as_rest_refuses_it(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with RestClient(made.server.url) as nobody:
        assert (await nobody.get(path_of(made))).status_code == 401
    async with made.rest("cid") as outsider:
        answer = await outsider.get(path_of(made))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_a_participant")
    async with made.rest("ann") as rest:
        missing = await rest.get(f"/api/v1/conversations/{made.people['ann']['id']}/stream")
        assert missing.status_code == 404
        assert (await rest.get(path_of(made), params={"after": "x"})).status_code == 400
        assert (await rest.get(path_of(made), headers={"Last-Event-ID": "x"})).status_code == 400
        assert (await rest.post(path_of(made))).status_code == 405
        assert (await rest.head(path_of(made))).status_code == 405


async def test_streams_count_as_sockets_and_give_their_place_back(talk: MakeTalk) -> None:
    made = await talk("eva", "fay")
    async with made.rest("eva") as rest:
        opened = []
        for _ in range(10):
            context = stream(made, "eva")
            opened.append((context, await context.__aenter__()))
        for _, each in opened:
            await each.until_type("connected")
        refused = await rest.get(path_of(made))
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sockets")
        assert int(refused.headers["retry-after"]) > 0
        for context, _ in opened:
            await context.__aexit__(None, None, None)
        async with asyncio.timeout(TIMEOUT):
            while True:
                async with rest.stream("GET", path_of(made)) as again:
                    if again.status_code == 200:
                        break
                await asyncio.sleep(0.1)


async def test_whoever_is_removed_is_told_and_gets_nothing_more(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with stream(made, "ben") as opened, made.rest("ann") as rest:
        await opened.until_type("connected")
        path = f"/api/v1/conversations/{made.id}/participants/{made.people['ben']['id']}"
        assert (await rest.delete(path)).status_code == 204
        assert (await rest.say(made.id, "now that he is gone")).status_code == 201
        assert (await opened.until_type("closing"))["reason"] == "removed"
        await opened.until(lambda: opened.is_over)
        assert opened.numbers == []


async def test_it_ends_with_its_token(start_server: StartServer) -> None:
    server = start_server(ACCESS_TOKEN_SECONDS="4")
    people = provision_people(server)
    made = await make_talk(server, people, "ann", "ben")
    async with stream(made, "ben") as opened:
        assert (await opened.until_type("closing"))["reason"] == "token_expired"
        await opened.until(lambda: opened.is_over)


async def test_a_quiet_stream_has_a_heartbeat_and_ends_with_the_server(start_server: StartServer) -> None:
    server = start_server(CHAT_STREAM_HEARTBEAT_SECONDS="0.2")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with stream(made, "ben") as opened:
        await opened.until_type("connected")
        await opened.until(lambda: opened.comments >= 3)
        if server.environment()["ASGI_SERVER"] == "uvicorn":
            assert await asyncio.to_thread(server.stop) == 0
            closing = await opened.until_type("closing")
            assert closing["reason"] == "server_restart"
            await opened.until(lambda: opened.is_over)
    server.assert_clean_log()


async def test_a_newcomer_sees_of_older_messages_that_something_happened(talk: MakeTalk) -> None:
    made = await talk("ann", "ben", history="from_join")
    async with made.rest("ann") as rest:
        old = (await rest.say(made.id, "before")).json()["id"]
        joined = {"participant": made.people["cid"]["id"]}
        assert (await rest.post(f"/api/v1/conversations/{made.id}/participants", json=joined)).status_code == 201
        async with stream(made, "cid", after=0) as opened:
            await opened.until_type("connected")
            assert (await rest.delete(f"/api/v1/messages/{old}")).status_code == 204
            withheld = await opened.until_type("withheld")
            assert set(withheld) == {"type", "conversation_id", "sequence_id"}
            assert opened.numbers == [4, 5]


async def test_many_streams_hold_no_thread(start_server: StartServer) -> None:
    server = start_server(CHAT_SOCKETS_PER_CONVERSATION="50")
    made = await make_talk(server, provision_people(server), "ann", "ben")

    def threads() -> int:
        return len(list(Path(f"/proc/{server.pid}/task").iterdir()))

    opened = []
    for number in range(30):
        context = stream(made, "ann" if number % 2 else "ben")
        opened.append((context, await context.__aenter__()))
        await opened[-1][1].until_type("connected")
        if number == 4:
            before = threads()
    assert threads() - before <= 10  # the pools may have grown meanwhile
    for context, _ in opened:
        await context.__aexit__(None, None, None)
