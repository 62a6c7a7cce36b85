"""The life of a run: one table of what may happen to it in which status. Pure: no Django, no clock, no database.

Whoever changes a run's status asks ``after`` and stores what it answers, on the locked row: so two processes that both
want to end a run cannot both succeed. A status without a line below is an end; nothing leads out of it.
"""

from enum import StrEnum


class Status(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Happening(StrEnum):
    """What can happen to a run."""

    CLAIM = "claim"
    TAKE_OVER = "take_over"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"


TRANSITIONS: dict[Status, dict[Happening, Status]] = {
    Status.QUEUED: {
        Happening.CLAIM: Status.RUNNING,
        Happening.FAIL: Status.FAILED,
        Happening.CANCEL: Status.CANCELLED,
    },
    Status.RUNNING: {
        Happening.TAKE_OVER: Status.RUNNING,
        Happening.COMPLETE: Status.COMPLETED,
        Happening.FAIL: Status.FAILED,
        Happening.CANCEL: Status.CANCELLED,
    },
}
ENDS = frozenset(Status) - TRANSITIONS.keys()


class IllegalTransition(Exception):
    """That cannot happen to a run in this status: somebody else was first, or the caller is wrong."""

    def __init__(self, status: Status, happening: Happening) -> None:
        super().__init__(f"{happening} cannot happen to a run that is {status}")
        self.status = status
        self.happening = happening


def after(status: Status, happening: Happening) -> Status:
    """The status that follows. Raises IllegalTransition where the table has no line."""
    following = TRANSITIONS.get(status, {}).get(happening)
    if following is None:
        raise IllegalTransition(status, happening)
    return following
