"""Calls that other threads hand to the event loop: whatever waits is carried out in one turn of the loop."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)


class Handover:
    """A queue into one event loop, in order. To wake a loop takes a system call: a batch of 256 sends wakes it once.

    Bounded by what hands over: an outcome for each send that waits (``CHAT_QUEUED_SENDS``), news for each commit.
    """

    def __init__(self) -> None:
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_awake = False

    def start(self) -> None:
        """Hand to the running loop from now on."""
        self._loop = asyncio.get_running_loop()

    def add(self, call: Callable[..., object], *args: Any) -> None:
        """Have ``call(*args)`` made on the loop; from any thread. Before the start nobody is there to be told."""
        if self._loop is None:
            return
        self._calls.append((call, args))
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        self._is_awake = False  # ahead of the first: what is added from here on wakes the loop again, or is taken now
        while self._calls:
            call, args = self._calls.popleft()
            try:
                call(*args)
            except Exception:
                logger.exception("a call handed to the loop failed")
