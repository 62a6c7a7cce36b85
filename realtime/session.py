"""The rules of delivery without any I/O: order in a process, the cursor of a subscription, the patience with a socket.

Time comes in as numbers (seconds of any one clock), entries as they are; what to do comes out as values. So the
promises "once, in order, no hole" can be tested with lists.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID


class Numbered(Protocol):
    """An entry, as far as order is concerned."""

    @property
    def sequence(self) -> int:
        """Its number."""
        ...

    @property
    def size(self) -> int:
        """How many bytes it has."""
        ...


Item = TypeVar("Item", bound=Numbered)

PENDING = 1000


class Line(Generic[Item]):
    """The order of one conversation in this process: what came is let through as 1, 2, 3 …, once.

    What is at or under the position was delivered and is dropped; the next one passes; a later one waits, which makes
    a *hole*: it closes as the missing ones come, or as the log is read from ``position``.
    """

    def __init__(self, position: int, recent: int, recent_bytes: int) -> None:
        self.position = position
        self._waiting: dict[int, Item] = {}
        self._recent: deque[Item] = deque()
        self._recent_size = 0
        self._most_recent, self._most_bytes = recent, recent_bytes

    @property
    def has_hole(self) -> bool:
        """Whether something waits for numbers that have not come."""
        return bool(self._waiting)

    def accept(self, entries: Iterable[Item]) -> list[Item]:
        """Those that may be delivered now, in order. Bounded: past ``PENDING`` waiting ones the log has to do."""
        ready: list[Item] = []
        for entry in entries:
            if entry.sequence == self.position + 1:
                self._pass(entry, ready)
                self._drain(ready)
            elif entry.sequence > self.position and len(self._waiting) < PENDING:
                self._waiting[entry.sequence] = entry
        return ready

    def _pass(self, entry: Item, ready: list[Item]) -> None:
        self.position = entry.sequence
        self._recent.append(entry)
        self._recent_size += entry.size
        while len(self._recent) > self._most_recent or self._recent_size > self._most_bytes:
            self._recent_size -= self._recent.popleft().size
        ready.append(entry)

    def _drain(self, ready: list[Item]) -> None:
        while (entry := self._waiting.pop(self.position + 1, None)) is not None:
            self._pass(entry, ready)

    def skip(self, position: int) -> None:
        """Go on behind ``position``: what is missing up to there is no longer kept anywhere."""
        self.position = position
        self._waiting = {number: entry for number, entry in self._waiting.items() if number > position}
        self.forget()

    def forget(self) -> None:
        """Keep nothing of what was delivered: it is to be read from the log again."""
        self._recent.clear()
        self._recent_size = 0

    def since(self, cursor: int) -> list[Item] | None:
        """Everything from behind ``cursor`` to the position, if it is still in memory; else None."""
        if cursor >= self.position:
            return []
        if not self._recent or self._recent[0].sequence > cursor + 1:
            return None
        return list(islice(self._recent, cursor + 1 - self._recent[0].sequence, None))


@dataclass(slots=True)
class Subscription:
    """One socket following one conversation. ``cursor`` is the last number it was given.

    While not ``live`` it gets pages of the log; going live is allowed only where the cursor has reached the line's
    position, so that there is neither a gap nor a repeat at the seam.
    """

    cursor: int
    live: bool = False

    def take(self, entries: Sequence[Item]) -> Sequence[Item]:
        """Which of consecutive ``entries`` this subscription is given now; moves the cursor."""
        if not self.live or not entries or entries[-1].sequence <= self.cursor:
            return ()
        first = entries[0].sequence
        if first > self.cursor + 1:
            raise AssertionError(f"a live subscription at {self.cursor} was offered {first}")
        new = entries if first == self.cursor + 1 else entries[self.cursor + 1 - first :]
        self.cursor = entries[-1].sequence
        return new

    def page(self, last: int) -> None:
        """A page of the log up to ``last`` was sent."""
        self.cursor = max(self.cursor, last)

    def go_live(self, line: Line[Any]) -> bool:
        """Become live if nothing is missing; whether it did."""
        self.live = self.cursor >= line.position
        return self.live

    def rewind(self, cursor: int) -> None:
        """Start again behind ``cursor``; live frames wait."""
        self.live = False
        self.cursor = cursor


@dataclass(slots=True)
class Patience:
    """How much one socket may get wrong, and how often it may say that somebody types."""

    malformed_limit: int
    typing_seconds: float
    warnings_limit: int = 30
    _malformed: deque[float] = field(default_factory=deque)
    _warned: deque[float] = field(default_factory=deque)
    _typing: dict[UUID, tuple[float, bool]] = field(default_factory=dict)

    def malformed(self, now: float) -> bool:
        """Count a bad frame; whether it is the last one in a minute that is borne."""
        return self._count(self._malformed, now) >= self.malformed_limit

    def warned(self, now: float) -> bool:
        """Count a command refused for being too fast; whether it is the last one in a minute that is borne."""
        return self._count(self._warned, now) >= self.warnings_limit

    @staticmethod
    def _count(times: deque[float], now: float) -> int:
        times.append(now)
        while times[0] <= now - 60:
            times.popleft()
        return len(times)

    def typing(self, conversation: UUID, is_typing: bool, now: float) -> bool:
        """Whether this is passed on: a change to "stopped" is, "typing" once in ``typing_seconds``."""
        at, before = self._typing.get(conversation, (float("-inf"), False))
        if is_typing:
            if now - at < self.typing_seconds:
                return False
        elif not before:
            return False
        self._typing[conversation] = (now if is_typing else at, is_typing)
        return True


@dataclass(slots=True)
class Bucket:
    """So many frames a second, and a burst of them at once. Both may be set anew at any time."""

    rate: float
    burst: float
    _level: float = 0.0
    _at: float = float("-inf")

    def take(self, now: float) -> float:
        """Take one; 0 if there was one, else the seconds until there is."""
        self._level = max(0.0, self._level - (now - self._at) * self.rate)
        self._at = now
        if self._level + 1 > self.burst:
            return (self._level + 1 - self.burst) / self.rate
        self._level += 1
        return 0.0


@dataclass(slots=True)
class Expiry:
    """The end of a credential, with notice. Times are Unix seconds."""

    expires_at: float
    notice_seconds: float
    _noticed: bool = False

    def due(self, now: float) -> str | None:
        """``closed`` at the end, ``notice`` once ahead of it, else None."""
        if now >= self.expires_at:
            return "closed"
        if not self._noticed and now >= self.expires_at - self.notice_seconds:
            self._noticed = True
            return "notice"
        return None

    def renew(self, expires_at: float) -> None:
        """A new credential was shown."""
        self.expires_at = expires_at
        self._noticed = False
