"""How services reach the engine of their own process, if it has one: that there is work, that a run has ended.

Never needed for correctness: an engine looks for both by itself, every so often.
"""

from functools import partial
from typing import Protocol
from uuid import UUID

from django.db import transaction


class Ear(Protocol):
    """An engine; called from any thread."""

    def wake(self) -> None:
        """There may be a run to execute."""
        ...

    def stop(self, run: UUID) -> None:
        """A run has ended."""
        ...


_ears: list[Ear] = []


def listen(ear: Ear) -> None:
    """Let ``ear`` hear from now on."""
    _ears.append(ear)


def deafen(ear: Ear) -> None:
    """No longer."""
    _ears.remove(ear)


def wake_on_commit() -> None:
    """Say after the commit that there is work."""
    transaction.on_commit(_wake, robust=True)


def stop_on_commit(run: UUID) -> None:
    """Say after the commit that a run has ended."""
    transaction.on_commit(partial(_stop, run), robust=True)


def _wake() -> None:
    for ear in _ears:
        ear.wake()


def _stop(run: UUID) -> None:
    for ear in _ears:
        ear.stop(run)
