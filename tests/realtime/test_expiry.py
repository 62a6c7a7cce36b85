"""A socket lives as long as its credential: notice ahead, a new token of the same participant, or 4401."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import jwt
import pytest

from tests.clients import RestClient, SocketClient
from tests.realtime.credentials import account
from tests.servers import Installations, ServerProcess

LIFE = 16  # seconds of an access token
NOTICE = 10  # seconds ahead of its end
LATE = 5  # what a busy machine may add


@pytest.fixture(scope="module")
def hasty_server(installations: Installations, asgi_server: str) -> Iterator[ServerProcess]:
    """A server whose access tokens live for seconds."""
    made = installations.create(ACCESS_TOKEN_SECONDS=str(LIFE))
    with ServerProcess(made, ASGI_SERVER=asgi_server) as started:
        yield started


@pytest.fixture
async def rest(hasty_server: ServerProcess) -> AsyncIterator[RestClient]:
    async with RestClient(hasty_server.url) as client:
        yield client


def expiry_of(access: str) -> float:
    return float(jwt.decode(access, options={"verify_signature": False})["exp"])


async def renewed(rest: RestClient, tokens: dict[str, Any]) -> str:
    """A new access token of the same sign-in."""
    answer = await rest.post("/api/v1/auth/token/refresh", json={"refresh": tokens["refresh"]})
    return str(answer.json()["access"])


async def notice(socket: SocketClient, end: float) -> None:
    """The notice comes in time, once."""
    error = await socket.until_type("error")
    assert error["code"] == "token_expiring"
    assert NOTICE - LATE <= end - time.time() <= NOTICE + 2
    assert len(socket.of_type("error")) == 1


async def test_a_socket_ends_with_its_token_unless_a_new_one_is_shown(
    hasty_server: ServerProcess, rest: RestClient
) -> None:
    tokens = await account(rest)
    access, end = tokens["access"], expiry_of(tokens["access"])
    url = f"{hasty_server.ws_url}/chat/ws"
    async with SocketClient(url, access) as stays, SocketClient(url, access) as ends:
        await asyncio.gather(notice(stays, end), notice(ends, end))
        new = await renewed(rest, tokens)
        await stays.send("authenticate", access=new)
        answer = await stays.until_type("authenticated")
        assert datetime.fromisoformat(answer["expires_at"]).timestamp() == expiry_of(new) > end

        assert await ends.until_closed() == 4401
        assert end <= time.time() <= end + 2 + LATE
        assert ends.frames[-1] == {"type": "closing", "reason": "token_expired"}

        await stays.send("ping")
        await stays.until_type("pong")
        assert time.time() > end
        notices = stays.of_type("error")
        assert [error["code"] for error in notices] == ["token_expiring"] * 2  # the new token has one of its own


async def test_the_token_of_somebody_else_or_of_nobody_renews_nothing(
    hasty_server: ServerProcess, rest: RestClient
) -> None:
    tokens, other = await account(rest), await account(rest)
    async with SocketClient(f"{hasty_server.ws_url}/chat/ws", tokens["access"]) as socket:
        for access, code in [
            (other["access"], "sender_mismatch"),
            ("garbage", "token_invalid"),
            ("", "token_invalid"),
            (tokens["refresh"], "token_invalid"),
            (tokens["access"][:-4] + "AAAA", "token_invalid"),
        ]:
            await socket.send("authenticate", access=access)
            error = await socket.until(lambda frame: frame["type"] == "error" and frame["code"] != "token_expiring")
            assert error["code"] == code
        assert socket.of_type("authenticated") == []
        await rest.post("/api/v1/auth/logout", json={"refresh": other["refresh"]})
        await socket.send("authenticate", access=tokens["access"])
        await socket.until_type("authenticated")
