"""What comes in is bounded: frames of a socket, requests of a process, their size and their time."""

import asyncio
import contextlib
import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conftest import StartServer
from tests.realtime.conftest import MakeTalk, make_talk, provision_people
from tests.realtime.test_faults import narrow_line
from tests.servers import ServerProcess


async def test_a_flood_is_warned_then_cut_and_others_do_not_notice(start_server: StartServer) -> None:
    server = start_server(CHAT_RATE_LIMITS="on", CHAT_FRAMES_PER_SECOND="5", CHAT_FRAMES_BURST="20")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.socket("ann") as ann, made.socket("ben") as ben:
        await ann.until_type("connected")
        await ben.until_type("connected")
        with contextlib.suppress(ConnectionClosed):
            for number in range(200_000):
                await ann.send("ping", nonce=number)
                if number % 100 == 0:  # a send that need not wait lets nothing else run
                    await asyncio.sleep(0)
        assert await ann.until_closed() == 4429
        assert ann.frames[-1]["type"] == "closing"
        assert ann.frames[-1]["reconnect_in"] >= 1
        refused = ann.of_type("error")
        assert {frame["code"] for frame in refused} == {"rate_limited"}
        assert min(frame["retry_after"] for frame in refused) >= 1
        assert len(ann.of_type("pong")) >= 20
        await ben.say("was something?")


async def test_whoever_is_slower_when_told_stays(start_server: StartServer) -> None:
    server = start_server(CHAT_RATE_LIMITS="on", CHAT_FRAMES_PER_SECOND="0.5", CHAT_FRAMES_BURST="5")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.socket("ann") as ann:
        await ann.until_type("connected")
        for number in range(8):
            await ann.send("ping", nonce=number)
        refusal = await ann.until_type("error")
        await asyncio.sleep(refusal["retry_after"] + 1)
        await ann.send("ping", nonce="later")
        assert (await ann.until(lambda frame: frame.get("nonce") == "later"))["type"] == "pong"


def slow_body(server: ServerProcess, path: str, access: str) -> tuple[int, dict[str, str], bytes]:
    """A request whose body stops coming."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    line.putrequest("POST", path)
    for name, value in (("Authorization", f"Bearer {access}"), ("Content-Type", "application/json")):
        line.putheader(name, value)
    line.putheader("Content-Length", "1000")
    line.endheaders()
    line.send(b"{")
    answer = line.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


@pytest.mark.parametrize("path", ["/api/v1/conversations", "/health/live"])
async def test_a_body_that_does_not_come_is_not_waited_for(start_server: StartServer, path: str) -> None:
    server = start_server(CHAT_BODY_SECONDS="1")
    people = provision_people(server)
    status, _, body = await asyncio.to_thread(slow_body, server, path, people["ann"]["access"])
    assert (status, b"request_timeout" in body) == (408, True)
    server.assert_clean_log()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for clients of their own."""
    with ThreadPoolExecutor(24) as threads:
        yield threads


def sign_in(server: ServerProcess) -> tuple[int, str | None]:
    """A request that takes a while: hashing a password."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = b'{"username": "nobody", "password": "not a password of anybody"}'
    line.request("POST", "/api/v1/auth/token", body, {"Content-Type": "application/json"})
    answer = line.getresponse()
    answer.read()
    return answer.status, answer.getheader("Retry-After")


def test_requests_over_the_bound_are_told_to_come_back(start_server: StartServer, pool: ThreadPoolExecutor) -> None:
    server = start_server(CHAT_REQUESTS="1", CHAT_QUEUED_REQUESTS="2")
    answers = [future.result() for future in [pool.submit(sign_in, server) for _ in range(24)]]
    statuses = [status for status, _ in answers]
    assert set(statuses) == {401, 503}
    assert statuses.count(401) >= 3
    assert all(retry == "1" for status, retry in answers if status == 503)
    assert sign_in(server)[0] == 401  # every place was given back
    assert server.is_ready()


async def test_health_answers_while_all_places_are_taken(start_server: StartServer, pool: ThreadPoolExecutor) -> None:
    server = start_server(CHAT_REQUESTS="1")
    running = [pool.submit(sign_in, server) for _ in range(12)]
    assert server.is_ready()
    assert not all(future.done() for future in running)
    assert {future.result()[0] for future in running} == {401}


def too_large(server: ServerProcess) -> tuple[int, dict[str, str], bytes]:
    """A request that announces more than is taken, and sends nothing of it."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    line.putrequest("POST", "/api/v1/auth/token")
    line.putheader("Content-Length", str(50 * 1024 * 1024))
    line.endheaders()
    start = time.monotonic()
    answer = line.getresponse()
    assert time.monotonic() - start < 20
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, headers, answer.read1()


async def test_a_length_that_is_too_large_is_refused_ahead_of_the_body(server: ServerProcess) -> None:
    status, headers, body = await asyncio.to_thread(too_large, server)
    assert status == 413
    assert headers["x-request-id"].encode() in body
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors" in headers["content-security-policy"]


async def test_ids_may_be_in_capitals(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.rest("ann") as rest:
        for path in (f"/api/v1/conversations/{made.id.upper()}", f"/chat/conversations/{made.id.upper()}/"):
            assert (await rest.get(path)).json()["id"] == made.id
        assert (await rest.get(f"/api/v1/conversations/{made.id[:-1]}")).status_code == 404
    async with type(made)(made.server, made.people, made.id.upper()).socket("ann") as socket:
        assert (await socket.until_type("connected"))["conversation_id"] == made.id


async def test_readers_that_take_nothing_of_an_answer_hold_no_place(start_server: StartServer) -> None:
    server = start_server(CHAT_REQUESTS="2", CHAT_STALL_SECONDS="2", CHAT_QUEUED_REQUESTS="50")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.rest("ann") as rest:
        path = f"/api/v1/conversations/{made.id}/attachments"
        file = (await rest.post(path, files={"file": ("large.bin", b"x" * 9_000_000)})).json()
        signed = f"Authorization: {rest.headers['Authorization']}"
        request = f"GET /api/v1/attachments/{file['id']} HTTP/1.1\r\nHost: localhost\r\n{signed}\r\n\r\n".encode()
        lines = [narrow_line(server) for _ in range(4)]
        for line in lines:
            line.setblocking(True)
            await asyncio.to_thread(line.sendall, request)
        for line in lines:  # it has begun to answer each of them: who waits for a place gets one as another is given up
            assert await asyncio.to_thread(line.recv, 12) == b"HTTP/1.1 200"
        assert (await rest.get("/api/v1/me")).status_code == 200
        for line in lines:
            line.close()
