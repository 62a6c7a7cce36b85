"""REST of a real server: parallel requests on many connections, bodies that are too large, broken requests."""

import asyncio
import re
import socket
import uuid
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.clients import RestClient
from tests.servers import ServerProcess

MIB = 1024 * 1024
NAMES = [f"rest-{number}" for number in range(21)]


@pytest.fixture(scope="module")
def people(server: ServerProcess) -> list[dict[str, str]]:
    """An owner and twenty others, each with id and access token."""
    made = server.provision({"participants": [{"username": name} for name in NAMES]})["participants"]
    return [made[name] for name in NAMES]


@pytest.fixture
async def clients(server: ServerProcess, people: list[dict[str, str]]) -> AsyncIterator[list[RestClient]]:
    """REST as each of them."""
    opened = [RestClient(server.url, row["access"]) for row in people]
    yield opened
    for client in opened:
        await client.aclose()


async def conversation(owner: RestClient, **fields: Any) -> str:
    answer = await owner.post("/api/v1/conversations", json={"title": "Tea", "visibility": "public", **fields})
    assert answer.status_code == HTTPStatus.CREATED
    return str(answer.json()["id"])


async def statuses(*requests: Any) -> list[int]:
    return sorted(answer.status_code for answer in await asyncio.gather(*requests))


async def test_five_places_go_to_five_of_twenty(clients):
    tea = await conversation(clients[0], max_participants=6)
    joins = [client.post(f"/api/v1/conversations/{tea}/join") for client in clients[1:]]
    assert await statuses(*joins) == [200] * 5 + [429] * 15
    joined = [entry for entry in await clients[0].log(tea) if entry["type"] == "participant_joined"]
    assert [entry["participant_count"] for entry in joined] == [1, 2, 3, 4, 5, 6]


async def test_a_message_sent_ten_times_at_once_is_stored_once(clients):
    tea = await conversation(clients[0])
    answers = await asyncio.gather(*[clients[0].say(tea, "once", message_id="k") for _ in range(10)])
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert {(answer.json()["id"], answer.json()["sequence_id"]) for answer in answers} == {(answers[0].json()["id"], 2)}
    assert len(await clients[0].log(tea)) == 2


async def test_eight_senders_of_fifty_leave_no_hole(clients):
    tea = await conversation(clients[0])
    senders = clients[1:9]
    for client in senders:
        await client.post(f"/api/v1/conversations/{tea}/join")

    before = len(await clients[0].log(tea))

    async def send_all(client: RestClient) -> list[int]:
        return [(await client.say(tea, f"m{number}")).json()["sequence_id"] for number in range(50)]

    given = await asyncio.gather(*map(send_all, senders))
    assert sorted(number for numbers in given for number in numbers) == list(range(before + 1, before + 401))
    assert all(numbers == sorted(numbers) for numbers in given)
    assert [entry["sequence_id"] for entry in await clients[0].log(tea)] == list(range(1, before + 401))


async def test_the_read_marker_never_goes_back(clients):
    tea = await conversation(clients[0])
    for _ in range(10):
        await clients[0].say(tea, "x")
    path = f"/api/v1/conversations/{tea}/read"
    await asyncio.gather(*[clients[0].post(path, json={"sequence_id": n}) for n in (3, 11, 5, 9, 2, 11, 7)])
    assert (await clients[0].post(path, json={"sequence_id": 1})).json()["last_read_sequence_id"] == 11


# --- bodies -----------------------------------------------------------------------------------------------------------


def raw_request(server: ServerProcess, *chunks: bytes) -> bytes:
    """What comes back for these bytes, until the server closes or has answered."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        for chunk in chunks:
            connection.sendall(chunk)
        answer = b""
        while not is_whole(answer) and (piece := connection.recv(65_536)):
            answer += piece
        return answer


def is_whole(answer: bytes) -> bool:
    """Whether a response is there with its body: head and body may come apart."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
    return bool(blank) and (length is None or len(body) >= int(length[1]))


def test_a_body_that_says_it_is_over_1_mib_is_refused_before_it_is_read(server: ServerProcess):
    head = f"POST /api/v1/auth/token HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\n".encode()
    answer = raw_request(server, head + f"Content-Length: {MIB + 1}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer
    assert b'"code":"request_too_large"' in answer


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [
        (MIB, 400, "validation_error"),
        (MIB + 1, 413, "request_too_large"),
        (12 * MIB, 413, "request_too_large"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_1_mib_is_read_and_a_byte_more_is_not(server: ServerProcess, chunked, size, status, code):
    body = b'{"username": "x"}'.ljust(size)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 65_536):
            yield body[start : start + 65_536]

    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/api/v1/auth/token", content=pieces() if chunked else body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost\r\n\r\n",
     b"POST /api/v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
     b"POST /api/v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)  # fmt: skip
def test_a_request_that_is_none_gets_400_or_nothing(server: ServerProcess, request_bytes):
    assert raw_request(server, request_bytes)[:12] in {b"HTTP/1.1 400", b""}


async def test_nothing_of_this_was_a_defect(server: ServerProcess, clients):
    missing = f"/api/v1/conversations/{uuid.uuid4()}"
    assert await statuses(*[client.get(missing) for client in clients]) == [404] * 21
    server.assert_clean_log()
