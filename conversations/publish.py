"""Telling everybody that the log has news: the doorbell. Never needed for correctness, never fails a command.

``publish_on_commit`` is the one function for them. What it carries goes to the *bell*: in a server that is the
process's hub (realtime hangs it in here), which hands it to its own sockets and to the channel layer; in any other
process (a management command) it goes to the channel layer at once. A bell that fails is logged: the servers' check
of positions finds the news in the log.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from conversations.models import Event
from conversations.presentation import about, leaver_of
from participants.encoding import encode

logger = logging.getLogger(__name__)

EVENT = "fanout.event"
CONTROL = "fanout.control"
EVERY_PROCESS = "processes"


class Encoded(NamedTuple):
    """One entry, ready to send: its number, its frame as JSON, and who stops reading with it.

    ``about`` is the number of the older message that it is about, 0 for none.
    """

    sequence: int
    text: bytes
    leaver: UUID | None = None
    about: int = 0

    @property
    def size(self) -> int:
        """How many bytes its frame has."""
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of one conversation in order."""

    conversation: UUID
    entries: Sequence[Encoded]

    def message(self) -> dict[str, Any]:
        """As a channel-layer message."""
        rows = [[entry.sequence, entry.text, str(entry.leaver or ""), entry.about] for entry in self.entries]
        return {"type": EVENT, "conversation": str(self.conversation), "entries": rows}


@dataclass(frozen=True, slots=True)
class Transient:
    """A frame without a number; ``but_not`` is whoever need not hear of it."""

    conversation: UUID
    text: bytes
    but_not: UUID | None = None

    def message(self) -> dict[str, Any]:
        """As a channel-layer message."""
        return {
            "type": EVENT,
            "conversation": str(self.conversation),
            "transient": self.text,
            "but_not": str(self.but_not or ""),
        }


@dataclass(frozen=True, slots=True)
class Control:
    """For every process: look again at what this participant, or everybody in this conversation, may do; or whether
    the participant is still online (``presence``).
    """

    participant: UUID | None = None
    conversation: UUID | None = None
    presence: bool = False

    def message(self) -> dict[str, Any]:
        """As a channel-layer message."""
        return {
            "type": CONTROL,
            "participant": str(self.participant or ""),
            "conversation": str(self.conversation or ""),
            "presence": self.presence,
        }


News = Entries | Transient | Control


def group_of(news: News) -> str:
    """The channel-layer group that ``news`` goes to."""
    return EVERY_PROCESS if isinstance(news, Control) else conversation_group(news.conversation)


def conversation_group(conversation: UUID) -> str:
    """The group of the processes that follow a conversation."""
    return f"conversation.{conversation}"


def news_of(message: dict[str, Any]) -> News:
    """A channel-layer message read back."""
    if message["type"] == CONTROL:
        return Control(_id(message["participant"]), _id(message["conversation"]), message["presence"])
    conversation = UUID(message["conversation"])
    if "transient" in message:
        return Transient(conversation, message["transient"], _id(message["but_not"]))
    rows = message["entries"]
    return Entries(conversation, [Encoded(number, text, _id(leaver), about) for number, text, leaver, about in rows])


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None


class Bell(Protocol):
    """Whatever takes news; called from any thread."""

    def __call__(self, *news: News) -> None:
        """Pass it on; must not block on the network for long."""


def ring_layer(*news: News) -> None:
    """The bell of a process without a hub: straight to the channel layer."""
    layer = get_channel_layer()
    if layer is not None:
        for each in news:
            async_to_sync(layer.group_send)(group_of(each), each.message())


_bell: Bell = ring_layer


def hang_bell(bell: Bell) -> None:
    """Make ``bell`` the one that rings from now on in this process."""
    global _bell  # noqa: PLW0603 - one bell a process, hung once
    _bell = bell


def publish_now_unsafe(*news: News) -> None:
    """Ring at once. Unsafe inside a transaction: readers would be told of what may never be."""
    try:
        _bell(*news)
    except Exception:
        logger.warning("doorbell failed; readers find the news by position", exc_info=True)


def publish_on_commit(*news: News) -> None:
    """Ring after the commit of the transaction in hand (at once without one)."""
    transaction.on_commit(lambda: publish_now_unsafe(*news), robust=True)


def encoded(event: Event, frame: dict[str, Any]) -> Encoded:
    """An entry ready to send."""
    return Encoded(event.sequence, encode(frame), leaver_of(event), about(event))
