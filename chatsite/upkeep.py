"""What a server does once a day by itself: what the audit log and conversations no longer keep goes, and loose files.

One thread, of the process that starts the others or serves alone; it ends with that process. The claim for a day is in
the store of the limits, so that of several servers on one Redis one does the work; done twice it does no harm.
"""

import logging
import threading
from types import TracebackType
from typing import Self

from django.db import connection

from conversations.services import attachments
from conversations.services import retention as conversation_retention
from participants import limits
from participants.audit import retention

logger = logging.getLogger(__name__)

HOUR, DAY = 3_600.0, 86_400.0
END_SECONDS = 5.0
CLAIM = "audit_retention"


class Upkeep:
    """Does the day's work in a thread of its own, from entering to leaving; asks every ``seconds`` if it is due."""

    def __init__(self, *, seconds: float = HOUR, claim: str = CLAIM) -> None:
        self._seconds, self._claim = seconds, claim
        self.rounds = 0
        self._ended = threading.Event()
        # A daemon: a process that is told to stop does not wait for the log of last year. Batches are transactions.
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                if limits.is_first_in(DAY, self._claim):
                    deleted, shortened = retention.retention_apply()
                    logger.info("audit log trimmed", extra={"deleted": deleted, "shortened": shortened})
                    entries, files = conversation_retention.retention_apply(), attachments.attachments_sweep()
                    logger.info("logs cut, loose files swept", extra={"entries": entries, "files": files})
            except Exception:
                logger.exception("upkeep failed; the next day has it to do")
            finally:
                connection.close()
            self.rounds += 1
            self._ended.wait(self._seconds)
