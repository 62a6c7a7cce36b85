"""Limits are one for all server processes, however many ask at once; without Redis they are rougher, never off."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from tests.clients import RestClient
from tests.conftest import StartServer
from tests.engines import Engines
from tests.realtime.conftest import Talk, make_talk, provision_people
from tests.servers import ServerProcess

pytestmark = pytest.mark.slow

AT_ONCE = 200
SIGN_INS, INVITATIONS, MESSAGES = 12, 15, 100
# Nothing worth speaking of comes back while a test runs, and no other limit is in the way.
ENVIRONMENT = {
    "CHAT_RATE_LIMITS": "on",
    "CHAT_LIMIT_SIGN_INS": f"{SIGN_INS}/360000",
    "CHAT_LIMIT_INVITATIONS": f"{INVITATIONS}/360000",
    "CHAT_LIMIT_MESSAGES": f"{MESSAGES}/360000",
    "CHAT_LIMIT_REQUESTS": "100000/60",
    "CHAT_LIMIT_ANONYMOUS": "100000/60",
}

Servers = Sequence[ServerProcess]


@contextmanager
def three(first: ServerProcess) -> Iterator[Servers]:
    """A server and two more processes of its installation."""
    with ExitStack() as stack:
        yield [first, *(stack.enter_context(first.sibling()) for _ in range(2))]


async def ask_all(servers: Servers, access: str | None, path: str, bodies: list[Any]) -> list[httpx.Response]:
    """Post every body, all at once, to the servers in turn."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(RestClient(server.url, access)) for server in servers]
        return await asyncio.gather(
            *(clients[number % len(clients)].post(path, json=body) for number, body in enumerate(bodies))
        )


def statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    """How many of each; a refusal says how long to wait."""
    for answer in answers:
        if answer.status_code == 429:
            assert answer.json()["code"] == "rate_limited"
            assert int(answer.headers["Retry-After"]) == answer.json()["retry_after"] > 0
    return Counter(answer.status_code for answer in answers)


def sign_ins(tag: str) -> list[dict[str, str]]:
    """Sign-ins of as many accounts, so that none is locked for its failures."""
    return [{"username": f"{tag}{number}", "password": "not a secret of theirs"} for number in range(AT_ONCE)]


def said(tag: str) -> list[dict[str, str]]:
    return [{"content": tag, "message_id": f"{tag}{number}"} for number in range(AT_ONCE)]


async def stored(talk: Talk, tag: str) -> int:
    """How many messages of a tag are in the log."""
    async with talk.rest("ben") as rest:
        return sum(entry.get("content") == tag for entry in await rest.log(talk.id))


async def test_of_two_hundred_at_once_over_three_processes_as_many_pass_as_the_limit_says(
    start_server: StartServer,
) -> None:
    if not os.environ.get("REDIS_URL"):
        pytest.skip("several server processes need REDIS_URL: python -m tests.engines -- ./script/test …")
    with three(start_server(**ENVIRONMENT)) as servers:
        talk = await make_talk(servers[0], provision_people(servers[0]), "ann", "ben")
        path, ann = f"/api/v1/conversations/{talk.id}", talk.people["ann"]["access"]
        given = statuses(await ask_all(servers, None, "/api/v1/auth/token", sign_ins("nobody")))
        assert given == {401: SIGN_INS, 429: AT_ONCE - SIGN_INS}
        given = statuses(await ask_all(servers, ann, f"{path}/invitations", [{}] * AT_ONCE))
        assert given == {201: INVITATIONS, 429: AT_ONCE - INVITATIONS}
        given = statuses(await ask_all(servers, ann, f"{path}/messages", said("hello")))
        assert MESSAGES <= given[201] <= MESSAGES * 1.01
        assert given[429] == AT_ONCE - given[201]
        assert await stored(talk, "hello") == given[201]


@pytest.mark.chaos
async def test_without_redis_sign_ins_and_invitations_stay_exact_and_messages_are_limited_by_each_process(
    start_private_server: StartServer, private_engines: Engines
) -> None:
    with three(start_private_server(**ENVIRONMENT)) as servers:
        talk = await make_talk(servers[0], provision_people(servers[0]), "ann", "ben")
        path, ann = f"/api/v1/conversations/{talk.id}", talk.people["ann"]["access"]
        for valkey in private_engines.valkeys:
            valkey.kill()
        given = statuses(await ask_all(servers, None, "/api/v1/auth/token", sign_ins("nobody")))
        assert given == {401: SIGN_INS, 429: AT_ONCE - SIGN_INS}
        given = statuses(await ask_all(servers, ann, f"{path}/invitations", [{}] * AT_ONCE))
        assert given == {201: INVITATIONS, 429: AT_ONCE - INVITATIONS}
        for number, server in enumerate(servers):
            given = statuses(await ask_all([server], ann, f"{path}/messages", said(f"hello {number}")))
            assert given == {201: MESSAGES // 2, 429: AT_ONCE - MESSAGES // 2}
            assert await stored(talk, f"hello {number}") == MESSAGES // 2
