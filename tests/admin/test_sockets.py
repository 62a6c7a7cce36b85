"""What staff do in the admin reaches open sockets at once."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.admin.conftest import PASSWORD
from tests.clients import RestClient, SocketClient
from tests.servers import ServerProcess

LISTS = "/admin/{}/"
AT_ONCE = 1.0


@pytest.fixture(scope="module")
def made(server: ServerProcess) -> dict[str, Any]:
    people = [
        {"username": "admin-sockets", "password": PASSWORD, "staff": True},
        *({"username": name} for name in ("admin-ann", "admin-ben", "admin-cho", "admin-dee")),
    ]
    members = {"admin-ann": "owner", "admin-ben": "member", "admin-cho": "member", "admin-dee": "member"}
    conversations = [{"title": title, "members": members} for title in ("Admin sockets", "Admin deletes")]
    return server.provision({"participants": people, "conversations": conversations})


@pytest.fixture
async def browser(server: ServerProcess, made: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    """The admin's pages, signed in."""
    async with httpx.AsyncClient(base_url=server.url, follow_redirects=True, timeout=30) as client:
        await client.get("/admin/")
        await post(client, "/sign-in", username="admin-sockets", password=PASSWORD, next="/admin/")
        assert "sessionid" in client.cookies
        yield client


async def post(client: httpx.AsyncClient, path: str, **fields: Any) -> None:
    form = fields | {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
    answer = await client.post(path, data=form, headers={"Referer": str(client.base_url)})
    assert answer.status_code == 200, answer.text


def socket_of(server: ServerProcess, made: dict[str, Any], name: str, title: str = "Admin sockets") -> SocketClient:
    url = f"{server.ws_url}/chat/ws/{made['conversations'][title]}"
    return SocketClient(url, made["participants"][name]["access"])


async def test_a_deactivated_account_is_cut_off(
    server: ServerProcess, made: dict[str, Any], browser: httpx.AsyncClient
) -> None:
    async with socket_of(server, made, "admin-cho") as socket:
        await socket.until_type("connected")
        chosen = made["participants"]["admin-cho"]["id"]
        await post(
            browser, LISTS.format("participants/participant"), action="deactivate", _selected_action=chosen, index="0"
        )
        assert await socket.until_closed(timeout=AT_ONCE) == 4401


async def test_unchecking_active_on_the_form_of_an_account_cuts_it_off_too(
    server: ServerProcess, made: dict[str, Any], browser: httpx.AsyncClient
) -> None:
    async with socket_of(server, made, "admin-dee") as socket:
        await socket.until_type("connected")
        page = f"/admin/participants/participant/{made['participants']['admin-dee']['id']}/change/"
        await post(browser, page, username="admin-dee", display_name="Dee", email="")
        assert await socket.until_closed(timeout=AT_ONCE) == 4401
    async with RestClient(server.url, made["participants"]["admin-dee"]["access"]) as rest:
        assert (await rest.get("/api/v1/me")).json()["code"] == "token_revoked"


async def test_a_removed_member_is_let_go_and_the_others_are_told(
    server: ServerProcess, made: dict[str, Any], browser: httpx.AsyncClient
) -> None:
    async with socket_of(server, made, "admin-ann") as stays, socket_of(server, made, "admin-ben") as goes:
        await stays.until_type("connected")
        await goes.until_type("connected")
        found = await browser.get(LISTS.format("conversations/membership"), params={"q": "admin-ben"})
        ids = [part.split('"')[0] for part in found.text.split('name="_selected_action" value="')[1:]]
        for key in ids:
            page = f"/admin/conversations/membership/{key}/"
            if made["conversations"]["Admin sockets"] in (await browser.get(page + "change/")).text:
                await post(browser, page + "delete/", post="yes")
        assert await goes.until_closed(timeout=AT_ONCE) == 4403
        left = await stays.until_type("participant_left", timeout=AT_ONCE)
        assert left["reason"] == "removed"


async def test_a_deleted_conversation_is_gone_for_its_sockets(
    server: ServerProcess, made: dict[str, Any], browser: httpx.AsyncClient
) -> None:
    async with socket_of(server, made, "admin-ann", "Admin deletes") as socket:
        await socket.until_type("connected")
        page = f"/admin/conversations/conversation/{made['conversations']['Admin deletes']}/delete/"
        await post(browser, page, post="yes", password=PASSWORD)
        assert await socket.until_closed(timeout=AT_ONCE) == 4404
    server.assert_clean_log()
