"""The text of a run as it is written: shown in small pieces, at most 20 a second, and kept about once a second.

A piece that was kept is shown once more as a whole, from where it begins: whoever came in between, or lost a piece,
has everything from then on (see ``agent_delta``). All on the event loop.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from agents import entries
from agents.conf import conf

SHOWN_EVERY = 0.05
KEPT_EVERY = 1.0
PIECE = 64 * 1024  # code points in one frame, which JSON may make six times as large: under the 1 MiB of a frame
KEPT_AT_ONCE = 4 * PIECE
WAITING = 4 * PIECE  # what may be written ahead of what is shown; then the writer waits

Show = Callable[[int, str], None]
Keep = Callable[[int, str], Awaitable[None]]


class TooLarge(Exception):
    """More was written than an answer may have."""


class Text:
    """What a run has written so far. ``show`` gets an offset and a piece; ``keep`` the same, to store it."""

    def __init__(self, show: Show, keep: Keep) -> None:
        self._show, self._keep = show, keep
        self._pieces: list[str] = []
        self._bytes = 0
        self._waiting: deque[str] = deque()
        self._waiting_length = 0
        self._unkept: list[str] = []
        self.length = 0  # of what was shown
        self._kept = 0
        self._kept_at = time.monotonic()
        self._changed = asyncio.Event()
        self._shown = asyncio.Event()
        self._keeping: asyncio.Task[tuple[int, str]] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written."""
        return not self._pieces and not self._waiting

    def whole(self) -> str:
        """Everything that was shown."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def end(self) -> tuple[int, str]:
        """The last 32 KiB of what was shown, and where they begin."""
        found: list[str] = []
        size = 0
        for piece in reversed(self._pieces):
            found.append(piece)
            size += len(piece)
            if size >= PIECE:
                break
        text = entries.tail("".join(reversed(found)))
        return self.length - len(text), text

    async def write(self, text: str) -> None:
        """Take the next piece in; waits while too much is not shown yet. Raises TooLarge."""
        text = entries.clean(text)
        self._bytes += len(text.encode())
        if self._bytes > conf.answer_bytes:
            raise TooLarge
        self._waiting.extend(text[start : start + PIECE] for start in range(0, len(text), PIECE))
        self._waiting_length += len(text)
        self._changed.set()
        while self._waiting_length > WAITING:
            self._shown.clear()
            await self._shown.wait()

    async def run(self) -> None:
        """Show and keep what is written, until cancelled. Raises what ``keep`` raises."""
        try:
            while True:
                await self._wait()
                self._step()
                await asyncio.sleep(SHOWN_EVERY)
        finally:
            if self._keeping is not None:
                self._keeping.cancel()

    async def _wait(self) -> None:
        """Wait for text, which is shown at once if none was lately; or for what is kept, or is to be kept now."""
        is_clean = self._keeping is not None or self._kept == self.length
        due = None if is_clean else max(0.0, self._kept_at + KEPT_EVERY - time.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(due):
                await self._changed.wait()

    async def flush(self) -> None:
        """Wait until everything written so far is shown."""
        while self._waiting_length:
            self._shown.clear()
            await self._shown.wait()

    def _take(self) -> str:
        taken: list[str] = []
        size = 0
        while self._waiting and size + len(self._waiting[0]) <= PIECE:
            taken.append(self._waiting.popleft())
            size += len(taken[-1])
        self._waiting_length -= size
        return "".join(taken)

    def _step(self) -> None:
        """Show what waits. Keeping is not waited for: a database may take long, and viewers had to wait with it."""
        self._changed.clear()
        offset, piece = self.length, self._take()
        if piece:
            self._pieces.append(piece)
            self._unkept.append(piece)
            self.length += len(piece)
        if self._keeping is not None and self._keeping.done():
            start, text = self._keeping.result()
            self._keeping = None
            if len(text) + self.length - self._kept <= PIECE:
                offset, piece = start, "".join([text, *self._unkept])
        if piece:
            self._show(offset, piece)
        self._keep_if_due()
        if self._waiting:
            self._changed.set()
        self._shown.set()

    def _keep_if_due(self) -> None:
        unkept = self.length - self._kept
        is_due = time.monotonic() - self._kept_at >= KEPT_EVERY or unkept >= KEPT_AT_ONCE
        if not unkept or not is_due or self._keeping is not None:
            return
        start, text = self._kept, "".join(self._unkept)
        self._unkept, self._kept, self._kept_at = [], self.length, time.monotonic()
        self._keeping = asyncio.create_task(self._kept_piece(start, text))
        self._keeping.add_done_callback(lambda _: self._changed.set())

    async def _kept_piece(self, offset: int, text: str) -> tuple[int, str]:
        await self._keep(offset, text)
        return offset, text
