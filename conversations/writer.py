"""Group commit: what many callers of a process want stored goes into one transaction.

A commit costs a round trip and a flush to disk whatever is in it, and the rows of a batch are read, locked and written
by the same few statements as those of one command. While one batch is being committed the next one gathers, so a lone
command waits for nothing. Order is kept: what is queued first is stored first.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction

from conversations.conf import conf
from participants.errors import ChatError, LimitExceeded, Unavailable

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH = 256
LOST = (DatabaseError, InterfaceError)
IDLE_SECONDS = 1.0  # then the database connection goes back


class Writer(Generic[Item, Result]):
    """One queue and one thread, started by the first command; both last as long as the process.

    ``commit`` stores a batch in one transaction and gives an outcome for each item, in order: a result, or the
    ChatError that refuses this one alone. It must bear being called again with the same items: when the connection
    was lost it is not known whether they were stored.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], Sequence[Result | ChatError]]) -> None:
        self._commit = commit
        self._queue: deque[tuple[Item, Callable[[Result | ChatError], object]]] = deque()
        self._filled = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._queue)

    def submit(self, item: Item, done: Callable[[Result | ChatError], object]) -> None:
        """Queue ``item``; ``done`` is called in the writer's thread after the commit, or with what refused it.

        Raises LimitExceeded ``queue_full``, and then nothing was queued.
        """
        if len(self._queue) >= conf.queued_sends:
            raise LimitExceeded(
                "Too much is waiting to be stored right now. Try again in a moment; nothing is lost.",
                code="queue_full",
                retry_after=1,
                queue_size=len(self._queue),
                queue_limit=conf.queued_sends,
            )
        self._queue.append((item, done))
        if self._thread is None:
            self._start()
        if not self._filled.is_set():  # else the writer is at work, and looks at the queue before it rests
            self._filled.set()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()

    def write(self, item: Item) -> Result:
        """Store ``item`` and wait. Whoever is in a transaction has it stored in that, at once.

        Raises what refuses it, and Unavailable if it takes longer than ``send_seconds``: then it may still happen.
        """
        connection = transaction.get_connection()
        if connection.in_atomic_block:
            outcome = self._commit([item])[0]
        else:
            if connection.settings_dict["OPTIONS"].get("pool"):
                connection.close()  # back to the pool, which the writer takes its own from
            waiting: Future[Result | ChatError] = Future()
            self.submit(item, waiting.set_result)
            try:
                outcome = waiting.result(conf.send_seconds)
            except TimeoutError as error:
                raise Unavailable from error
        if isinstance(outcome, ChatError):
            raise outcome
        return outcome

    def _run(self) -> None:
        while True:
            batch = self._next()
            if not batch:
                with suppress(*LOST):
                    connections.close_all()
                continue
            for (_, done), outcome in zip(batch, self._answers([item for item, _ in batch]), strict=True):
                try:
                    done(outcome)
                except Exception:
                    logger.exception("nobody took the outcome of a command")

    def _next(self) -> list[tuple[Item, Callable[[Result | ChatError], object]]]:
        """The next batch; nothing when none came for a while."""
        if not self._queue:
            self._filled.clear()
            if not self._queue:  # nor did anything come between the look and the clearing
                self._filled.wait(None if self._is_idle() else IDLE_SECONDS)
        return [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]

    @staticmethod
    def _is_idle() -> bool:
        return all(connection.connection is None for connection in connections.all(initialized_only=True))

    def _answers(self, items: Sequence[Item]) -> Sequence[Result | ChatError]:
        """An outcome for each, whatever happens: nobody else would answer, and the thread has to live."""
        try:
            outcomes = self._outcomes(items)
            if len(outcomes) == len(items):
                return outcomes
            logger.error("outcomes do not fit their commands", extra={"size": len(items), "outcomes": len(outcomes)})
        except Exception:
            logger.exception("batch failed", extra={"size": len(items)})
        return [ChatError() for _ in items]

    def _outcomes(self, items: Sequence[Item]) -> Sequence[Result | ChatError]:
        """Commit; once more over a new connection if this one was lost; each alone if one of them breaks the batch."""
        for attempt in (1, 2):
            try:
                return self._commit(items)
            except (OperationalError, InterfaceError) as error:
                logger.warning("batch not stored", extra={"error": type(error).__name__, "attempt": attempt})
                if _drop_lost_connection() and attempt == 1:
                    continue
                return [Unavailable()] * len(items)
            except Exception as error:
                if not isinstance(error, DatabaseError) or len(items) == 1:
                    logger.exception("batch failed", extra={"size": len(items)})
                if len(items) == 1:
                    return [ChatError()]
                return [self._outcomes([item])[0] for item in items]
        raise AssertionError("unreachable")


def _drop_lost_connection() -> bool:
    """Close a connection that no longer answers; whether it was so."""
    connection = transaction.get_connection()
    try:
        lost = connection.connection is None or not connection.is_usable()
    except LOST:
        lost = True
    if lost:
        with suppress(*LOST):
            connection.close()
    return lost
