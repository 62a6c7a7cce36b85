"""Logs as files, as a server sends them: piece by piece, over connections to the database that come and go."""

import asyncio

import httpx
import psycopg
import pytest

from tests.clients import RestClient
from tests.conftest import StartServer
from tests.realtime.conftest import make_talk, provision_people
from tests.servers import ServerProcess


async def is_whole(rest: RestClient, path: str, last: str) -> bool:
    """Whether a download is there, up to its last line."""
    try:
        answer = await rest.get(path)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK and last in answer.text.splitlines()[-1]


def cut_connections(server: ServerProcess) -> None:
    """End all sessions of a server's database but our own, as a restart of it does."""
    with psycopg.connect(server.environment()["DATABASE_URL"]) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_logs_are_taken_away_whole_also_after_the_database_was_away(start_server: StartServer) -> None:
    server = start_server()
    if not server.environment()["DATABASE_URL"].startswith("postgres"):
        pytest.skip("a file loses no connection: python -m tests.engines -- ./script/test …")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.rest("ann") as rest, asyncio.timeout(100):
        for number in range(12):
            assert (await rest.say(made.id, f"{number} " + "long " * 1900)).status_code == 201
        assert (await rest.say(made.id, "the last")).status_code == 201
        for path in (f"/api/v1/conversations/{made.id}/export", "/api/v1/me/export"):
            assert await is_whole(rest, path, "the last")
            await asyncio.to_thread(cut_connections, server)
            while not await is_whole(rest, path, "the last"):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)


async def test_a_server_reads_no_further_for_who_has_gone(start_server: StartServer) -> None:
    server = start_server(CHAT_REQUESTS="1")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.rest("ann") as rest:
        for block in range(40):
            said = [rest.say(made.id, f"{block} " + "long " * 1900) for _ in range(10)]
            assert {answer.status_code for answer in await asyncio.gather(*said)} == {201}
        path = f"/api/v1/conversations/{made.id}/export"
        for _ in range(3):  # the only place there is has to be given back each time
            async with made.rest("ann") as leaving, leaving.stream("GET", path) as answer:
                assert answer.status_code == httpx.codes.OK
                async for _ in answer.aiter_bytes():
                    break
            assert (await rest.get("/api/v1/me")).status_code == httpx.codes.OK
    server.assert_clean_log()
