"""What streams between the steps of runs, and many of them at once."""

import asyncio
import itertools
import os

import pytest

from tests.agents.rooms import Room, Viewer, assert_grammar, make_room, runs_in

ROOMS = 12


async def test_a_late_viewer_starts_in_the_middle_and_ends_with_the_whole(scripted, people):
    room = await make_room(scripted, people)
    await room.ask({"text": "näive wörds 🎈 ", "times": 600, "pause": 0.02})
    async with room.socket("ben") as early:
        await early.until_type("agent_delta")
        await early.until_type("agent_delta")
        async with room.socket("ann") as late:
            connected = await late.until_type("connected")
            assert [run["status"] for run in connected["runs"]] == ["running"]
            assert connected["runs"][0]["text"]
            completed = await late.until_type("agent_completed", timeout=60)
            viewer = Viewer()
            for frame in late.frames:
                viewer.take(frame)
            assert viewer.texts[completed["run_id"]] == completed["message"]["content"] == "näive wörds 🎈 " * 600


async def test_a_silent_run_shows_that_it_lives(scripted, people):
    room = await make_room(scripted, people)
    async with room.socket() as ann:
        await ann.until_type("connected")
        await room.ask({"silence": 10})
        assert (await ann.until_type("agent_progress"))["status"] == "queued"
        await ann.until(lambda frame: frame["type"] == "agent_progress" and frame["status"] == "running")
        await ann.until_type("agent_completed")


@pytest.mark.timeout(300)
async def test_an_answer_of_ten_megabytes_is_stored_whole_and_streamed_in_pieces(scripted, people):
    room = await make_room(scripted, people)
    text = "0123456789abcde\n" * 64
    async with room.socket() as ann:
        await ann.until_type("connected")
        await room.ask({"text": text, "times": 10 * 1024})
        completed = await ann.until_type("agent_completed", timeout=200)
        assert completed["message"]["truncated"]
        assert completed["message"]["content_length"] == 10 * 1024 * 1024
        viewer = Viewer()
        for frame in ann.frames:
            viewer.take(frame)
        assert viewer.texts[completed["run_id"]] == text * 10 * 1024
        assert max(len(frame["text"]) for frame in ann.of_type("agent_delta")) <= 64 * 1024
    async with room.rest() as rest:
        whole = (await rest.get(f"/api/v1/messages/{completed['message']['id']}")).json()
        assert whole["content"] == text * 10 * 1024
        listed = (await rest.get(f"/api/v1/conversations/{room.id}/messages")).json()["messages"]
        assert listed[-1]["truncated"]


async def test_conversations_at_once_keep_to_themselves(scripted, people):
    rooms = await asyncio.gather(*(make_room(scripted, people) for _ in range(20)))
    sockets = [room.socket() for room in rooms]
    try:
        for socket in sockets:
            await socket.__aenter__()
            await socket.until_type("connected")
        orders = [{"text": f"canary-{room.id} ", "calls": 1, "times": 5, "pause": 0.02} for room in rooms]
        await asyncio.gather(*(room.ask(order) for room, order in zip(rooms, orders, strict=True)))
        for room, socket in zip(rooms, sockets, strict=True):
            completed = await socket.until_type("agent_completed", timeout=60)
            assert completed["message"]["content"] == f"canary-{room.id} " * 5
        for (room, _), (other, socket) in itertools.permutations(zip(rooms, sockets, strict=True), 2):
            assert f"canary-{room.id}" not in str(socket.frames), f"{room.id} is seen in {other.id}"
    finally:
        for socket in sockets:
            await socket.__aexit__(None, None, None)


@pytest.mark.timeout(1800)
async def test_scripted_runs_keep_the_grammar(scripted, people):
    """Each with other steps. 60 of them, so that it is quick; SCRIPTED_RUNS=1000 for as many as one likes."""
    each = int(os.environ.get("SCRIPTED_RUNS", "60")) // ROOMS
    rooms: list[Room] = await asyncio.gather(*(make_room(scripted, people) for _ in range(ROOMS)))

    async def work(room: Room, shift: int) -> None:
        for number in range(each):
            kind = (number + shift) % 7
            order = {"thoughts": kind % 3, "calls": kind % 4, "times": kind % 2 + 1}
            await room.ask(order | ({"fail": "broken"} if kind == 5 else {}))
            if number % 5 == 4:
                await room.until_ended(number + 1, seconds=200)
        await room.until_ended(each, seconds=200)

    await asyncio.gather(*(work(room, shift) for shift, room in enumerate(rooms)))
    for room in rooms:
        log = await room.log()
        assert [row["sequence_id"] for row in log] == list(range(1, len(log) + 1))
        runs = runs_in(log)
        assert len(runs) == each
        for run in runs.values():
            assert_grammar(run)
    assert "add up" in scripted.installation.manage("verify_log", *(room.id for room in rooms))
