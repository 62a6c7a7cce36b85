"""Handshakes that are refused, and sockets that open, for tests of who gets in."""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from tests.clients import SocketClient
from tests.servers import ServerProcess


async def refusal(address: str, access: str | None = None, **options: Any) -> Response:
    """The answer of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as caught:
        async with SocketClient(address, access, **options):
            pass
    return caught.value.response


async def refused(
    server: ServerProcess, status: int, code: str, address: str, access: str | None = None, **options: Any
) -> Response:
    """Expect a refusal with a status and the code of a problem.

    On Daphne the application can say nothing but 403; an Origin that is no address Daphne itself refuses with 400.
    """
    response = await refusal(address, access, **options)
    if server.environment().get("ASGI_SERVER") == "daphne":
        assert response.status_code in {400, 403}
        return response
    problem = json.loads(response.body)
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in response.headers) is (status == 401)
    assert problem["error"] == problem["detail"]
    return response


async def opens(socket: SocketClient) -> SocketClient:
    """Open and close a socket; it must be let in."""
    async with socket:
        await socket.until_type("connected")
        return socket


async def opens_soon(address: str, access: str) -> None:
    """Open a socket where a place was given back: it counts as soon as the server has seen the other's end."""
    async with asyncio.timeout(10):
        while True:
            try:
                await opens(SocketClient(address, access))
            except InvalidStatus:
                continue
            return
