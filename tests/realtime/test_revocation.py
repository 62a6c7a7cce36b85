"""Whoever may not read any more gets nothing more, and is told why."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests.clients import RestClient
from tests.conftest import StartServer
from tests.realtime.conftest import MakeTalk, Talk, make_talk, provision_people
from tests.servers import Installations, ServerProcess

PATH = "/api/v1/conversations"


@pytest.fixture(scope="module")
def bell_server(installations: Installations, asgi_server: str) -> Iterator[ServerProcess]:
    """A server that does not look by itself: what takes access away has to ring."""
    made = installations.create(CHAT_ACCESS_SECONDS="3600")
    with ServerProcess(made, ASGI_SERVER=asgi_server) as started:
        yield started


@pytest.fixture
def talk(bell_server: ServerProcess) -> MakeTalk:
    """Make conversations on that server."""

    async def make(*names: str, **fields: object) -> Talk:
        return await make_talk(bell_server, provision_people(bell_server), *names, **fields)

    return make


async def test_a_removed_participants_socket_ends_with_4403(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ben") as ben, made.rest("ann") as rest:
        await ben.until_type("connected")
        answer = await rest.delete(f"{PATH}/{made.id}/participants/{made.people['ben']['id']}")
        assert answer.status_code == 204
        assert await ben.until_closed() == 4403
        assert ben.frames[-1]["type"] == "closing"
        assert ben.frames[-1]["reason"] == "removed"
        assert ben.entries == []


async def test_a_leavers_sockets_close_1000(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ben") as one, made.socket("ben") as other, made.socket("ann") as ann:
        for socket in (one, other, ann):
            await socket.until_type("connected")
        await one.send("leave")
        for socket in (one, other):
            assert await socket.until_closed() == 1000
            assert socket.frames[-1]["reason"] == "left"
        left = await ann.until_type("participant_left")
        assert (left["participant"]["username"], left["reason"], left["participant_count"]) == ("ben", "left", 1)


async def test_a_deleted_conversations_sockets_end_with_4404(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ben") as ben, made.rest("ann") as rest:
        await ben.until_type("connected")
        assert (await rest.delete(f"{PATH}/{made.id}")).status_code == 204
        assert await ben.until_closed() == 4404
        assert (await rest.get(f"{PATH}/{made.id}")).status_code == 404


async def test_nothing_is_delivered_after_a_removal_under_traffic(talk: MakeTalk) -> None:
    made = await talk("ann", "ben", "cid")
    async with made.socket("ann") as ann, made.socket("ben") as ben, made.rest("ann") as rest:
        await ben.until_type("connected")
        stop = asyncio.Event()

        async def speak() -> None:
            while not stop.is_set():
                await ann.say("still talking")

        talking = asyncio.create_task(speak())
        await ben.until_entry(20)
        await rest.delete(f"{PATH}/{made.id}/participants/{made.people['ben']['id']}")
        assert await ben.until_closed() == 4403
        stop.set()
        await talking
        log = await rest.log(made.id)
        (removal,) = [entry["sequence_id"] for entry in log if entry["type"] == "participant_left"]
        assert ben.sequences[-1] < removal
        assert ben.sequences == list(range(4, 4 + len(ben.sequences)))


async def test_signing_out_ends_that_sign_ins_sockets_with_4401(bell_server: ServerProcess, talk: MakeTalk) -> None:
    made = await talk("ann", visibility="public")
    async with RestClient(bell_server.url) as rest:
        name = f"visitor-{time.monotonic_ns()}"
        body = {"username": name, "password": "a long enough secret"}
        registered = (await rest.post("/api/v1/auth/register", json=body)).json()
        other = (await rest.post("/api/v1/auth/token", json=body)).json()
        made.people = made.people | {"visitor": {"access": registered["access"]}, "same": {"access": other["access"]}}
        async with made.rest("visitor") as visitor:
            await visitor.post(f"{PATH}/{made.id}/join")
        async with made.socket("visitor") as one, made.socket("same") as stays:
            await one.until_type("connected")
            await stays.until_type("connected")
            answer = await rest.post("/api/v1/auth/logout", json={"refresh": registered["refresh"]})
            assert answer.status_code == 205
            assert await one.until_closed() == 4401
            assert one.frames[-1]["reason"] == "token_revoked"
            await stays.say("still here")


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("Participant.objects.filter(username='ben').update(is_active=False)", 4401),
        ("Membership.objects.filter(participant__username='ben').delete()", 4403),
    ],
)
async def test_a_change_by_sql_counts(start_server: StartServer, statement: str, code: int) -> None:
    server = start_server()
    made = await make_talk(server, provision_people(server), "ann", "ben")
    async with made.socket("ben") as ben:
        await ben.until_type("connected")
        models = "from participants.models import Participant; from conversations.models import Membership; "
        await asyncio.to_thread(server.installation.manage, "shell", "-c", models + statement)
        assert await ben.until_closed() == code


async def test_an_observer_reads_and_may_not_write_or_type(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.rest("ann") as rest, made.socket("ben") as ben:
        await ben.until_type("connected")
        path = f"{PATH}/{made.id}/participants/{made.people['ben']['id']}"
        assert (await rest.patch(path, json={"role": "observer"})).status_code == 200
        changed = await ben.until_type("role_changed")
        assert (changed["role"], changed["by"]["username"]) == ("observer", "ann")
        await ben.send("message", content="no", message_id="k")
        assert (await ben.until_type("error"))["code"] == "role_too_low"
        await rest.say(made.id, "read this")
        assert (await ben.until_type("message"))["content"] == "read this"
