"""One socket for many conversations: subscribing, leaving, losing; and which conversation a command is about."""

import uuid
from typing import Any

import pytest

from tests.clients import Frame, SocketClient
from tests.realtime.commands import VALID
from tests.realtime.conftest import MakeTalk, Talk

PATH = "/api/v1/conversations"
ABOUT = {kind: body for kind, body in VALID.items() if kind not in {"authenticate", "ping"}}


def everything(talk: Talk, name: str) -> SocketClient:
    """A socket of ``name`` for many conversations."""
    return SocketClient(talk.all_url, talk.people[name]["access"])


async def ask(socket: SocketClient, kind: str, conversation: str, **fields: Any) -> Frame:
    """Send a command about a conversation; the next answer about it that is no entry."""
    await socket.send(kind, conversation_id=conversation, **fields)
    answers = {"connected", "unsubscribed", "error", "message_ack", "sync"}
    return await socket.until(lambda frame: frame["type"] in answers and frame["conversation_id"] == conversation)


async def code_of(socket: SocketClient, kind: str, conversation: str, **fields: Any) -> str:
    """The code of the refusal of a command; it names the conversation."""
    answer = await ask(socket, kind, conversation, **fields)
    assert answer["type"] == "error"
    return str(answer["code"])


async def test_it_opens_without_a_conversation_and_says_what_the_server_takes(talk: MakeTalk) -> None:
    made = await talk("ann")
    async with everything(made, "ann") as socket:
        connected = await socket.until_type("connected")
        assert connected["conversation_id"] is None
        assert connected["participant"]["id"] == made.people["ann"]["id"]
        assert connected["limits"]["message_characters"] == 10_000
        assert connected["limits"]["frame_bytes"] == 64 * 1024
        await socket.send("ping")
        assert (await socket.until_type("pong")) == {"type": "pong"}
        assert len(socket.frames) == 2


async def test_only_what_is_subscribed_comes_each_under_its_own_numbers(talk: MakeTalk) -> None:
    one, two, three = await talk("ann", "ben"), await talk("ann", "ben"), await talk("ann", "ben")
    async with everything(one, "ann") as ann, everything(one, "ben") as ben:
        for made in (one, two):
            connected = await ask(ann, "subscribe", made.id)
            assert (connected["type"], connected["current_sequence_id"]) == ("connected", 2)
            assert {member["username"] for member in connected["participants"]} == {"ann", "ben"}
        for made in (three, two, one):
            assert (await ask(ben, "message", made.id, content="hi", message_id="k"))["sequence_id"] == 3
        await ann.until(lambda frame: frame["type"] == "message" and frame["conversation_id"] == one.id)
        found = sorted((entry["conversation_id"], entry["sequence_id"]) for entry in ann.entries)
        assert found == sorted([(one.id, 3), (two.id, 3)])


async def test_with_a_cursor_what_was_missed_comes_first(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with everything(made, "ann") as ann, made.rest("ben") as ben:
        await ben.say(made.id, "missed")
        await ask(ann, "subscribe", made.id, last_sequence_id=1)
        page = await ann.until_type("sync")
        assert (page["conversation_id"], page["has_more"]) == (made.id, False)
        await ben.say(made.id, "live")
        await ann.until_entry(4)
        assert ann.sequences == [2, 3, 4]


async def test_subscribing_again_starts_again(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with everything(made, "ann") as ann, made.rest("ben") as ben:
        await ask(ann, "subscribe", made.id)
        await ask(ann, "subscribe", made.id, last_sequence_id=0)
        await ann.until_type("sync")
        await ben.say(made.id, "once")
        await ann.until_entry(3)
        assert ann.sequences == [1, 2, 3]


async def test_after_unsubscribing_nothing_comes(talk: MakeTalk) -> None:
    one, two = await talk("ann", "ben"), await talk("ann", "ben")
    async with everything(one, "ann") as ann, one.rest("ben") as ben:
        await ask(ann, "subscribe", one.id)
        await ask(ann, "subscribe", two.id)
        answer = await ask(ann, "unsubscribe", one.id)
        assert (answer["type"], answer["reason"]) == ("unsubscribed", "unsubscribed")
        await ben.say(one.id, "unheard")
        await ben.say(two.id, "heard")
        await ann.until_type("message")
        assert [entry["content"] for entry in ann.entries] == ["heard"]
        assert await code_of(ann, "unsubscribe", one.id) == "not_subscribed"
        assert await code_of(ann, "sync", one.id, last_sequence_id=0) == "not_subscribed"
        assert await code_of(ann, "typing", one.id, is_typing=True) == "not_subscribed"


async def test_one_may_speak_without_subscribing(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with everything(made, "ann") as ann, made.rest("ben") as ben:
        ack = await ask(ann, "message", made.id, content="said", message_id="k")
        assert (ack["type"], ack["sequence_id"]) == ("message_ack", 3)
        assert [entry["content"] for entry in (await ben.log(made.id))[2:]] == ["said"]


@pytest.mark.parametrize("kind", ["subscribe", "message", "read", "leave"])
async def test_what_one_may_not_see_is_refused_and_the_socket_lives(talk: MakeTalk, kind: str) -> None:
    made, nowhere = await talk("ann", visibility="public"), str(uuid.uuid4())
    async with everything(made, "jon") as jon:
        assert await code_of(jon, kind, made.id, **ABOUT[kind]) == "not_a_participant"
        assert await code_of(jon, kind, nowhere, **ABOUT[kind]) == "not_found"
        await jon.send("ping")
        await jon.until_type("pong")


async def test_joining_makes_a_member_and_follows(talk: MakeTalk) -> None:
    made = await talk("ann", visibility="public")
    async with everything(made, "jon") as jon, made.socket("ann") as ann:
        await ann.until_type("connected")
        connected = await ask(jon, "join", made.id)
        assert connected["type"] == "connected"
        assert {member["username"] for member in connected["participants"]} == {"ann", "jon"}
        joined = await ann.until_type("participant_joined")
        assert (joined["participant"]["username"], joined["participant_count"]) == ("jon", 2)
        ack = await ann.say("welcome")
        await jon.until_entry(ack["sequence_id"])
        assert await code_of(jon, "join", made.id) == "already_participant"


async def test_joining_follows_the_rules_of_rest(talk: MakeTalk) -> None:
    private = await talk("ann")
    full = await talk("ann", visibility="public", max_participants=1)
    async with everything(private, "jon") as jon:
        assert await code_of(jon, "join", private.id) == "invitation_required"
        assert await code_of(jon, "join", full.id) == "capacity_reached"
        assert await code_of(jon, "join", str(uuid.uuid4())) == "not_found"
        body = {"participant_id": private.people["ben"]["id"]}
        assert await code_of(jon, "join", full.id, **body) == "sender_mismatch"


@pytest.mark.parametrize("follows", [True, False])
async def test_leaving_is_answered_and_the_socket_stays(talk: MakeTalk, follows: bool) -> None:
    made, other = await talk("ann", "ben"), await talk("ann", "ben")
    async with everything(made, "ben") as ben, made.rest("ann") as ann:
        if follows:
            await ask(ben, "subscribe", made.id)
        await ask(ben, "subscribe", other.id)
        answer = await ask(ben, "leave", made.id)
        assert (answer["type"], answer["reason"]) == ("unsubscribed", "left")
        await ann.say(made.id, "behind their back")
        await ann.say(other.id, "to their face")
        await ben.until_type("message")
        assert [entry["content"] for entry in ben.entries] == ["to their face"]
        assert len(ben.of_type("unsubscribed")) == 1
        assert await code_of(ben, "leave", made.id) == "not_a_participant"


async def test_a_removal_or_deletion_ends_the_subscription_and_not_the_socket(talk: MakeTalk) -> None:
    removed, deleted, kept = await talk("ann", "ben"), await talk("ann", "ben"), await talk("ann", "ben")
    async with everything(removed, "ben") as ben, removed.rest("ann") as ann:
        for made in (removed, deleted, kept):
            await ask(ben, "subscribe", made.id)
        answer = await ann.delete(f"{PATH}/{removed.id}/participants/{removed.people['ben']['id']}")
        assert answer.status_code == 204
        lost = await ben.until_type("unsubscribed", timeout=5)
        assert (lost["conversation_id"], lost["reason"]) == (removed.id, "removed")
        assert (await ann.delete(f"{PATH}/{deleted.id}")).status_code == 204
        lost = await ben.until_type("unsubscribed", timeout=5)
        assert (lost["conversation_id"], lost["reason"]) == (deleted.id, "deleted")
        await ann.say(kept.id, "still here")
        assert (await ben.until_type("message"))["content"] == "still here"


@pytest.mark.parametrize("kind", ABOUT)
async def test_a_command_says_which_conversation_it_is_about(talk: MakeTalk, kind: str) -> None:
    async with everything(await talk("ann"), "ann") as ann:
        await ann.send(kind, **ABOUT[kind])
        error = await ann.until_type("error")
        assert error["code"] == "validation_error"
        assert [row["field"] for row in error["errors"]] == ["conversation_id"]
        assert error.get("message_id") == ABOUT[kind].get("message_id")


@pytest.mark.parametrize("kind", ABOUT)
async def test_on_a_socket_for_one_conversation_another_one_is_wrong(talk: MakeTalk, kind: str) -> None:
    made, other = await talk("ann"), await talk("ann")
    async with made.socket("ann") as ann, made.rest("ann") as rest:
        assert await code_of(ann, kind, other.id, **ABOUT[kind]) == "wrong_conversation"
        assert len(await rest.log(other.id)) == 1
        await ann.send("read", conversation_id=made.id, sequence_id=1)
        await ann.say("here", conversation_id=made.id)
        assert len(ann.of_type("error")) == 1


async def test_a_socket_for_one_conversation_is_closed_rather_than_unsubscribed(talk: MakeTalk) -> None:
    made = await talk("ann")
    async with made.socket("ann") as ann:
        await ann.until_type("connected")
        assert await code_of(ann, "unsubscribe", made.id) == "not_for_this_socket"
        ack = await ann.say("still following")
        await ann.until_entry(ack["sequence_id"])
