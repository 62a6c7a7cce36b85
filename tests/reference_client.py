"""A socket client that loses nothing and shows nothing twice: what any client of this protocol has to do, in full.

Three rules carry it. *Cursor*: of each conversation the number last shown is kept; the next one is shown, an older one
is dropped, a later one means a hole, and ``sync`` asks for it. *Outbox*: what was said stays there under its
``message_id`` and is said again until it is acked. *Ends*: what a close code, a refused handshake and ``retry_after``
ask for is in three small tables. The client of the README is this one without outbox and without reconnecting.
"""

import asyncio
import contextlib
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

BACKOFF = (1, 2, 4, 8, 16, 30)  # seconds; the wait is anything up to that

Frame = dict[str, Any]


class Next(Enum):
    """What a client does after its line has ended."""

    RESUME = "connect again, with backoff"
    SIGN_IN = "get a new token, then connect again"
    STOP = "stop"


AFTER_CLOSE = dict.fromkeys((1000, 1007, 1009, 4400, 4403, 4404, 4413), Next.STOP) | {4401: Next.SIGN_IN}
AFTER_REFUSAL = {400: Next.STOP, 401: Next.SIGN_IN, 403: Next.STOP, 404: Next.STOP}
GONE = {"left", "removed", "banned", "deleted"}


class Refused(Exception):
    """The server will never take this message; the argument is its ``error`` frame."""


@dataclass
class Saying:
    """One message in the outbox: what is sent, when it was last (None: not on this line), and who waits for its ack."""

    frame: Frame
    ack: asyncio.Future[Frame]
    at: float | None = None
    not_before: float = 0.0


@dataclass
class Cursor:
    """The place in one conversation's log: everything up to ``number`` was shown. Pure."""

    number: int | None = None
    asked: bool = field(default=False)

    def start(self, first: int, current: int) -> None:
        """``connected`` or ``sync`` came: what lies before ``first`` is hidden, which is no hole."""
        self.number = current if self.number is None else max(self.number, first - 1)

    def take(self, number: int) -> bool:
        """Whether the entry with this number is the one to show now."""
        if self.number is None or number != self.number + 1:
            return False
        self.number, self.asked = number, False
        return True

    def misses(self, number: int) -> bool:
        """Whether ``sync`` is to be sent: there is a hole before this number, and nobody has asked for it yet."""
        is_hole = self.number is not None and number > self.number + 1 and not self.asked
        self.asked = self.asked or is_hole
        return is_hole


class ReferenceClient:
    """One participant on one socket, from :meth:`run` until the task is cancelled or the server says stop.

    ``token`` gives an access token; it is asked for ahead of every line. ``conversations`` maps ids to the last number
    seen (None: from now on). One of them alone gets the socket of its own, several share one. ``show`` is given every
    entry once and in order. ``scale`` shortens the backoff, for tests.
    """

    ack_seconds = 10.0  # a message without an ack is then sent again
    ping_seconds = 20.0  # and a line that does not answer in as long again is dead

    def __init__(
        self,
        url: str | Callable[[], str],
        token: Callable[[], Awaitable[str]],
        conversations: Mapping[str, int | None],
        show: Callable[[Frame], None] = lambda entry: None,
        *,
        scale: float = 1.0,
        chance: random.Random | None = None,
    ) -> None:
        self.cursors = {conversation: Cursor(number) for conversation, number in conversations.items()}
        self.outbox: dict[str, Saying] = {}
        self.ended: str | None = None
        self.scale = scale
        self._address = url if callable(url) else lambda: url
        self._token, self._show = token, show
        self._chance = chance or random.Random()
        self._alone = len(conversations) == 1
        self._line: ClientConnection | None = None
        self._wait_for = 0.0  # what the server asked for, in seconds
        self._failures = 0
        self._changed = asyncio.Event()

    # --- saying -------------------------------------------------------------------------------------------------------

    def say(self, conversation: str, content: str, message_id: str | None = None) -> asyncio.Future[Frame]:
        """Put a message into the outbox; the future is its ack, or raises Refused."""
        key = message_id or uuid.uuid4().hex
        frame = {"type": "message", "conversation_id": conversation, "message_id": key, "content": content}
        saying = Saying(frame, asyncio.get_running_loop().create_future())
        self.outbox[key] = saying
        self._changed.set()
        return saying.ack

    async def _talk(self, line: ClientConnection) -> None:
        """Send what is due, in order; what has waited for its ack too long is due again."""
        clock = asyncio.get_running_loop().time
        while True:
            self._changed.clear()
            for saying in list(self.outbox.values()):
                again_at = 0.0 if saying.at is None else saying.at + self.ack_seconds
                if clock() >= max(again_at, saying.not_before):
                    saying.at = clock()
                    await line.send(json.dumps(saying.frame))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), 0.25)

    # --- hearing ------------------------------------------------------------------------------------------------------

    async def hear(self, frame: Frame) -> None:
        """One frame of the server."""
        cursor = self.cursors.get(frame.get("conversation_id") or "")
        match frame["type"]:
            case "connected" | "sync" if cursor is not None:
                cursor.start(frame["first_sequence_id"], frame["current_sequence_id"])
                for entry in frame.get("events", ()):
                    await self._entry(cursor, entry)
                self._failures = 0
            case "message_ack":
                if saying := self.outbox.pop(frame["message_id"], None):
                    _resolve(saying.ack, frame)
            case "error":
                self._refusal(frame)
            case "closing":
                self._wait_for = frame.get("reconnect_in") or 0.0
            case "unsubscribed" if frame["reason"] in GONE:
                self.cursors.pop(frame["conversation_id"], None)
            case _ if "sequence_id" in frame and cursor is not None:
                await self._entry(cursor, frame)

    async def _entry(self, cursor: Cursor, entry: Frame) -> None:
        if cursor.take(entry["sequence_id"]):
            self._show(entry)
        elif cursor.misses(entry["sequence_id"]):
            await self._sync(entry["conversation_id"], cursor)

    async def _sync(self, conversation: str, cursor: Cursor) -> None:
        assert self._line is not None
        frame = {"type": "sync", "conversation_id": conversation, "last_sequence_id": cursor.number}
        await self._line.send(json.dumps(frame))

    def _refusal(self, frame: Frame) -> None:
        """A refused message waits as long as the server says and is sent again; what waiting cannot help is over."""
        if frame["code"] == "sequence_ahead":  # a database that was restored: what was shown is no longer so
            self.cursors[frame["conversation_id"]].number = 0
            raise ConnectionError("the log is shorter than what was shown")
        if (saying := self.outbox.get(frame.get("message_id") or "")) is None:
            return
        wait = frame.get("retry_after") or (2 if frame["code"] == "internal_error" else None)
        if wait is None:
            del self.outbox[frame["message_id"]]
            _resolve(saying.ack, Refused(frame))
            return
        saying.at, saying.not_before = None, asyncio.get_running_loop().time() + wait

    # --- the line -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected until told to stop; ``ended`` says why."""
        while self.ended is None:
            todo = await self._one_line()
            if todo is Next.STOP:
                return
            await asyncio.sleep(self.pause())
        raise AssertionError("run() is for once")

    def pause(self) -> float:
        """Seconds until the next line: what the server asked for, or else the backoff with full jitter."""
        step = BACKOFF[min(self._failures, len(BACKOFF) - 1)]
        self._failures += 1
        asked, self._wait_for = self._wait_for, 0.0
        return asked + self._chance.uniform(0, step) * self.scale

    async def _one_line(self) -> Next:
        """Connect, talk and listen until the line ends; what to do then."""
        try:
            headers = {"Authorization": f"Bearer {await self._token()}"}
            async with connect(self._url(), additional_headers=headers, **self._options()) as line:
                self._line = line
                await self._converse(line)
                await line.wait_closed()
                return self.after_close(line.close_code, line.close_reason)
        except InvalidStatus as refused:
            return self.after_refusal(refused.response.status_code, refused.response.headers.get("Retry-After"))
        except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError, ValueError, EOFError):
            return Next.RESUME
        finally:
            self._line = None

    async def _converse(self, line: ClientConnection) -> None:
        for saying in self.outbox.values():
            saying.at = None
        for cursor in self.cursors.values():
            cursor.asked = False
        for conversation, cursor in self.cursors.items() if not self._alone else ():
            subscribe = {"type": "subscribe", "conversation_id": conversation, "last_sequence_id": cursor.number}
            await line.send(json.dumps(subscribe))
        talking = asyncio.create_task(self._talk(line))
        try:
            while True:
                frames = json.loads(await line.recv())
                for frame in frames if isinstance(frames, list) else [frames]:
                    await self.hear(frame)
        except ConnectionClosed:
            pass  # the code says what to do
        finally:
            talking.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await talking

    def after_close(self, code: int | None, reason: str | None = None) -> Next:
        """What a close code asks for; none (a dead line) and all others are a reason to come back."""
        todo = AFTER_CLOSE.get(code or 1006, Next.RESUME)
        if todo is Next.STOP:
            self.ended = f"closed with {code} {reason or ''}".strip()
        return todo

    def after_refusal(self, status: int, retry_after: str | None = None) -> Next:
        """What a refused handshake asks for; busy (429, 503) and broken (5xx) servers are asked again."""
        todo = AFTER_REFUSAL.get(status, Next.RESUME)
        if todo is Next.STOP:
            self.ended = f"refused with {status}"
        self._wait_for = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
        return todo

    def _url(self) -> str:
        base = f"{self._address()}/chat/ws"
        if not self._alone:
            return base
        ((conversation, cursor),) = self.cursors.items()
        return f"{base}/{conversation}" + ("" if cursor.number is None else f"?last_sequence_id={cursor.number}")

    def _options(self) -> dict[str, Any]:
        """``chat.v1``: several frames may come as one array. Pings find a line that is dead without having ended."""
        return {
            "subprotocols": [Subprotocol("chat.v1")],
            "compression": None,
            "max_size": 2**20,
            "open_timeout": self.ping_seconds,
            "ping_interval": self.ping_seconds,
            "ping_timeout": self.ping_seconds,
            "close_timeout": 1,
        }


def _resolve(future: asyncio.Future[Frame], outcome: Frame | Exception) -> None:
    if future.done():  # its waiter has given up
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
