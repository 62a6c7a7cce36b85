"""A TCP proxy that makes a bad line out of a good one. It runs in a thread with an event loop of its own.

What it does to chunks is decided anew for each of them, so faults can be turned on and off under open connections.
"""

import asyncio
import contextlib
import random
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

CHUNK = 64 * 1024


@dataclass
class Faults:
    """Seconds and probabilities. All off: a plain proxy."""

    delay: float = 0.0
    jitter: float = 0.0  # on top, chosen for each chunk: what goes over different lines is reordered by it
    corrupt: float = 0.0  # of a chunk, in both directions
    blackhole: bool = False  # everything is taken and nothing is passed on; a line that this hit stays so
    swallow: re.Pattern[bytes] | None = None  # frames of a server that match ...
    swallow_share: float = 0.0  # ... vanish with this probability


class Proxy:
    """Forwards ``port`` to ``target`` on the loopback. Use it as a context manager."""

    def __init__(self, target: int, chance: random.Random) -> None:
        self.target = target
        self.faults = Faults()
        self.port = 0
        self.swallowed = 0
        self.corrupted = 0
        self._chance = chance
        self._lines: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        """The address to connect to instead of the server's."""
        return f"ws://127.0.0.1:{self.port}"

    def cut(self, share: float = 1.0) -> None:
        """End open lines at once, each with this probability, as a reset does."""
        self._loop.call_soon_threadsafe(self._cut, share)

    def half_close(self, share: float = 1.0) -> None:
        """Tell the server on open lines, each with this probability, that the client will say nothing more."""
        self._loop.call_soon_threadsafe(self._half_close, share)

    # --- in the loop --------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.faults = Faults()
        while self._tasks:
            self._cut(1.0)
            await asyncio.wait(self._tasks, timeout=0.1)

    def _chosen(self, share: float) -> Iterator[tuple[asyncio.StreamWriter, asyncio.StreamWriter]]:
        return (line for line in list(self._lines) if self._chance.random() < share)

    def _cut(self, share: float) -> None:
        for client, server in self._chosen(share):
            client.transport.abort()
            server.transport.abort()

    def _half_close(self, share: float) -> None:
        for _, server in self._chosen(share):
            with contextlib.suppress(OSError, RuntimeError):
                server.write_eof()

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            client.transport.abort()
            return
        line = (client, server)
        self._lines.add(line)
        try:
            both = self._pump(reader, server, from_server=False), self._pump(answers, client, from_server=True)
            await asyncio.gather(*both)
        finally:
            self._lines.discard(line)
            client.transport.abort()
            server.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_server: bool) -> None:
        frames = FrameFilter() if from_server else None
        is_dead = False
        try:
            while chunk := await reader.read(CHUNK):
                faults = self.faults
                if faults.delay or faults.jitter:
                    await asyncio.sleep(faults.delay + self._chance.uniform(0, faults.jitter))
                if frames is not None and faults.swallow is not None:
                    chunk = frames.passed(chunk, self._is_swallowed)
                is_dead = is_dead or faults.blackhole
                if is_dead:
                    continue
                writer.write(self._corrupted(chunk))
                await writer.drain()
            writer.write_eof()
        except (OSError, RuntimeError):
            writer.transport.abort()

    def _is_swallowed(self, payload: bytes) -> bool:
        faults = self.faults
        if faults.swallow is None or not faults.swallow.match(payload):
            return False
        gone = self._chance.random() < faults.swallow_share
        self.swallowed += gone
        return gone

    def _corrupted(self, chunk: bytes) -> bytes:
        """Turn the highest bit of one byte: as nothing here says anything beyond ASCII, it never makes sense.

        TCP without TLS has nothing stronger than a 16-bit sum; a change that makes sense cannot be seen by anybody.
        """
        if not chunk or self._chance.random() >= self.faults.corrupt:
            return chunk
        self.corrupted += 1
        place = self._chance.randrange(len(chunk))
        return chunk[:place] + bytes([chunk[place] ^ 0x80]) + chunk[place + 1 :]


class FrameFilter:
    """Finds the WebSocket frames in what a server sends (RFC 6455, section 5.2), behind the answer to the handshake."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_open = False

    def passed(self, chunk: bytes, is_swallowed: Callable[[bytes], bool]) -> bytes:
        """What of ``chunk`` may go on: whole frames; what is not yet whole waits for the next chunk."""
        self._rest += chunk
        out = b""
        if not self._is_open:
            head, mark, rest = self._rest.partition(b"\r\n\r\n")
            if not mark:
                return b""
            self._is_open, self._rest, out = True, rest, head + mark
        while (frame := self._next()) is not None:
            start = {126: 4, 127: 10}.get(frame[1], 2)
            if not is_swallowed(frame[start:]):
                out += frame
        return out

    def _next(self) -> bytes | None:
        rest = self._rest
        if len(rest) < 2:
            return None
        start = {126: 4, 127: 10}.get(rest[1], 2)
        size = rest[1] if start == 2 else int.from_bytes(rest[2:start], "big")
        if len(rest) < start + size:
            return None
        self._rest = rest[start + size :]
        return rest[: start + size]
