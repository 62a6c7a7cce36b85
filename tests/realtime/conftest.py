"""People and conversations on the shared server, for tests over real sockets."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.clients import RestClient, SocketClient
from tests.servers import ServerProcess

NAMES = ("ann", "ben", "cid", "dee", "eva", "fay", "gus", "hal", "ida", "jon")

People = dict[str, dict[str, str]]


@dataclass
class Talk:
    """One conversation on one server, and how to reach it as each of its people."""

    server: ServerProcess
    people: People
    id: str

    @property
    def url(self) -> str:
        """The address of a socket for this conversation alone."""
        return f"{self.server.ws_url}/chat/ws/{self.id}"

    @property
    def all_url(self) -> str:
        """The address of a socket for many conversations."""
        return f"{self.server.ws_url}/chat/ws"

    def socket(self, name: str, **query: Any) -> SocketClient:
        """A socket of ``name``; ``last_sequence_id=N`` resumes."""
        address = f"{self.url}?{urlencode(query)}" if query else self.url
        return SocketClient(address, self.people[name]["access"])

    def rest(self, name: str) -> RestClient:
        """REST as ``name``."""
        return RestClient(self.server.url, self.people[name]["access"])

    def on(self, server: ServerProcess) -> "Talk":
        """The same conversation over another server process."""
        return Talk(server, self.people, self.id)


async def until_offline(talk: Talk, *names: str) -> None:
    """Wait until what other tests opened as these people is closed: who is shown already is not shown to come."""
    ids = [talk.people[name]["id"] for name in names]
    async with talk.rest(names[0]) as rest, asyncio.timeout(60):
        for each in ids:
            while (await rest.get(f"/api/v1/participants/{each}")).json()["is_online"]:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)


MakeTalk = Callable[..., Awaitable[Talk]]


def provision_people(server: ServerProcess) -> People:
    """The ten people of these tests on ``server``, with fresh tokens."""
    made = server.provision({"participants": [{"username": name} for name in NAMES]})
    people: People = made["participants"]
    return people


async def make_talk(server: ServerProcess, people: People, *names: str, **fields: Any) -> Talk:
    """A new conversation owned by the first of ``names``; the others are members."""
    owner, *others = names or NAMES[:2]
    async with RestClient(server.url, people[owner]["access"]) as rest:
        body = {"title": f"Talk {uuid.uuid4().hex[:8]}", "participants": [people[name]["id"] for name in others]}
        answer = await rest.post("/api/v1/conversations", json=body | fields)
        assert answer.status_code == 201, answer.text
        return Talk(server, people, answer.json()["id"])


@pytest.fixture(scope="session")
def people(server: ServerProcess) -> People:
    """Ten people on the shared server: name to ``{id, access}``."""
    return provision_people(server)


@pytest.fixture
def talk(server: ServerProcess, people: People) -> MakeTalk:
    """Make conversations on the shared server: ``await talk("ann", "ben", visibility="public")``."""

    async def make(*names: str, **fields: Any) -> Talk:
        return await make_talk(server, people, *names, **fields)

    return make
