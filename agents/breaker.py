"""A circuit breaker: who failed often lately is left alone for a while, then tried by one. Pure: times are passed in.

Closed, everybody is admitted. ``failures`` of them within ``window`` seconds open it, and for ``pause`` seconds nobody
is. Then it is half open: one is admitted to try; its success closes the breaker, its failure opens it again. Whoever
tries and never tells the outcome (cancelled, killed) is replaced after another pause.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """What a breaker does with the next one."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Breaker:
    """One for each provider. Times are seconds of any clock that never goes back."""

    failures: int
    window: float
    pause: float
    _failed_at: deque[float] = field(default_factory=deque)
    _open_until: float | None = None

    def state(self, now: float) -> State:
        """What it would do now."""
        if self._open_until is None:
            return State.CLOSED
        return State.OPEN if now < self._open_until else State.HALF_OPEN

    def admits(self, now: float) -> bool:
        """Whether one may go through now. Half open, this admits the one that tries, and keeps the others out."""
        state = self.state(now)
        if state is State.HALF_OPEN:
            self._open_until = now + self.pause
        return state is not State.OPEN

    def succeeded(self) -> None:
        """One came through: whatever was before is over."""
        self._failed_at.clear()
        self._open_until = None

    def failed(self, now: float) -> None:
        """One failed, by the provider's fault."""
        self._failed_at.append(now)
        while self._failed_at[0] <= now - self.window:
            self._failed_at.popleft()
        if self._open_until is not None or len(self._failed_at) >= self.failures:
            self._open_until = now + self.pause
            self._failed_at.clear()
