"""Load: sockets opened together, senders with a window, and what was counted in a stretch of time."""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.sockets import ChatSocket, Stream
from benchmarks.targets import Target
from benchmarks.wire import HandshakeRefused
from tests.engines.process import descendants

TEXT = "The quick brown fox jumps over the lazy dog, and the dog, being lazy, lets it pass without one bark"
OPENING_AT_ONCE = 16
OPENINGS = 10
READY_SECONDS = 60.0
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

clock = time.perf_counter


def cpu_seconds(pid: int) -> float:
    """Seconds of all cores that a process and its children have used."""
    total = 0
    for one in (pid, *descendants(pid)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICKS


def resident_bytes(pid: int) -> int:
    """Memory of one process that is in RAM."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


class Crew:
    """Open sockets of a target, a stream a conversation."""

    def __init__(self, target: Target, conversations: int) -> None:
        self.target = target
        self.streams = [Stream(clock) for _ in range(conversations)]
        self.sockets: list[list[ChatSocket]] = [[] for _ in range(conversations)]

    async def open(self, conversation: int, member: int, **options: object) -> ChatSocket:
        """Open one socket and wait until messages will come; servers take turns by member."""
        make = self.target.socket(conversation, member, self.streams[conversation], **options)
        port = self.target.ports[member % len(self.target.ports)]
        _, socket = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", port)
        async with asyncio.timeout(READY_SECONDS):
            await socket.ready
        self.sockets[conversation].append(socket)
        self.streams[conversation].readers += 1
        return socket

    async def open_all(self, places: Iterable[tuple[int, int]]) -> None:
        """Open sockets for (conversation, member), some at a time; who is refused tries again, and is counted."""
        turns = asyncio.Semaphore(OPENING_AT_ONCE)

        async def one(conversation: int, member: int) -> None:
            async with turns:
                for _ in range(OPENINGS - 1):
                    with contextlib.suppress(HandshakeRefused):
                        await self.open(conversation, member)
                        return
                    self.streams[conversation].faults["refused at first"] += 1
                await self.open(conversation, member)

        await asyncio.gather(*(one(*place) for place in places))

    def let_go(self, socket: ChatSocket) -> None:
        """Drop one line."""
        room = self.streams.index(socket.stream)
        self.sockets[room].remove(socket)
        socket.stream.readers -= 1
        socket.close()

    @property
    def everyone(self) -> list[ChatSocket]:
        """All sockets."""
        return [socket for sockets in self.sockets for socket in sockets]

    @property
    def delivered(self) -> int:
        """Deliveries so far."""
        return sum(stream.delivered for stream in self.streams)

    @property
    def acked(self) -> int:
        """Acks so far."""
        return sum(socket.acked for socket in self.everyone)

    @property
    def missing(self) -> int:
        """Deliveries of what was sent and not refused that have not come."""
        return sum(stream.missing for stream in self.streams)

    @property
    def faults(self) -> Counter[str]:
        """Refusals, holes and repeats by name."""
        return sum((stream.faults for stream in self.streams), Counter())

    async def close(self) -> None:
        """Drop all lines."""
        for socket in self.everyone:
            socket.close()
        await asyncio.gather(*(socket.closed for socket in self.everyone))


class Sender:
    """Keeps up to ``window`` messages of one socket on their way.

    ``ahead`` bounds the deliveries of the conversation that were promised and have not come: whoever measures delivery
    must not fill the server's outboxes faster than readers here empty them.
    """

    keys = count()

    def __init__(self, socket: ChatSocket, window: int, ahead: int | None = None) -> None:
        self.socket = socket
        self.sent = 0
        self.given_up = 0
        self.ack_times: list[float] = []
        self._window = window
        self._ahead = ahead
        self._prefix = f"s{next(self.keys)}"
        self._begun: dict[str, float] = {}
        self._is_running = False
        self._is_held = False
        self._last: int | None = None
        socket.on_ack = self._acked

    def start(self, limit: int | None = None) -> None:
        """Send as much as the window takes, and on with each ack; ``limit`` messages in all, or until ``stop``."""
        self._last = None if limit is None else self.sent + limit
        self._is_running = True
        self._fill()

    def stop(self) -> None:
        """Send nothing more; acks still come."""
        self._is_running = False

    @property
    def waiting(self) -> int:
        """Sends without an answer."""
        return len(self._begun)

    def give_up(self, seconds: float) -> None:
        """Count sends that have waited longer for an answer as answered."""
        until = clock() - seconds
        late = [key for key, begun in self._begun.items() if begun < until]
        self.given_up += len(late)
        for key in late:
            del self._begun[key]
        if late:
            self._fill()

    def send(self) -> None:
        """Send one message, whatever the window."""
        key = f"{self._prefix}-{self.sent}"
        self.sent += 1
        self._begun[key] = clock()
        self.socket.stream.promised += self.socket.stream.readers
        self.socket.say(TEXT, key)

    def send_timed(self) -> None:
        """Send one message whose deliveries are timed."""
        self.socket.stream.sent[f"{self._prefix}-{self.sent}"] = clock()
        self.send()

    def _fill(self) -> None:
        while self._is_running and len(self._begun) < self._window and self.sent != self._last:
            if self._ahead is not None and self.socket.stream.missing > self._ahead:
                self._hold()
                return
            self.send()

    def _hold(self) -> None:
        if not self._is_held:
            self._is_held = True
            asyncio.get_running_loop().call_later(0.001, self._go_on)

    def _go_on(self) -> None:
        self._is_held = False
        self._fill()

    def _acked(self, key: str) -> None:
        begun = self._begun.pop(key, None)
        if begun is not None:
            self.ack_times.append(clock() - begun)
        self._fill()


@dataclass(frozen=True)
class Stretch:
    """What happened in a stretch of time. ``cpu`` is seconds by process."""

    seconds: float
    delivered: int
    acked: int
    cpu: dict[str, float]

    @property
    def cores(self) -> dict[str, float]:
        """Cores in use, by process."""
        return {name: used / self.seconds for name, used in self.cpu.items()}


class Meter:
    """Counts over a stretch of time what a crew got and what the processes used."""

    def __init__(self, crew: Crew, pids: Mapping[str, Sequence[int]]) -> None:
        self._crew = crew
        self._pids = pids

    def _read(self) -> tuple[float, int, int, dict[str, float]]:
        used = {name: sum(map(cpu_seconds, pids)) for name, pids in self._pids.items()}
        used["load"] = time.process_time()  # the servers are children of this process
        return clock(), self._crew.delivered, self._crew.acked, used

    async def watch(self, seconds: float) -> Stretch:
        """Wait, and say what happened meanwhile."""
        begun, delivered, acked, used = self._read()
        await asyncio.sleep(seconds)
        ended, delivered_now, acked_now, used_now = self._read()
        cpu = {name: used_now[name] - used[name] for name in used}
        return Stretch(ended - begun, delivered_now - delivered, acked_now - acked, cpu)


async def settle(crew: Crew, senders: Sequence[Sender], quiet_seconds: float = 2.0) -> int:
    """Wait until everything promised came, or nothing more does; returns the deliveries that are lost."""
    last, since = (-1, -1), clock()
    while clock() - since < quiet_seconds:
        if not any(sender.waiting for sender in senders) and not crew.missing:
            break
        now = (crew.delivered, crew.acked)
        if now != last:
            last, since = now, clock()
        await asyncio.sleep(0.02)
    return crew.missing
