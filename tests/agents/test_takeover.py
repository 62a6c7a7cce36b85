"""Processes that execute runs are killed, frozen and stopped in the middle: others go on, and nothing happens twice."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.agents.rooms import SCRIPTED, Room, Viewer, agent, assert_grammar, make_room, provision, runs_in
from tests.agents.workers import WorkerProcess
from tests.clients import Frame
from tests.servers import Installations, ServerProcess

QUICK = SCRIPTED | {"CHAT_AGENT_LEASE_SECONDS": "3"}
ORDER = {"calls": 12, "pause": 0.15, "text": "näive ", "times": 20}
WHOLE = "näive " * 20

pytestmark = pytest.mark.timeout(300)  # several servers start in each
needs_redis = pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="workers need REDIS_URL")


def assert_whole(log: list[Frame], noted: Path, runs: int = 1) -> None:
    """Fail unless each run was answered once, in full, and no tool was executed twice."""
    found = runs_in(log)
    assert len(found) == runs
    for run in found.values():
        assert_grammar(run)
        assert run[-1]["type"] == "agent_completed", run[-1]
        assert run[-1]["message"]["content"] == WHOLE
        assert sum(row["type"] == "tool_executing" for row in run) == ORDER["calls"]
    executed = Counter(noted.read_text().splitlines())
    assert set(executed.values()) == {1}


async def until_in_the_middle(room: Room) -> None:
    await room.until_log(lambda log: sum(row["type"] == "tool_completed" for row in log) >= 2)


async def test_a_server_that_is_killed_goes_on_when_it_is_back(installations: Installations, tmp_path: Path):
    noted = tmp_path / "noted"
    with ServerProcess(installations.create(**QUICK)) as server:
        people = provision(server.installation, agent("bot"))
        room = await make_room(server, people)
        await room.ask(ORDER | {"file": str(noted)})
        await until_in_the_middle(room)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        async with room.socket(last_sequence_id=0) as ann:
            await ann.until_type("agent_completed", timeout=60)
        assert_whole(await room.until_ended(), noted)


async def test_a_server_that_is_stopped_hands_its_runs_on(installations: Installations, tmp_path: Path):
    noted = tmp_path / "noted"
    # The lease is longer than the test waits: it is let go of, not run out.
    with ServerProcess(installations.create(**SCRIPTED, CHAT_AGENT_LEASE_SECONDS="300")) as server:
        people = provision(server.installation, agent("bot"))
        room = await make_room(server, people)
        await room.ask(ORDER | {"file": str(noted), "pause": 0.5})
        await until_in_the_middle(room)
        assert await asyncio.to_thread(server.stop) == 0
        await asyncio.to_thread(server.start)
        assert_whole(await room.until_ended(), noted)


@needs_redis
async def test_twenty_runs_whose_workers_are_killed_are_ended_once(installations: Installations, tmp_path: Path):
    noted = tmp_path / "noted"
    noted.touch()
    with ServerProcess(installations.create(**QUICK, AGENTS="worker")) as server:
        people = provision(server.installation, agent("bot"))
        rooms = await asyncio.gather(*(make_room(server, people) for _ in range(20)))
        victims = [WorkerProcess(server.installation, CHAT_AGENT_RUNS="10") for _ in range(2)]
        heirs = [WorkerProcess(server.installation) for _ in range(2)]
        try:
            await asyncio.gather(*(asyncio.to_thread(worker.start) for worker in victims))
            await asyncio.gather(*(room.ask(ORDER | {"file": str(noted), "pause": 0.2}) for room in rooms))
            await asyncio.gather(*(until_in_the_middle(room) for room in rooms))
            for worker in victims:
                await asyncio.to_thread(worker.kill)
            await asyncio.gather(*(asyncio.to_thread(worker.start) for worker in heirs))
            logs = await asyncio.gather(*(room.until_ended(seconds=150) for room in rooms))
        finally:
            for worker in (*victims, *heirs):
                await asyncio.to_thread(worker.stop)
        assert_whole([row for log in logs for row in log], noted, runs=20)


@needs_redis
async def test_a_worker_that_was_frozen_writes_nothing_when_it_goes_on(installations: Installations, tmp_path: Path):
    noted = tmp_path / "noted"
    with ServerProcess(installations.create(**QUICK, AGENTS="worker")) as server:
        people = provision(server.installation, agent("bot"))
        room = await make_room(server, people)
        frozen, other = WorkerProcess(server.installation), WorkerProcess(server.installation)
        try:
            await asyncio.to_thread(frozen.start)
            async with room.socket("ben") as ben:
                await ben.until_type("connected")
                await room.ask(ORDER | {"file": str(noted)})
                await until_in_the_middle(room)
                frozen.freeze()
                await asyncio.to_thread(other.start)
                log = await room.until_ended()
                frozen.thaw()
                await ben.until_type("agent_completed", timeout=60)
            await room.ask({"text": "later"})  # whoever takes it, the first run stays as it ended
            log = await room.until_ended(2)
        finally:
            frozen.thaw()
            for worker in (frozen, other):
                await asyncio.to_thread(worker.stop)
        first = next(iter(runs_in(log).values()))
        assert_whole(first, noted)


@needs_redis
async def test_viewers_of_a_worker_s_run_have_its_text_and_come_late_too(installations: Installations):
    order = {"text": "näive 🎈 ", "times": 800, "pause": 0.02}
    with ServerProcess(installations.create(**QUICK, AGENTS="worker")) as server:
        people = provision(server.installation, agent("bot"))
        room = await make_room(server, people)
        worker = WorkerProcess(server.installation)
        try:
            await asyncio.to_thread(worker.start)
            await room.ask(order)
            await room.until_log(lambda log: log[-1]["type"] == "agent_started")
            async with room.socket() as first:
                for _ in range(10):
                    await first.until_type("agent_delta")
                async with room.socket("ben") as late:
                    assert (await late.until_type("connected"))["runs"][0]["status"] == "running"
                    completed = await late.until_type("agent_completed", timeout=60)
                    for socket in (first, late):
                        viewer = Viewer()
                        for frame in socket.frames:
                            viewer.take(frame)
                        known = viewer.texts[completed["run_id"]]
                        assert known == completed["message"]["content"] == "näive 🎈 " * 800
                    assert len(late.of_type("agent_delta")) <= 20 * completed["response_time_ms"] / 1000 + 20
            run = (await room.log())[-1]["run_id"]
            async with room.rest() as rest:
                assert (await rest.get(f"/api/v1/runs/{run}")).json()["status"] == "completed"
            await room.ask({"times": 2000, "pause": 0.05})
            log = await room.until_log(lambda log: log[-1]["type"] == "agent_started")
            async with room.rest() as rest:  # a cancel reaches the worker
                assert (await rest.post(f"/api/v1/runs/{log[-1]['run_id']}/cancel")).status_code == 202
            assert (await room.until_ended(2))[-1]["code"] == "cancelled"
        finally:
            assert await asyncio.to_thread(worker.stop) == 0
