"""What agents cost: `python -m benchmarks.agents`.

How old events of runs are when viewers get them, what the way through a run adds to an agent's own time, and what
others notice of a slow agent and of an answer of 10 MB. Every viewer checks that each run's text has no hole.
"""

import argparse
import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import uvloop

from benchmarks import targets
from benchmarks.load import cpu_seconds
from benchmarks.outcome import in_milliseconds
from benchmarks.targets import Engines
from benchmarks.wire import ClientSocket, upgrade_request
from tests.servers import ServerProcess

VIEWERS = 30
TICK_SECONDS = 0.06  # above the 50 ms in which deltas of a run are shown together
Seen = Callable[["Viewer", dict[str, Any], float], None]


class Viewer(ClientSocket):
    """A socket on many conversations. It keeps how far each run's text is, and gives every frame to ``seen``."""

    def __init__(self, request: bytes, seen: Seen) -> None:
        super().__init__(request)
        self.seen = seen
        self.faults: Counter[str] = Counter()
        self.lengths: dict[str, int] = {}
        self.completed: dict[str, dict[str, Any]] = {}
        self.subscribed = 0

    def opened(self) -> None:
        """Wait for ``connected``."""

    def say(self, conversation: str, content: str, key: str) -> None:
        """Send a message."""
        frame = {"type": "message", "conversation_id": conversation, "content": content, "message_id": key}
        self.write(orjson.dumps(frame))

    def received(self, payload: bytes, frame: bytes) -> None:
        """Take one frame, or an array of them."""
        now = time.time()
        parsed = orjson.loads(payload)
        for one in parsed if isinstance(parsed, list) else (parsed,):
            self.take(one)
            self.seen(self, one, now)

    def take(self, frame: dict[str, Any]) -> None:
        """Keep what a frame says of runs."""
        match frame:
            case {"type": "agent_delta", "run_id": run, "offset": offset, "text": text}:
                if offset > self.lengths.get(run, 0):
                    self.faults["hole"] += 1
                self.lengths[run] = offset + len(text)
            case {"type": "agent_completed", "run_id": run}:
                self.completed[run] = frame
            case {"type": "connected", "conversation_id": None}:
                self.ready.set_result(None)
            case {"type": "connected"}:
                self.subscribed += 1
            case {"type": "error" | "closing" | "agent_failed"}:
                self.faults[str(frame.get("code") or frame.get("reason"))] += 1


class Stage:
    """A server with agents, rooms of theirs, and one room where only people talk."""

    def __init__(self, server: ServerProcess, made: dict[str, Any]) -> None:
        self.server = server
        self.made = made
        self.rooms = [made["conversations"][title] for title in sorted(made["conversations"]) if title != "people"]
        self.people = made["conversations"]["people"]

    async def viewer(self, name: str, seen: Seen, rooms: list[str]) -> Viewer:
        """One viewer of these rooms."""
        headers = {"Authorization": f"Bearer {self.made['participants'][name]['access']}"}
        request = upgrade_request("127.0.0.1", "/chat/ws", headers | {"Sec-WebSocket-Protocol": "chat.v1"})
        loop = asyncio.get_running_loop()
        _, viewer = await loop.create_connection(lambda: Viewer(request, seen), "127.0.0.1", self.server.port)
        await viewer.ready
        for room in rooms:
            viewer.write(orjson.dumps({"type": "subscribe", "conversation_id": room}))
        await until(lambda: viewer.subscribed == len(rooms))
        return viewer

    @contextlib.asynccontextmanager
    async def viewers(self, seen: Seen, rooms: list[str]) -> AsyncIterator[list[Viewer]]:
        """All viewers of these rooms."""
        everyone = [await self.viewer(f"viewer{number}", seen, rooms) for number in range(VIEWERS)]
        yield everyone
        for viewer in everyone:
            viewer.close()


async def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something is so. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.02)


def ignore(viewer: Viewer, frame: dict[str, Any], now: float) -> None:
    """Do nothing."""


async def events(stage: Stage, rooms: int, seconds: float) -> dict[str, Any]:
    """One run in each of ``rooms``, seen by all viewers: how old each piece is when it comes."""
    ages: list[float] = []
    begin = float("inf")

    def seen(viewer: Viewer, frame: dict[str, Any], now: float) -> None:
        if frame["type"] == "agent_delta" and now > begin and (stamps := frame["text"].split()):
            ages.append(now - float(stamps[-1]))

    async with stage.viewers(seen, stage.rooms[:rooms]) as viewers:
        asked = json.dumps({"every": TICK_SECONDS, "seconds": seconds + 2})
        for number, room in enumerate(stage.rooms[:rooms]):
            viewers[0].say(room, f"@ticker {asked}", f"tick-{time.time()}")
            await asyncio.sleep(TICK_SECONDS / rooms * (1 if number else 0))
        await until(lambda: len(viewers[0].lengths) == rooms)
        await asyncio.sleep(1)
        begin, used = time.time(), cpu_seconds(stage.server.pid)
        await asyncio.sleep(seconds)
        count, used = len(ages), cpu_seconds(stage.server.pid) - used
        await until(lambda: all(len(viewer.completed) == rooms for viewer in viewers))
        faults = sum((viewer.faults for viewer in viewers), Counter[str]())
        whole = all(
            viewer.lengths[run] == len(done["message"]["content"])
            for viewer in viewers
            for run, done in viewer.completed.items()
        )
    return {
        "events/s": round(count / VIEWERS / seconds),
        "deliveries/s": round(count / seconds),
        "server CPU µs a delivery": round(used / max(1, count) * 1e6, 1),
        "server's core %": round(100 * used / seconds),
        **in_milliseconds("age", ages[:count]),
        "faults": dict(faults),
        "texts equal to the stored message": whole,
    }


async def path(stage: Stage, runs: int) -> dict[str, Any]:
    """What a run adds to the agent's own time: from ``agent_started`` to ``agent_completed``, as a viewer sees them."""
    started: dict[str, float] = {}
    added: list[float] = []
    own: list[float] = []

    def seen(viewer: Viewer, frame: dict[str, Any], now: float) -> None:
        if frame["type"] == "agent_started":
            started[frame["run_id"]] = now
        if frame["type"] == "agent_completed":
            own.append(float(frame["message"]["content"].split()[-1]))
            added.append(now - started[frame["run_id"]] - own[-1])

    viewer = await stage.viewer("viewer0", seen, stage.rooms[:1])
    asked = json.dumps({"pieces": 100, "pause": 0.02})
    for number in range(runs):
        viewer.say(stage.rooms[0], f"@worker {asked}", f"work-{time.time()}")
        await until(lambda number=number: len(added) == number + 1)  # type: ignore[misc]
    viewer.close()
    middle = sorted(added)[len(added) // 2]
    mean = sum(own) / len(own)
    return {"own s": round(mean, 3), "added ms": round(middle * 1e3, 1), "added %": round(100 * middle / mean, 2)}


async def others(stage: Stage, ask: Callable[[Viewer], None] | None, seconds: float) -> dict[str, Any]:
    """Ten people talk, fifty messages a second, while a viewer elsewhere waits for an agent."""
    sent: dict[str, float] = {}
    ages: list[float] = []

    def seen(viewer: Viewer, frame: dict[str, Any], now: float) -> None:
        if frame["type"] == "message" and frame["message_id"] in sent:
            ages.append(now - sent[frame["message_id"]])

    async def talk(length: float) -> None:
        for number in range(int(length * 50)):
            key = f"{number}-{time.time()}"
            sent[key] = time.time()
            people[number % 10].say(stage.people, "good morning to all of you", key)
            await asyncio.sleep(0.02)

    people = [await stage.viewer(f"viewer{number}", seen, [stage.people]) for number in range(10)]
    watcher = await stage.viewer("viewer20", ignore, stage.rooms[:1])
    await talk(1)
    ages.clear()
    if ask is not None:
        ask(watcher)
    await talk(seconds)
    await asyncio.sleep(0.5)
    found = in_milliseconds("delivery", ages)
    if ask is not None:
        await until(lambda: bool(watcher.completed) or bool(watcher.faults))
        (done,) = watcher.completed.values()
        found["answer characters"] = done["message"].get("content_length") or len(done["message"]["content"])
    for viewer in (*people, watcher):
        viewer.close()
    return found


def ask_for(name: str, stage: Stage, **asked: Any) -> Callable[[Viewer], None]:
    """Ask an agent in the first room."""
    content = f"@{name} {json.dumps(asked)}"
    return lambda viewer: viewer.say(stage.rooms[0], content, f"{name}-{time.time()}")


def serve(engines: Engines, rooms: int) -> tuple[ServerProcess, dict[str, Any]]:
    """A server with everybody in every room."""
    installation = engines.installations.create(
        CHAT_AGENT_FUNCTIONS="benchmarks.bots.*", CHAT_AGENT_RUNS="100", CHAT_AGENT_TOKENS_CONVERSATION="0",
        CHAT_AGENT_TOKENS_PARTICIPANT="0",
    )  # fmt: skip
    bots = ("ticker", "worker", "book")
    agents = [
        {"username": bot, "kind": "agent", "agent": {"provider": "function", "model": f"benchmarks.bots.{bot}"}}
        for bot in bots
    ]
    members = {f"viewer{number}": "owner" if number == 0 else "member" for number in range(VIEWERS)}
    titles = [f"room {number:03}" for number in range(rooms)]
    made = installation.provision(
        {
            "participants": [*agents, *({"username": name} for name in members)],
            "conversations": [
                *({"title": title, "members": members | dict.fromkeys(bots, "member")} for title in titles),
                {"title": "people", "members": members},
            ],
        }
    )
    return ServerProcess(installation), made


async def measure(stage: Stage, seconds: float) -> dict[str, Any]:
    """Everything, one after the other."""
    found: dict[str, Any] = {"a run's way": await path(stage, 10)}
    for rooms in (2, len(stage.rooms)):
        found[f"events of {rooms} runs, {VIEWERS} viewers"] = await events(stage, rooms, seconds)
    slow = ask_for("worker", stage, pieces=int(seconds / 0.1), pause=0.1)
    found["others, no agent"] = await others(stage, None, seconds)
    found["others, beside a slow agent"] = await others(stage, slow, seconds)
    found["others, beside an answer of 10 MB"] = await others(stage, ask_for("book", stage), seconds)
    found["others, no agent, again"] = await others(stage, None, seconds)
    return found


def main() -> None:
    """Measure on the engines that were chosen, and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agents", description=__doc__)
    parser.add_argument("--engine", action="append", choices=targets.ENGINES, help="repeatable (both)")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a measurement (10)")
    parser.add_argument("--rooms", type=int, default=60, help="runs at once, 16.7 events a second each (60)")
    arguments = parser.parse_args()
    for name in arguments.engine or list(targets.ENGINES):
        with targets.running(name) as engines:
            server, made = serve(engines, arguments.rooms)
            with server:
                found = uvloop.run(measure(Stage(server, made), arguments.seconds))
        print(json.dumps({name: found}, indent=1))


if __name__ == "__main__":
    main()
