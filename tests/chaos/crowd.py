"""Clients that record: the crowd of one run, its traffic, and how it is waited for."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from tests.chaos.history import Ack, History, Invoke, Line, Observer, Read, Stored, digest
from tests.clients import RestClient
from tests.reference_client import Frame, Next, ReferenceClient, Refused

clock = time.monotonic


class Witness(ReferenceClient):
    """A reference client whose every invoke, ack and delivery goes into the history.

    A ``stubborn`` one is behind a line that damages what it carries: nothing that such a line says is final.
    """

    ack_seconds = 5.0

    def __init__(
        self,
        history: History,
        person: dict[str, str],
        conversation: str,
        url: str | Callable[[], str],
        *,
        name: str,
        chance: random.Random,
        after: int = 0,
        scale: float = 0.5,
        stubborn: bool = False,
        ping_seconds: float = 10.0,
    ) -> None:
        self.ping_seconds = ping_seconds
        self.history, self.person, self.conversation = history, person, conversation
        self.observer = Observer(name, conversation, after)
        self.latencies: list[float] = []
        self.closes: list[int] = []
        self.connected = asyncio.Event()
        self.connected_at: list[float] = []
        self.cut_at: list[float] = []
        self.errors: list[Frame] = []
        self.refusals: list[int] = []
        self.stubborn = stubborn
        self.gate = asyncio.Event()  # no new line while it is clear
        self.gate.set()
        self._line_record: Line | None = None
        self._invoked: dict[str, float] = {}
        history.observers.append(self.observer)
        super().__init__(url, self._access, {conversation: after}, self._note, scale=scale, chance=chance)

    async def _access(self) -> str:
        await self.gate.wait()
        return self.person["access"]

    def _note(self, entry: Frame) -> None:
        self.observer.shown.append(entry["sequence_id"])
        self.observer.times.append(clock())

    @property
    def position(self) -> int:
        """The number shown last."""
        return self.observer.shown[-1] if self.observer.shown else self.observer.after

    def invoke(self, content: str, key: str) -> asyncio.Future[Frame]:
        """Say something, and write down that it was wanted."""
        self._invoked[key] = clock()
        self.history.invokes.append(Invoke(self._invoked[key], self.conversation, self.person["id"], key, content))
        return self.say(self.conversation, content, key)

    async def hear(self, frame: Frame) -> None:
        """Write down what came, then do as the reference client does."""
        now = clock()
        line = self._line_record
        assert line is not None
        kind = frame["type"]
        if kind == "connected":
            self.connected_at.append(now)
            self.connected.set()
        elif kind == "message_ack":
            key = frame["message_id"]
            self.history.acks.append(Ack(now, self.conversation, self.person["id"], key, frame["sequence_id"]))
            if key in self.outbox:
                self.latencies.append(now - self._invoked[key])
        elif kind == "error":
            self.errors.append(frame)
        for entry in frame["events"] if kind == "sync" else [frame] if "sequence_id" in frame else []:
            if entry["type"] != "message_ack":
                line.numbers.append(entry["sequence_id"])
                line.digests.append(digest(entry))
                line.times.append(now)
        await super().hear(frame)

    async def _converse(self, line: Any) -> None:
        self._line_record = Line(self.observer.name, self.conversation, self.cursors[self.conversation].number)
        self.history.lines.append(self._line_record)
        try:
            await super()._converse(line)
        finally:
            self.connected.clear()
            self.cut_at.append(clock())

    def cut(self) -> None:
        """Drop the line, as a client does whose battery is empty."""
        if self._line is not None:
            self._line.transport.abort()

    async def _sync(self, conversation: str, cursor: Any) -> None:
        assert self._line_record is not None
        self._line_record.asked += 1
        await super()._sync(conversation, cursor)

    def after_close(self, code: int | None, reason: str | None = None) -> Next:
        """See :class:`ReferenceClient`."""
        self.closes.append(code or 1006)
        return self._unless_stubborn(super().after_close(code, reason))

    def after_refusal(self, status: int, retry_after: str | None = None) -> Next:
        """See :class:`ReferenceClient`."""
        self.refusals.append(status)
        return self._unless_stubborn(super().after_refusal(status, retry_after))

    def _unless_stubborn(self, todo: Next) -> Next:
        if self.stubborn and todo is Next.STOP:
            self.ended, todo = None, Next.RESUME
        return todo


class Crowd:
    """The witnesses of one conversation, and what they say."""

    def __init__(self, history: History, chance: random.Random) -> None:
        self.history, self.chance = history, chance
        self.witnesses: list[Witness] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._acks: list[asyncio.Future[Frame]] = []
        self._said = 0

    def add(self, witness: Witness) -> Witness:
        """Let one more in."""
        self.witnesses.append(witness)
        self._tasks.append(asyncio.create_task(witness.run()))
        return witness

    async def all_connected(self, seconds: float = 60) -> None:
        """Wait until everybody is connected; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            for witness in self.witnesses:
                await witness.connected.wait()

    def say_one(self, speaker: Witness) -> asyncio.Future[Frame]:
        """Say the next thing."""
        self._said += 1
        ack = speaker.invoke(f"thing {self._said}", f"{self.history.seed}-{self._said}")
        self._acks.append(ack)
        return ack

    async def talk(self, rate: float, seconds: float, speakers: Sequence[Witness] | None = None) -> None:
        """Say ``rate`` things a second, whether the last ones were acked or not (an open loop)."""
        begun, count = clock(), 0
        while clock() - begun < seconds:
            self.say_one(self.chance.choice(speakers or self.witnesses))
            count += 1
            await asyncio.sleep(max(0.0, begun + count / rate - clock()))

    async def all_acked(self, seconds: float = 60) -> None:
        """Wait until nothing is unanswered; raises TimeoutError. A refusal for good is raised."""
        async with asyncio.timeout(seconds):
            for ack in self._acks:
                await ack

    async def all_shown(self, end: int, seconds: float = 60) -> float:
        """Wait until everybody who stays has shown up to ``end``, at most ``seconds``; how long it took.

        Whoever has not by then is the checker's finding.
        """
        begun = clock()
        staying = [witness for witness in self.witnesses if witness.observer.stays]
        while clock() - begun < seconds and any(witness.position < end for witness in staying):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return clock() - begun

    async def stop(self) -> None:
        """Everybody goes."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for ack in self._acks:
            if ack.done() and not ack.cancelled():
                ack.exception()
            ack.cancel()
        for error in ended:
            if isinstance(error, Exception) and not isinstance(error, Refused):
                raise error


async def read_log(url: str, access: str, history: History, conversation: str) -> list[Frame]:
    """Read the whole log over REST and note the read; an unavailable server is asked again."""
    async with RestClient(url, access) as rest:
        for _ in range(60):
            began = clock()
            try:
                entries = await rest.log(conversation)
            except (httpx.TransportError, KeyError, ValueError):
                await asyncio.sleep(0.5)
                continue
            history.reads.append(Read(began, conversation, [entry["sequence_id"] for entry in entries]))
            return entries
    raise AssertionError(f"the log could not be read from {url}")


async def keep_log(url: str, access: str, history: History, conversation: str) -> int:
    """Read the log at the end and put it into the history as what everything is compared with; its length."""
    rows = [
        Stored(
            number=entry["sequence_id"],
            type=entry["type"],
            author=(entry.get("participant") or {}).get("id"),
            key=entry.get("message_id"),
            content=entry.get("content"),
            digest=digest(entry),
        )
        for entry in await read_log(url, access, history, conversation)
    ]
    history.logs[conversation] = rows
    return len(rows)
