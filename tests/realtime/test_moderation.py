"""What moderators decide is in force at once on every process, for what is written over sockets and over REST."""

import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.clients import SocketClient
from tests.conftest import needs_redis
from tests.realtime.conftest import MakeTalk, People, Talk, make_talk, provision_people
from tests.realtime.traffic import PATH, Pair
from tests.servers import Installations, ServerProcess

PATIENCE = 20.0  # seconds


@pytest.fixture(scope="module")
def server_pair(installations: Installations, asgi_server: str) -> Iterator[Pair]:
    """Two processes that do not look by themselves: what changes somebody's rights has to ring."""
    needs_redis()
    made = installations.create(CHAT_ACCESS_SECONDS="3600")
    with ServerProcess(made, ASGI_SERVER=asgi_server) as one, one.sibling() as two:
        yield one, two


@pytest.fixture(scope="module")
def people(server_pair: Pair) -> People:
    """Ten people there."""
    return provision_people(server_pair[0])


@pytest.fixture
def talk(server_pair: Pair, people: People) -> MakeTalk:
    """Make conversations there."""

    async def make(*names: str, **fields: Any) -> Talk:
        return await make_talk(server_pair[0], people, *names, **fields)

    return make


async def code_of(socket: SocketClient, command: str, conversation: str, **fields: Any) -> str | None:
    """The code that a command is refused with, None if it is done."""
    nonce, before = f"n{time.monotonic_ns()}", len(socket.frames)
    await socket.send(command, conversation_id=conversation, **fields)
    if command == "message":  # its answer may come after that to a later ping
        await socket.until(lambda frame: frame["type"] in {"message_ack", "error"})
    await socket.send("ping", nonce=nonce)
    await socket.until(lambda frame: frame.get("nonce") == nonce)
    return next((frame["code"] for frame in socket.frames[before:] if frame["type"] == "error"), None)


async def until_code(wanted: str | None, ask: Callable[[], Awaitable[str | None]]) -> None:
    """Ask again until the answer is the wanted one."""
    begun = time.monotonic()
    while (given := await ask()) != wanted:
        assert time.monotonic() - begun < PATIENCE, f"{given}, not {wanted}, after {PATIENCE} s"


@pytest.mark.parametrize(
    ("change", "code", "typing"),
    [
        ({"locked": True}, "locked", None),
        ({"archived": True}, "archived", "archived"),
        ("mute", "muted", "muted"),
        ("demote", "role_too_low", "role_too_low"),
    ],
    ids=["lock", "archive", "mute", "demote"],
)
async def test_writes_are_refused_at_once_on_every_process(
    server_pair: Pair, talk: MakeTalk, change: Any, code: str, typing: str | None
) -> None:
    made = await talk("ann", "ben", "cid")
    far = made.on(server_pair[1])
    path, ben = f"{PATH}/{made.id}", made.people["ben"]["id"]
    async with made.rest("ann") as rest, far.socket("ben") as socket, far.rest("ben") as ben_rest:
        await socket.until_type("connected")
        assert await code_of(socket, "message", made.id, content="before", message_id="a") is None
        if change == "mute":
            until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            answer = await rest.put(f"{path}/mutes/{ben}", json={"until": until})
        elif change == "demote":
            answer = await rest.patch(f"{path}/participants/{ben}", json={"role": "observer"})
        else:
            answer = await rest.patch(path, json=change)
        assert answer.status_code == 200
        assert await code_of(socket, "message", made.id, content="after", message_id="b") == code
        assert (await ben_rest.say(made.id, "after")).json()["code"] == code
        await until_code(typing, lambda: code_of(socket, "typing", made.id, is_typing=True))
        await rest.say(made.id, "read this") if code not in {"archived"} else None
        assert await code_of(socket, "read", made.id, sequence_id=2) is None


async def test_a_mute_that_is_over_holds_nothing_back_on_any_process(server_pair: Pair, talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    far = made.on(server_pair[1])
    mute = f"{PATH}/{made.id}/mutes/{made.people['ben']['id']}"
    async with made.rest("ann") as rest, far.socket("ben") as ben:
        await ben.until_type("connected")
        for until, code in ((timedelta(hours=1), "muted"), (timedelta(seconds=-1), None)):
            assert (await rest.put(mute, json={"until": (datetime.now(UTC) + until).isoformat()})).status_code == 200
            assert await code_of(ben, "message", made.id, content="hi", message_id=str(until)) == code
            await until_code(code, lambda: code_of(ben, "typing", made.id, is_typing=True))


async def test_slow_mode_is_one_pace_over_sockets_rest_and_processes(server_pair: Pair, talk: MakeTalk) -> None:
    made = await talk("ann", "ben")
    far = made.on(server_pair[1])
    async with made.rest("ann") as owner, made.rest("ben") as rest, far.socket("ben") as ben:
        await ben.until_type("connected")
        assert (await owner.patch(f"{PATH}/{made.id}", json={"slow_mode_s": 600})).status_code == 200
        assert (await rest.say(made.id, "one")).status_code == 201
        await ben.send("message", content="two", message_id="k")
        error = await ben.until_type("error")
        assert (error["code"], error["message_id"]) == ("slow_mode", "k")
        assert 590 < error["retry_after"] <= 600
        refused = await rest.say(made.id, "three")
        assert (refused.status_code, refused.json()["code"]) == (429, "slow_mode")
        assert int(refused.headers["Retry-After"]) == refused.json()["retry_after"]
        for number in range(3):
            assert (await owner.say(made.id, f"free {number}")).status_code == 201
