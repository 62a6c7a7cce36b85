"""People talk, over sockets and REST, on every server and both engine sets; after a restart it is all still there."""

import asyncio

import pytest

from tests.clients import Frame, SocketClient
from tests.conftest import StartServer
from tests.realtime.conftest import NAMES, MakeTalk, Talk, make_talk, provision_people
from tests.servers import ServerProcess


async def talk_together(talk: Talk, rounds: int = 20) -> int:
    """Two sockets and a REST client say ``rounds`` things each at once; the last number."""
    async with talk.socket("ann") as ann, talk.socket("ben") as ben, talk.rest("cid") as cid:
        start = (await ann.until_type("connected"))["current_sequence_id"]
        await ben.until_type("connected")

        async def over_rest() -> None:
            for number in range(rounds):
                answer = await cid.say(talk.id, f"cid {number}")
                assert answer.status_code == 201

        async def over(socket, name) -> None:
            for number in range(rounds):
                await socket.say(f"{name} {number}")

        await asyncio.gather(over_rest(), over(ann, "ann"), over(ben, "ben"))
        end = start + 3 * rounds
        await asyncio.gather(ann.until_entry(end), ben.until_entry(end))
        stored = await cid.log(talk.id)
        assert ann.sequences == ben.sequences == list(range(start + 1, end + 1))
        assert ann.entries == ben.entries == stored[start:]
        assert [entry["sequence_id"] for entry in stored] == list(range(1, end + 1))
        return end


async def test_everyone_gets_everything_once_in_order(talk: MakeTalk) -> None:
    await talk_together(await talk("ann", "ben", "cid"))


async def test_on_daphne_too(daphne_server: ServerProcess) -> None:
    people = provision_people(daphne_server)
    await talk_together(await make_talk(daphne_server, people, "ann", "ben", "cid"))
    daphne_server.assert_clean_log()


async def test_a_second_start_still_has_it(start_server: StartServer) -> None:
    server = start_server()
    talk = await make_talk(server, provision_people(server), "ann", "ben", "cid")
    end = await talk_together(talk, rounds=5)
    before = await talk.rest("ann").log(talk.id)
    server.restart()
    assert await talk.rest("ann").log(talk.id) == before
    async with talk.socket("ben", last_sequence_id=0) as ben:
        await ben.until_entry(end)
        assert ben.entries == before
        ack = await ben.say("after the restart")
        assert ack["sequence_id"] == end + 1


async def test_an_ack_goes_to_the_sending_socket_alone_and_the_message_to_all(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ann") as one, made.socket("ann") as other, made.socket("ben") as ben:
        for socket in (one, other, ben):
            await socket.until_type("connected")
        ack = await one.say("hello", message_id="key-1")
        assert ack["duplicate"] is False
        for socket in (one, other, ben):
            await socket.until_entry(ack["sequence_id"])
            assert [entry["message_id"] for entry in socket.entries] == ["key-1"]
        assert one.of_type("message_ack") == [ack]
        assert not other.of_type("message_ack")
        assert not ben.of_type("message_ack")


async def test_the_same_key_over_rest_and_three_sockets_at_once_is_one_message(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ann") as a, made.socket("ann") as b, made.socket("ann") as c, made.rest("ann") as rest:
        for socket in (a, b, c):
            await socket.until_type("connected")

        async def twice(socket: SocketClient) -> list[Frame]:
            for _ in range(2):
                await socket.send("message", content="once", message_id="same")
            return [await socket.until_type("message_ack") for _ in range(2)]

        over_rest = [rest.say(made.id, "once", message_id="same") for _ in range(4)]
        *pairs, answers = await asyncio.gather(twice(a), twice(b), twice(c), asyncio.gather(*over_rest))
        acks = [ack for pair in pairs for ack in pair]
        posts = [answer.json() for answer in answers]
        numbers = {answer["sequence_id"] for answer in [*acks, *posts]}
        duplicates = [answer.get("duplicate", False) for answer in [*acks, *posts]]
        assert len(numbers) == 1
        assert sorted(duplicates) == [False] + [True] * 9
        log = await rest.log(made.id)
        assert [entry["message_id"] for entry in log if entry["type"] == "message"] == ["same"]


async def test_the_same_key_with_another_text_is_a_conflict(talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    async with made.socket("ann") as ann:
        await ann.say("first", message_id="key")
        await ann.send("message", content="second", message_id="key")
        error = await ann.until_type("error")
        assert (error["code"], error["message_id"]) == ("message_conflict", "key")
        assert (await ann.say("first", message_id="key"))["duplicate"] is True


@pytest.mark.parametrize("senders", [8])
async def test_concurrent_senders_give_one_order_to_every_observer(talk: MakeTalk, senders: int) -> None:
    names = NAMES[:senders]
    made = await talk(*names)
    sockets = [made.socket(name) for name in names]
    for socket in sockets:
        await socket.__aenter__()
        await socket.until_type("connected")

    async def speak(socket, name) -> None:
        for number in range(40):
            await socket.say(f"{name} {number}")

    await asyncio.gather(*(speak(socket, name) for socket, name in zip(sockets, names, strict=True)))
    end = senders + senders * 40
    for socket in sockets:
        await socket.until_entry(end)
        assert socket.sequences == list(range(senders + 1, end + 1))
        assert socket.entries == sockets[0].entries
        await socket.__aexit__(None, None, None)
