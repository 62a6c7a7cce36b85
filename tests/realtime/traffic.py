"""A conversation under steady traffic on two processes, with somebody in it who is about to lose it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

import jwt

from tests.clients import Frame, RestClient, SocketClient
from tests.realtime.conftest import MakeTalk, Talk
from tests.realtime.credentials import account, signing_key
from tests.servers import ServerProcess

PATH = "/api/v1/conversations"
PACE = 0.01  # seconds between messages: about 100 a second
Pair = tuple[ServerProcess, ServerProcess]


class Witness(SocketClient):
    """A socket that notes when each frame came."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.frames = self.noted = Noted()


class Noted(list[Frame]):
    """Frames, and the wall-clock time of each in ``times``."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def append(self, frame: Frame) -> None:
        self.times.append(time.time())
        super().append(frame)


class Scene:
    """A conversation with a victim, whose sockets are on both processes, and an owner who talks all the time."""

    def __init__(self, made: Talk, second: ServerProcess, victim: dict[str, Any]) -> None:
        self.made, self.second, self.victim = made, second, victim
        self.witnesses: list[Witness] = []
        self.id, self.server = made.id, made.server
        self.token_ends = 0.0

    @property
    def member(self) -> str:
        return f"{PATH}/{self.id}/participants/{self.victim['participant']['id']}"

    @property
    def ban(self) -> str:
        return f"{PATH}/{self.id}/bans/{self.victim['participant']['id']}"

    async def manage(self, code: str) -> None:
        """Run Python against the database, past every service."""
        models = "from participants.models import Participant, SignIn; from conversations.models import Membership; "
        await asyncio.to_thread(self.server.installation.manage, "shell", "-c", models + code)

    async def talk(self, socket: SocketClient, stop: asyncio.Event) -> None:
        """Send at an even pace, whether acks have come or not."""
        begun, number = time.monotonic(), 0
        while not stop.is_set():
            await socket.send("message", content="still talking", message_id=f"{begun}-{number}")
            number += 1
            await asyncio.sleep(max(0.0, begun + number * PACE - time.monotonic()))


def short_lived(server: ServerProcess, access: str, seconds: float) -> tuple[str, float]:
    """The same token with an end soon to come, and that end."""
    ends = int(time.time() + seconds)
    claims = jwt.decode(access, options={"verify_signature": False}) | {"exp": ends}
    return jwt.encode(claims, signing_key(server), "HS256"), float(ends)


@asynccontextmanager
async def traffic(pair: Pair, make: MakeTalk, *, token_seconds: float | None = None) -> AsyncIterator[Scene]:
    """The scene under way: each of the victim's sockets has had its first messages.

    With ``token_seconds`` the sockets' access token lasts so long.
    """
    made = await make("ann", "ben", visibility="public")
    async with AsyncExitStack() as stack:
        rest = await stack.enter_async_context(RestClient(made.server.url))
        scene = Scene(made, pair[1], await account(rest))
        access = scene.victim["access"]
        async with RestClient(made.server.url, access) as joining:
            assert (await joining.post(f"{PATH}/{made.id}/join")).status_code == 200
        if token_seconds:
            access, scene.token_ends = short_lived(made.server, access, token_seconds)
        for server in pair:
            for address in (f"/chat/ws/{made.id}", "/chat/ws"):
                witness = await stack.enter_async_context(Witness(server.ws_url + address, access))
                scene.witnesses.append(witness)
                await witness.until_type("connected")
                if address == "/chat/ws":
                    await witness.send("subscribe", conversation_id=made.id)
                    await witness.until_following(made.id)
        speaker = await stack.enter_async_context(made.socket("ann"))
        await speaker.until_type("connected")
        stop = asyncio.Event()
        talking = asyncio.create_task(scene.talk(speaker, stop))
        try:
            for witness in scene.witnesses:
                await witness.until_type("message")
            yield scene
        finally:
            stop.set()
            await talking


def made_at(frame: Frame) -> float | None:
    """When an entry was stored; None for what is no entry."""
    if "created_at" not in frame or frame["type"] == "message_ack":
        return None
    return datetime.fromisoformat(frame["created_at"]).timestamp()


def lag(witness: Witness) -> float:
    """The longest that an entry took from the log to this witness: what the machine adds to a bound in time."""
    pairs = zip(witness.noted, witness.noted.times, strict=True)
    return max((at - made for frame, at in pairs if (made := made_at(frame)) is not None), default=0.0)


def late(witness: Witness, conversation: str, after: float) -> list[Frame]:
    """Frames about the conversation that are of later than a time, but for those that say it is over.

    An entry is as late as it was stored, whenever a busy test came to read it.
    """
    farewells = {"closing", "unsubscribed", "error"}
    until = after + lag(witness)
    return [
        frame
        for frame, at in zip(witness.noted, witness.noted.times, strict=True)
        if (made_at(frame) or at) > until
        and frame.get("conversation_id") == conversation
        and frame["type"] not in farewells
    ]


async def assert_cut_off(scene: Scene, ended: float, bound: float, *, signed_out: bool) -> None:
    """Fail unless each socket is let go in time; traffic goes on meanwhile, and none of it comes after."""
    alone, many = scene.witnesses[::2], scene.witnesses[1::2]
    patience = max(0.0, ended - time.time()) + bound + 20
    for witness in scene.witnesses if signed_out else alone:
        await witness.until_closed(timeout=patience)
    if not signed_out:
        for witness in many:
            await witness.until_type("unsubscribed", timeout=patience)
    async with scene.made.socket("ben") as ben:  # the talk goes on for longer than anything may still come
        await ben.until_type("connected")
        while time.time() < ended + bound + 0.5:
            await ben.until_type("message")
    for witness in scene.witnesses:
        assert late(witness, scene.id, ended + bound) == []
        wanted = range(witness.sequences[0], witness.sequences[0] + len(witness.sequences))
        assert witness.sequences == list(wanted)  # and until then nothing was missed
