"""Coming back: exactly what was missed, then live, without a gap or a repeat at the seam."""

import asyncio
import random
import uuid
from contextlib import AsyncExitStack
from textwrap import indent

import pytest

from tests.clients import SocketClient
from tests.conftest import StartServer
from tests.personas import PASSWORD
from tests.realtime.conftest import MakeTalk, People, Talk, make_talk, provision_people
from tests.servers import ServerProcess

SILENT_APPEND = """
from conversations import log, publish
from conversations.models import Event
from participants.models import Participant
publish.hang_bell(lambda news: None)
ann = Participant.objects.get(username="ann")
from uuid import UUID, uuid4
for number in range({count}):
    with log.writing():
        key = uuid4()
        log.append(log.lock(UUID("{id}")), Event(id=key, type="message", author=ann, message_id=str(key),
                   content="unheard", html="<p>unheard</p>"))
"""


async def chatter(talk: Talk, stop: asyncio.Event) -> None:
    """Somebody keeps talking until told to stop."""
    async with talk.socket("ann") as ann:
        number = 0
        while not stop.is_set():
            await ann.say(f"line {number}")
            number += 1


@pytest.mark.parametrize("seed", range(2))
async def test_reconnecting_at_random_points_during_traffic_misses_and_repeats_nothing(
    talk: MakeTalk, seed: int
) -> None:
    await reconnect_during_traffic(await talk("ann", "ben"), seed)


async def test_the_same_where_memory_reaches_back_a_little_only(start_server: StartServer) -> None:
    server = start_server(CHAT_RECENT_ENTRIES="10", CHAT_RECENT_BYTES="8192")
    made = await make_talk(server, provision_people(server), "ann", "ben")
    await reconnect_during_traffic(made, seed=2)


async def reconnect_during_traffic(made: Talk, seed: int) -> None:
    """Ben comes and goes while ann keeps talking, and has read the log in the end."""
    chance = random.Random(seed)
    stop = asyncio.Event()
    talking = asyncio.create_task(chatter(made, stop))
    seen: list[dict] = []
    cursor = 0
    for _ in range(8):
        async with made.socket("ben", last_sequence_id=cursor) as ben:
            await ben.until(lambda frame: frame["type"] == "sync" and not frame["has_more"])
            await ben.until_entry(cursor + chance.randint(1, 40))
            await ben.connection.close()
            await ben.until_closed()
        received = ben.entries
        assert [entry["sequence_id"] for entry in received] == list(range(cursor + 1, cursor + 1 + len(received)))
        seen.extend(received)
        cursor += len(received)
    stop.set()
    await talking
    assert seen == (await made.rest("ann").log(made.id))[:cursor]


async def test_a_sync_moves_the_cursor_and_live_goes_on_behind_it(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ann") as ann, made.socket("ben") as ben:
        await ben.until_type("connected")
        for number in range(5):
            await ann.say(f"line {number}")
        await ben.until_entry(7)
        await ben.send("sync", last_sequence_id=4)
        page = await ben.until_type("sync")
        assert [entry["sequence_id"] for entry in page["events"]] == [5, 6, 7]
        assert page["has_more"] is False
        assert page["current_sequence_id"] == 7
        assert {member["username"] for member in page["participants"]} == {"ann", "ben"}
        await ann.say("and live")
        assert (await ben.until_type("message"))["sequence_id"] >= 3
        await ben.until_entry(8)
        assert ben.sequences[-4:] == [5, 6, 7, 8]


@pytest.mark.parametrize("source", ["log", "memory"])
async def test_pages_hold_300_entries_at_most_and_the_last_says_so(talk: MakeTalk, source: str) -> None:
    made = await talk("ann", "ben")
    async with AsyncExitStack() as stack:
        if source == "memory":
            await follow(stack, made)
        async with made.rest("ann") as rest:
            for batch in range(10):
                await asyncio.gather(*(rest.say(made.id, f"{batch} {number}") for number in range(35)))
        ben = await stack.enter_async_context(made.socket("ben", last_sequence_id=2))
        await ben.until_entry(352)
        pages = ben.of_type("sync")
        assert [len(page["events"]) for page in pages] == [300, 50]
        assert [page["has_more"] for page in pages] == [True, False]
        assert [page["current_sequence_id"] for page in pages] == [352, 352]
        assert {member["username"] for member in pages[0]["participants"]} == {"ann", "ben"}
        assert "participants" not in pages[1]
        assert ben.sequences == list(range(3, 353))
        assert ben.entries == (await made.rest("ben").log(made.id))[2:]


async def follow(stack: AsyncExitStack, made: Talk) -> SocketClient:
    """Have the server keep what is said from here on in memory: somebody listens."""
    listener = await stack.enter_async_context(made.socket("ann"))
    await listener.until_type("connected")
    return listener


@pytest.mark.parametrize("source", ["log", "memory"])
async def test_pages_hold_512_kib_at_most(talk: MakeTalk, source: str) -> None:
    made = await talk("ann", "ben")
    async with AsyncExitStack() as stack:
        if source == "memory":
            await follow(stack, made)
        async with made.rest("ann") as rest:
            for _ in range(40):  # twice: the content and its HTML
                assert (await rest.say(made.id, "x" * 10_000)).status_code == 201
        ben = await stack.enter_async_context(made.socket("ben", last_sequence_id=2))
        await ben.until_entry(42)
        assert len(ben.of_type("sync")) > 1
        assert ben.sequences == list(range(3, 43))


async def test_what_memory_holds_is_as_it_is_now(server: ServerProcess) -> None:
    made = await make_talk(server, people_of_its_own(server, "ann", "ben", "cid"), "ann", "ben", "cid")
    async with AsyncExitStack() as stack:
        listener = await follow(stack, made)
        async with made.rest("ann") as ann, made.rest("ben") as ben, made.rest("cid") as cid:
            said = (await ann.say(made.id, "a secret")).json()
            await cid.say(made.id, "I go")
            assert (await ann.delete(f"/api/v1/messages/{said['id']}")).status_code == 204
            await ben.say(made.id, "and one more")
            closed = await cid.request("DELETE", "/api/v1/me", json={"password": PASSWORD})
            assert closed.status_code == 204, closed.text
            await ben.say(made.id, "after that")
        await listener.until(lambda frame: frame.get("content") == "after that")
        reader = await stack.enter_async_context(made.socket("ben", last_sequence_id=3))
        page = await reader.until_type("sync")
        shown = {entry["sequence_id"]: entry for entry in page["events"]}
        assert shown[4]["deleted"] is True
        assert shown[4]["content"] is None
        assert shown[5]["content"] == "I go"
        assert shown[5]["participant"]["display_name"] == "Deleted participant"


def people_of_its_own(server: ServerProcess, *names: str) -> People:
    """People whom no other test knows, by these names."""
    suffix = uuid.uuid4().hex[:8]
    rows = [{"username": f"{name}-{suffix}", "password": PASSWORD} for name in names]
    made = server.provision({"participants": rows})["participants"]
    return {name: made[f"{name}-{suffix}"] for name in names}


async def test_a_cursor_ahead_of_the_log_is_told_to_reload(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ann", last_sequence_id=1000) as ann:
        assert (await ann.until_type("error"))["code"] == "sequence_ahead"
        ack = await ann.say("still live")
        await ann.until_entry(ack["sequence_id"])


async def test_under_from_join_nothing_from_before_comes_over_the_socket(talk: MakeTalk) -> None:
    made = await talk("ann", "ben", history="from_join", visibility="public")
    async with made.socket("ann") as ann:
        await ann.say("the canary sings")
        async with made.rest("cid") as cid:
            assert (await cid.post(f"/api/v1/conversations/{made.id}/join")).status_code == 200
        async with made.socket("cid", last_sequence_id=0) as cid:
            connected = await cid.until_type("connected")
            assert connected["first_sequence_id"] == 4
            await cid.until_entry(4)
            ack = await ann.say("a new day")
            await cid.until_entry(ack["sequence_id"])
            assert cid.sequences == [4, 5]
            assert "canary" not in str(cid.frames)


async def test_entries_that_rang_no_bell_arrive_by_position(server: ServerProcess, talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ben") as ben:
        await ben.until_type("connected")
        code = SILENT_APPEND.format(count=5, id=made.id)
        await asyncio.to_thread(server.installation.manage, "shell", "-c", code)
        await ben.until_entry(7, timeout=10)
        assert ben.sequences == [3, 4, 5, 6, 7]
        async with made.socket("ann") as ann:
            await ann.say("and on")
        await ben.until_entry(8)
        assert ben.sequences == [3, 4, 5, 6, 7, 8]


CUT = """
from datetime import timedelta
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from conversations.models import Conversation
from conversations.services.retention import retention_apply
with transaction.atomic():
{append}
    Conversation.objects.filter(pk="{id}").update(retention_days=1)
    QuerySet(Event).filter(conversation="{id}").update(created_at=timezone.now() - timedelta(days=2))
    retention_apply()
"""


async def test_delivery_goes_on_where_retention_took_what_was_missed(server: ServerProcess, talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ben") as ben:
        await ben.until_type("connected")
        append = indent(SILENT_APPEND.format(count=5, id=made.id), "    ")
        await asyncio.to_thread(server.installation.manage, "shell", "-c", CUT.format(append=append, id=made.id))
        await ben.until(lambda frame: frame.get("sequence_id") == 7, timeout=10)
        async with made.socket("ann") as ann:
            await ann.say("and on")
        await ben.until(lambda frame: frame.get("content") == "and on")
        assert ben.sequences == [7, 8]
        await ben.send("sync", last_sequence_id=2)  # as a client does that sees the hole
        told = await ben.until_type("error")
        assert (told["code"], told["first_sequence_id"]) == ("sequence_too_old", 7)
        page = await ben.until_type("sync")
        assert [entry["sequence_id"] for entry in page["events"]] == [7, 8]


async def test_a_client_of_chat_v1_gets_its_backlog_in_arrays(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    client = made.socket("ben")
    client._options["subprotocols"] = ["chat.v1"]
    async with client as ben, made.socket("ann") as ann:
        assert ben.connection.subprotocol == "chat.v1"
        await ben.until_type("connected")
        for number in range(50):
            await ann.say(f"line {number}")
        await ben.until_entry(52)
        assert ben.sequences == list(range(3, 53))
