"""Whatever a client sends, the socket answers and lives, or ends with its code; the server never stumbles."""

import asyncio
import json
import random
import string
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients import Frame, SocketClient
from tests.conftest import StartServer
from tests.realtime.conftest import MakeTalk, Talk, make_talk, provision_people
from tests.realtime.test_frames import ID, LIMIT, NO_JSON, NO_OBJECTS, UNKNOWN_TYPES, VALID, WRONG_FIELDS
from tests.servers import ServerProcess

BORNE = 9  # bad frames in a minute

BAD: list[tuple[str | bytes, str]] = [
    *((raw, "invalid_json") for raw in NO_JSON.values()),
    *((raw, "invalid_frame") for raw in NO_OBJECTS),
    *((json.dumps({"type": kind}), "unknown_type") for kind in UNKNOWN_TYPES),
    ("{}", "unknown_type"),
    (b"", "binary_frame"),
    (b'{"type": "ping"}', "binary_frame"),
    (b"\x00\xff\xfe", "binary_frame"),
    *((json.dumps({"type": kind} | VALID[kind] | {name: bad}), "validation_error") for kind, name, bad in WRONG_FIELDS),
    *((json.dumps({"type": kind}), "validation_error") for kind, fields in VALID.items() if fields),
]  # fmt: skip


async def alive(socket: SocketClient) -> None:
    """The socket answers."""
    nonce = random.random()
    await socket.send("ping", nonce=nonce)
    await socket.until(lambda frame: frame.get("nonce") == nonce)


async def refused_frame(socket: SocketClient, raw: str | bytes) -> Frame:
    """The answer to a bad frame."""
    await socket.send_raw(raw)
    return await socket.until_type("error")


async def all_are_refused(talk: Talk) -> None:
    """Every bad frame gets its code, and the socket answers after each batch that is borne."""
    for first in range(0, len(BAD), BORNE):
        async with talk.socket("ann") as socket:
            for raw, code in BAD[first : first + BORNE]:
                error = await refused_frame(socket, raw)
                assert error["code"] == code, raw[:80]
                assert error["message"]
                assert error["request_id"]
            await alive(socket)
            assert socket.close_code is None


async def test_every_bad_frame_gets_a_stable_code_and_the_socket_lives(talk: MakeTalk) -> None:
    made = await talk("ann")
    await all_are_refused(made)
    made.server.assert_clean_log()


async def test_an_error_names_the_message_it_is_about(talk: MakeTalk) -> None:
    async with (await talk("ann")).socket("ann") as socket:
        error = await refused_frame(socket, '{"type": "message", "messageId": "k", "content": 7}')
        assert (error["message_id"], error["errors"][0]["field"]) == ("k", "content")
        error = await refused_frame(socket, f'{{"type": "read", "conversation_id": "{ID}", "sequence_id": -1}}')
        assert error["conversation_id"] == ID
        error = await refused_frame(socket, '{"type": "read", "conversation_id": "nowhere", "sequence_id": 1}')
        assert "conversation_id" not in error


async def test_the_tenth_bad_frame_in_a_minute_ends_the_socket_with_4400(talk: MakeTalk) -> None:
    async with (await talk("ann")).socket("ann") as socket:
        for _ in range(BORNE):
            await refused_frame(socket, "no")
            await alive(socket)
        await refused_frame(socket, "no")
        assert (await socket.until_type("closing"))["reason"] == "malformed"
        assert await socket.until_closed() == 4400
        assert len(socket.of_type("error")) == BORNE + 1


async def test_refused_commands_are_no_bad_frames(talk: MakeTalk) -> None:
    async with (await talk("ann")).socket("ann") as socket:
        for number in range(BORNE + 3):
            await socket.send("message", content=" ", message_id=f"k{number}")
            assert (await socket.until_type("error"))["message_id"] == f"k{number}"
        await alive(socket)


async def test_a_frame_of_64_kib_is_taken(talk: MakeTalk) -> None:
    async with (await talk("ann")).socket("ann") as socket:
        room = LIMIT - len('{"type": "ping", "nonce": ""}')
        for nonce in ("x" * room, "é" * (room // 2)):
            await socket.send_raw(f'{{"type": "ping", "nonce": "{nonce}"}}')
            assert (await socket.until_type("pong"))["nonce"] == nonce


@pytest.mark.parametrize("raw", ["x" * (LIMIT + 1), "é" * (LIMIT // 2 + 1), "[" * 100_000], ids=["text", "é", "deep"])
async def test_a_larger_frame_ends_the_socket_with_4413(talk: MakeTalk, raw: str) -> None:
    async with (await talk("ann")).socket("ann") as socket:
        error = await refused_frame(socket, raw)
        assert error["code"] == "frame_too_large"
        assert (await socket.until_type("closing"))["reason"] == "frame_too_large"
        assert await socket.until_closed() == 4413


async def over_the_transports_limit(talk: Talk) -> int:
    """The close code for a frame over 128 KiB; a cut line is 1006. Another socket lives on."""
    async with talk.socket("ann") as socket, talk.socket("ann") as other:
        await socket.until_type("connected")
        try:
            await socket.send_raw("x" * (128 * 1024 + 1))
            code = await socket.until_closed()
        except ConnectionClosed:
            code = await socket.until_closed()
        await alive(other)
        return code


async def test_a_frame_over_128_kib_is_the_transports_affair(talk: MakeTalk, asgi_server: str) -> None:
    made = await talk("ann")
    expected = {1009, 1006} if asgi_server == "uvicorn" else {4413}  # Daphne's own limit has to let pages out
    assert await over_the_transports_limit(made) in expected
    made.server.assert_clean_log()


@pytest.mark.parametrize("letter", ["x", "字", "😀"])
async def test_a_text_over_10_000_characters_is_refused_with_its_length(talk: MakeTalk, letter: str) -> None:
    async with (await talk("ann")).socket("ann") as socket:
        frame = {"type": "message", "message_id": "long", "content": letter * 10_001}
        error = await refused_frame(socket, json.dumps(frame, ensure_ascii=False))
        assert (error["code"], error["message_id"]) == ("message_too_large", "long")
        assert (error["actual"], error["max"]) == (10_001, 10_000)
        await socket.send_raw(json.dumps(frame | {"content": letter * 10_000}, ensure_ascii=False))
        assert (await socket.until_type("message_ack"))["duplicate"] is False
        await socket.until_entry(2)
        entry = socket.entries[0]
        whole = len((letter * 10_000).encode()) <= 32 * 1024
        assert (entry["content"] == letter * 10_000) is whole
        assert entry.get("content_length") == (None if whole else 10_000)


# --- anything at all --------------------------------------------------------------------------------------------------

KINDS = [*(kind for kind in VALID if kind != "leave"), "cancel_run", "fanout.event", "", "pong"]
FIELDS = sorted({name for fields in VALID.values() for name in fields} | {"reply_to", "metadata", "sender_id", "nonce"})
SCALARS: list[Any] = [None, True, 0, -1, 1.5, 2**53, "", "a", "ann", ID, "\u202e\ufeff", "é" * 500, "<b>"]
PLAUSIBLE: dict[str, list[Any]] = {
    "content": ["x", "@ben " * 40, "# <b>\n" * 20, " "],
    "message_id": ["k", "k" * 64],
    "reply_to": [ID],
    "metadata": [{}, {"a": [1, {"b": None}]}, {"a": "x" * 5000}],
    "sender_id": ["ann", {"id": "ann"}, {"id": []}],
    "last_sequence_id": [0, 3, 2**53],
    "sequence_id": [0, 3, 2**53],
    "access": ["a.b.c", "é", "."],
}


def anything(chance: random.Random, depth: int = 0) -> Any:
    """A random JSON value."""
    if depth > 3 or chance.random() < 0.6:
        return chance.choice(SCALARS)
    if chance.random() < 0.5:
        return [anything(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(FIELDS): anything(chance, depth + 1) for _ in range(chance.randrange(4))}


def random_frame(chance: random.Random, conversation: str) -> str | bytes:
    """A command that is spoilt more or less: fields exchanged, then perhaps bytes of the text."""
    kind = chance.choice(KINDS)
    frame: Any = {"type": kind, "conversation_id": conversation} | VALID.get(kind, {})
    for _ in range(chance.randrange(3)):
        name = chance.choice(FIELDS)
        frame[name] = chance.choice(PLAUSIBLE.get(name, SCALARS)) if chance.random() < 0.6 else anything(chance)
    if chance.random() < 0.2:
        frame["conversation_id"] = chance.choice([None, ID, "x", 7])
    raw = json.dumps(frame if chance.random() < 0.95 else anything(chance), ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.3:
        at = chance.randrange(len(raw))
        raw = raw[:at] + chance.choice(string.printable) * chance.randrange(3) + raw[at + chance.randrange(3) :]
    return raw.encode() if chance.random() < 0.02 else raw


async def fuzz(talk: Talk, url: str, seed: int, rounds: int) -> list[str]:
    """Send batches of random frames, each followed by a ping that must be answered; the codes of all refusals."""
    chance = random.Random(seed)
    async with SocketClient(url, talk.people["ann"]["access"]) as socket:
        for _ in range(rounds):
            for _ in range(50):
                await socket.send_raw(random_frame(chance, talk.id))
            await alive(socket)
        return [frame["code"] for frame in socket.of_type("error")]


async def fuzzed(server: ServerProcess, rounds: int) -> None:
    """Both kinds of sockets take a few thousand random frames at once, and everything still works."""
    talk = await make_talk(server, provision_people(server), "ann", "ben")
    found = await asyncio.gather(
        *(fuzz(talk, url, seed, rounds) for seed, url in enumerate([talk.url, talk.url, talk.all_url, talk.all_url]))
    )
    codes = {code for part in found for code in part}
    assert codes >= {"invalid_json", "invalid_frame", "unknown_type", "validation_error", "wrong_conversation"}
    assert "internal_error" not in codes
    async with talk.socket("ben") as ben:
        await ben.say("still here")
    server.assert_clean_log()


async def test_no_random_frame_harms_a_socket_or_the_server(start_server: StartServer) -> None:
    await fuzzed(start_server(CHAT_MALFORMED_FRAMES="1000000", CHAT_FLOOD_WARNINGS="1000000"), rounds=12)


async def test_on_daphne_hostile_frames_harm_nothing_either(daphne_server: ServerProcess) -> None:
    talk = await make_talk(daphne_server, provision_people(daphne_server), "ann", "ben")
    await all_are_refused(talk)
    assert await over_the_transports_limit(talk) == 4413
    async with talk.socket("ann") as socket:
        await refused_frame(socket, "x" * (LIMIT + 1))
        assert await socket.until_closed() == 4413
    daphne_server.assert_clean_log()
