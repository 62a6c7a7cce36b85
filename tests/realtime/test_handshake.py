"""Who gets in, by which credential and from which page; everybody else is refused before any data, and told why."""

import asyncio
import socket as sockets
import struct
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jwt
import pytest

from tests.clients import RestClient, SocketClient, socket_request
from tests.conftest import StartServer
from tests.realtime.conftest import MakeTalk, People, Talk, make_talk, provision_people
from tests.realtime.credentials import NEVER, account, browser, forged, log_lines
from tests.realtime.handshakes import opens, opens_soon, refusal, refused
from tests.servers import ServerProcess

OUTSIDER = "jon"


# --- let in -----------------------------------------------------------------------------------------------------------


async def test_a_token_opens_by_header_and_by_subprotocol(talk: MakeTalk) -> None:
    made = await talk("ann")
    access = made.people["ann"]["access"]
    by_header = await opens(SocketClient(made.url, access))
    assert by_header.connection.subprotocol is None
    by_protocol = await opens(SocketClient(made.url, subprotocols=["chat.v1", f"bearer.{access}"]))
    assert by_protocol.connection.subprotocol == "chat.v1"
    assert by_header.frames[0]["participant"] == by_protocol.frames[0]["participant"]
    await opens(SocketClient(f"{made.url}/", additional_headers={"Authorization": f"bearer  {access} "}))


async def test_a_ticket_opens_one_socket(talk: MakeTalk) -> None:
    made = await talk("ann")
    async with made.rest("ann") as rest:
        issued = (await rest.post("/api/v1/auth/ticket")).json()
    assert issued["expires_in"] <= 30
    address = f"{made.url}?ticket={issued['ticket']}"
    socket = await opens(SocketClient(address))
    assert socket.frames[0]["participant"]["username"] == "ann"
    await refused(made.server, 401, "ticket_invalid", address)
    await refused(made.server, 401, "ticket_invalid", f"{made.url}?ticket=")


async def test_of_many_sockets_with_one_ticket_one_opens(talk: MakeTalk) -> None:
    made = await talk("ann")
    async with made.rest("ann") as rest:
        ticket = (await rest.post("/api/v1/auth/ticket")).json()["ticket"]
    tries = [opens(SocketClient(f"{made.url}?ticket={ticket}")) for _ in range(6)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidStatus"] * 5 + ["SocketClient"]


async def test_the_browsers_session_opens_from_the_exact_origin_until_it_ends(server: ServerProcess) -> None:
    async with browser(server) as page:
        address, cookie = (
            f"{server.ws_url}/chat/ws",
            {"Cookie": f'theme={{"dark": 1}}; sessionid={page.cookies["sessionid"]}'},
        )
        socket = await opens(SocketClient(address, additional_headers=cookie, origin=server.url))
        assert socket.frames[0]["participant"]["username"] == page.username
        localhost = server.url.replace("127.0.0.1", "localhost")
        await opens(SocketClient(address, additional_headers=cookie, origin=localhost))
        await page.sign_out()
        await refused(server, 401, "not_authenticated", address, additional_headers=cookie, origin=server.url)


def foreign_origins(own: str) -> dict[str, str | None]:
    port = own.rpartition(":")[2]
    return {
        "absent": None,
        "null": "null",
        "empty": "",
        "suffix": f"http://127.0.0.1.evil.example:{port}",
        "text behind the port": f"{own}.evil.example",
        "prefix": f"http://evil-127.0.0.1:{port}",
        "subdomain": f"http://evil.localhost:{port}",
        "userinfo": f"http://127.0.0.1:{port}@evil.example",
        "userinfo before": f"http://evil.example@127.0.0.1:{port}",
        "other port": f"http://127.0.0.1:{int(port) + 1}",
        "no port": "http://127.0.0.1",
        "other scheme": own.replace("http", "https"),
        "socket scheme": own.replace("http", "ws"),
        "mixed case": f"http://LocalHost:{port}",
        "upper scheme": own.replace("http", "HTTP"),
        "trailing dot": f"http://localhost.:{port}",
        "trailing slash": f"{own}/",
        "international": f"http://xn--lcalhost-6nf:{port}",
        "star": "*",
        "two": f"{own} {own}",
    }


async def test_with_the_cookie_any_other_origin_is_refused_and_logged(server: ServerProcess) -> None:
    async with browser(server) as page:
        cookie = {"Cookie": f"sessionid={page.cookies['sessionid']}"}
        for name, origin in foreign_origins(server.url).items():
            before = len(log_lines(server, "foreign origin"))
            address = f"{server.ws_url}/chat/ws"
            response = await refused(
                server, 403, "origin_not_allowed", address, additional_headers=cookie, origin=origin
            )
            logged = len(log_lines(server, "foreign origin")) - before
            assert logged == 1 or response.status_code == 400, name
        await opens(SocketClient(address, additional_headers=cookie, origin=server.url))


async def test_a_token_wins_over_a_cookie_whatever_the_origin(server: ServerProcess, people: People) -> None:
    async with browser(server) as page:
        headers = {"Cookie": f"sessionid={page.cookies['sessionid']}"}
        options: dict[str, Any] = {"additional_headers": headers, "origin": "https://evil.example"}
        address = f"{server.ws_url}/chat/ws"
        socket = await opens(SocketClient(address, people["ann"]["access"], **options))
        assert socket.frames[0]["participant"]["username"] == "ann"
        by_protocol = ["chat.v1", f"bearer.{people['ben']['access']}"]
        socket = await opens(SocketClient(address, subprotocols=by_protocol, **options))
        assert socket.frames[0]["participant"]["username"] == "ben"
        await refused(server, 401, "token_invalid", address, "garbage", additional_headers=headers, origin=server.url)


# --- refused ----------------------------------------------------------------------------------------------------------


async def test_nobody_gets_in_without_a_credential(talk: MakeTalk) -> None:
    made = await talk("ann", visibility="public")
    for address in (made.url, made.all_url):
        await refused(made.server, 401, "not_authenticated", address)
        await refused(made.server, 401, "not_authenticated", address, subprotocols=["chat.v1"])
        await refused(
            made.server, 401, "not_authenticated", address, additional_headers={"Authorization": "Basic YTpi"}
        )
        await refused(made.server, 401, "not_authenticated", address, additional_headers={"Cookie": "sessionid=dead"})
        await refused(
            made.server, 401, "not_authenticated", address, additional_headers={"Cookie": "=;sessionid;;,sessionid=="}
        )


@pytest.mark.parametrize("how", NEVER)
async def test_a_token_that_is_not_ours_or_no_longer_good_is_refused(
    server: ServerProcess, people: People, how: str
) -> None:
    access = forged(server, people["ann"]["access"], how)
    address = f"{server.ws_url}/chat/ws"
    await refused(server, 401, "token_invalid", address, access)
    await refused(server, 401, "token_invalid", address, subprotocols=["chat.v1", f"bearer.{access}"])


async def test_what_the_vectors_are_made_of_opens_when_it_is_not_spoilt(server: ServerProcess, people: People) -> None:
    access = forged(server, people["ann"]["access"], "nothing")
    assert jwt.decode(access, options={"verify_signature": False})["sid"]
    await opens(SocketClient(f"{server.ws_url}/chat/ws", access))


async def test_a_refresh_token_and_a_signed_out_one_are_refused(server: ServerProcess) -> None:
    address = f"{server.ws_url}/chat/ws"
    async with RestClient(server.url) as rest:
        tokens = await account(rest)
        await refused(server, 401, "token_invalid", address, tokens["refresh"])
        ticket = await rest.post("/api/v1/auth/ticket", headers={"Authorization": f"Bearer {tokens['access']}"})
        await opens(SocketClient(address, tokens["access"]))
        assert (await rest.post("/api/v1/auth/logout", json={"refresh": tokens["refresh"]})).status_code == 205
    await refused(server, 401, "token_revoked", address, tokens["access"])
    await refused(server, 401, "ticket_invalid", f"{address}?ticket={ticket.json()['ticket']}")


@pytest.mark.parametrize(
    "query", ["token={}", "access={}", "last_sequence_id=0&token={}", "token=", "ticket=x&access="]
)
async def test_a_token_in_the_address_is_refused_even_a_good_one(talk: MakeTalk, query: str) -> None:
    made = await talk("ann")
    access = made.people["ann"]["access"]
    for address in (made.url, made.all_url):
        await refused(made.server, 400, "token_in_url", f"{address}?{query.format(access)}", access)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "%31%00", "%D9%A1", "9" * 17, "9" * 5000])
async def test_a_cursor_that_is_no_number_is_refused(talk: MakeTalk, cursor: str) -> None:
    made = await talk("ann")
    await refused(
        made.server, 400, "validation_error", f"{made.url}?last_sequence_id={cursor}", made.people["ann"]["access"]
    )


@pytest.mark.parametrize("visibility", ["private", "public"])
async def test_outsiders_are_refused(talk: MakeTalk, visibility: str) -> None:
    made = await talk("ann", visibility=visibility)
    await refused(made.server, 403, "not_a_participant", made.url, made.people[OUTSIDER]["access"])


@pytest.mark.parametrize("id_", [str(uuid.UUID(int=0)), "x", "1", "%2e%2e", "0f7e6f0c", "a" * 3000])
async def test_a_conversation_that_is_not_there_is_refused(server: ServerProcess, people: People, id_: str) -> None:
    await refused(server, 404, "not_found", f"{server.ws_url}/chat/ws/{id_}", people["ann"]["access"])


@pytest.mark.parametrize("path", ["/", "/ws", "/chat", "/chat/ws2", "/chat/ws/x/y", "/api/v1/me", "/%00"])
async def test_an_unknown_address_is_refused(server: ServerProcess, people: People, path: str) -> None:
    await refused(server, 404, "not_found", server.ws_url + path, people["ann"]["access"])


async def test_on_daphne_each_kind_of_refusal_is_403_and_each_credential_opens(daphne_server: ServerProcess) -> None:
    people = provision_people(daphne_server)
    made = await make_talk(daphne_server, people, "ann")
    access = people["ann"]["access"]
    nowhere = f"{made.all_url}/{uuid.UUID(int=0)}"
    for address, token in [
        (made.url, None),
        (made.url, "garbage"),
        (made.url, people["ben"]["access"]),
        (f"{made.url}?token={access}", access),
        (f"{made.url}?ticket=spent", None),
        (nowhere, access),
        (f"{daphne_server.ws_url}/elsewhere", access),
    ]:
        assert (await refusal(address, token)).status_code == 403
    await opens(made.socket("ann"))
    socket = await opens(SocketClient(made.url, subprotocols=["chat.v1", f"bearer.{access}"]))
    assert socket.connection.subprotocol == "chat.v1"
    daphne_server.assert_clean_log()


async def test_a_place_that_nobody_waited_for_is_given_back(start_server: StartServer) -> None:
    server = start_server(CHAT_COMMAND_SECONDS="0.0001")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    for _ in range(3):
        await refused(server, 503, "unavailable", made.url, made.people["ann"]["access"])
    async with made.rest("ann") as rest, asyncio.timeout(60):
        free = 0
        while free < 5:  # it may not have been taken yet
            online = (await rest.get(f"/api/v1/participants/{made.people['ann']['id']}")).json()["is_online"]
            free = 0 if online else free + 1
            await asyncio.sleep(0.2)


# --- let go -----------------------------------------------------------------------------------------------------------


def leave_in_the_handshake(talk: Talk, seconds: float) -> None:
    """Ask for a socket, and reset the line a moment later."""
    line = sockets.create_connection(("127.0.0.1", talk.server.port))
    line.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    line.sendall(socket_request(talk.server.port, talk.id, talk.people["ann"]["access"]))
    time.sleep(seconds)  # anything may be the moment
    line.close()


async def test_whoever_leaves_in_the_handshake_is_no_error_and_leaves_nothing_behind(start_server: StartServer) -> None:
    server = start_server()
    made = await make_talk(server, provision_people(server), "ann", "ben")
    with ThreadPoolExecutor(8) as threads:
        moments = [number % 40 / 2_000 for number in range(400)]
        list(threads.map(partial(leave_in_the_handshake, made), moments))
    await opens_soon(made.url, made.people["ann"]["access"])  # their places are given back
    server.assert_clean_log()
