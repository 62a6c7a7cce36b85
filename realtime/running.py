"""What runs in a conversation besides its log, for ``connected.runs``: told by another app, which hangs it in."""

from typing import Any, Protocol

from conversations.models import Conversation

Shown = list[dict[str, Any]]


class Running(Protocol):
    """Tells what runs."""

    def read(self, conversation: Conversation) -> Shown:
        """The runs of a conversation that have not ended; synchronous, at most a few queries."""
        ...

    def freshen(self, shown: Shown) -> Shown:
        """The same at this moment of the event loop, as far as this process knows better than the database."""
        ...


class _Nothing:
    def read(self, conversation: Conversation) -> Shown:
        return []

    def freshen(self, shown: Shown) -> Shown:
        return shown


_running: Running = _Nothing()


def hang_in(running: Running) -> None:
    """Let ``running`` tell, from now on in this process."""
    global _running  # noqa: PLW0603 - one a process, hung in once
    _running = running


def read(conversation: Conversation) -> Shown:
    """See :class:`Running`."""
    return _running.read(conversation)


def freshen(shown: Shown) -> Shown:
    """See :class:`Running`."""
    return _running.freshen(shown) if shown else shown
