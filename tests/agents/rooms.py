"""Conversations with scripted agents on real servers, and what their members see of runs."""

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.clients import Frame, RestClient, SocketClient
from tests.servers import Installation, ServerProcess

SCRIPTED = {"CHAT_AGENT_FUNCTIONS": "tests.agents.scripts.*"}
STEPS = {"agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed", "agent_failed"}
ENDS = {"agent_completed", "agent_failed"}
PEOPLE = ("ann", "ben", "cid")
WAIT = 60.0


def agent(username: str, function: str = "obey", **fields: Any) -> dict[str, Any]:
    """An agent for ``provision``."""
    settings = {"provider": "function", "model": f"tests.agents.scripts.{function}", **fields}
    return {"username": username, "kind": "agent", "agent": settings}


def provision(installation: Installation, *agents: dict[str, Any]) -> dict[str, dict[str, str]]:
    """People and agents: name to ``{id, access}``."""
    people = [{"username": name} for name in PEOPLE]
    made: dict[str, dict[str, str]] = installation.provision({"participants": [*people, *agents]})["participants"]
    return made


@dataclass
class Room:
    """One conversation."""

    server: ServerProcess
    people: dict[str, dict[str, str]]
    id: str

    def rest(self, name: str = "ann") -> RestClient:
        """REST as somebody."""
        return RestClient(self.server.url, self.people[name]["access"])

    def socket(self, name: str = "ann", server: ServerProcess | None = None, **query: Any) -> SocketClient:
        """A socket of somebody."""
        tail = "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else ""
        return SocketClient(f"{(server or self.server).ws_url}/chat/ws/{self.id}{tail}", self.people[name]["access"])

    async def log(self) -> list[Frame]:
        """All entries."""
        async with self.rest() as rest:
            return await rest.log(self.id)

    async def ask(self, order: dict[str, Any], name: str = "bot", by: str = "ann") -> int:
        """Ask an agent by a message; its number."""
        async with self.rest(by) as rest:
            answer = await rest.say(self.id, f"@{name} {json.dumps(order)}")
            assert answer.status_code == 201, answer.text
            number: int = answer.json()["sequence_id"]
            return number

    async def until_log(self, wanted: Callable[[list[Frame]], bool], seconds: float = WAIT) -> list[Frame]:
        """The log once it is as wanted."""
        async with asyncio.timeout(seconds):
            # A connection each time: one that is kept may be closed by the server just as it is used again.
            while not wanted(log := await self.log()):  # noqa: ASYNC110 - the log is in another process
                await asyncio.sleep(0.2)
            return log

    async def until_ended(self, count: int = 1, seconds: float = WAIT) -> list[Frame]:
        """The log once so many runs have ended."""
        return await self.until_log(lambda log: sum(row["type"] in ENDS for row in log) >= count, seconds)


async def make_room(
    server: ServerProcess,
    people: dict[str, dict[str, str]],
    *members: str,
    agents: tuple[str, ...] = ("bot",),
    **fields: Any,
) -> Room:
    """A conversation of Ann's with those members and agents."""
    async with RestClient(server.url, people["ann"]["access"]) as rest:
        body = {
            "title": f"Room {uuid.uuid4().hex[:8]}",
            "participants": [people[name]["id"] for name in members or ("ben",)],
            "agents": list(agents),
        }
        answer = await rest.post("/api/v1/conversations", json=body | fields)
        assert answer.status_code == 201, answer.text
        return Room(server, people, answer.json()["id"])


def runs_in(log: list[Frame]) -> dict[str, list[Frame]]:
    """The entries of each run, in order."""
    found: dict[str, list[Frame]] = {}
    for row in log:
        if row["type"] in STEPS:
            found.setdefault(row["run_id"], []).append(row)
    return found


def assert_grammar(run: list[Frame]) -> None:
    """Fail unless it began first, ended last and once, and completed each of its calls once, after it began."""
    kinds = [row["type"] for row in run]
    assert kinds[0] == "agent_started", kinds
    assert kinds.count("agent_started") == 1, kinds
    assert kinds[-1] in ENDS, kinds
    assert sum(kind in ENDS for kind in kinds) == 1, kinds
    begun = [row["call_id"] for row in run if row["type"] == "tool_executing"]
    done = [row["call_id"] for row in run if row["type"] == "tool_completed"]
    assert len(begun) == len(set(begun)), begun
    assert sorted(begun) == sorted(done)
    for key in begun:
        places = [place for place, row in enumerate(run) if row.get("call_id") == key]
        assert [run[place]["type"] for place in places] == ["tool_executing", "tool_completed"]


class Viewer:
    """What a client that follows the rule of ``agent_delta`` knows of the texts of runs."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.gaps = 0

    def take(self, frame: Frame) -> None:
        """A frame."""
        if frame["type"] == "connected":
            for run in frame["runs"] or []:
                # Only the end of a long text comes: what is before it is not known.
                self.texts[run["run_id"]] = "?" * run["offset"] + run["text"]
        elif frame["type"] == "agent_delta":
            known = self.texts.get(frame["run_id"], "")
            if frame["offset"] > len(known):
                self.gaps += 1
            else:
                self.texts[frame["run_id"]] = known[: frame["offset"]] + frame["text"]
