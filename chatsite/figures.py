"""What goes on right now, for the admin's first page: three numbers and a plot, two queries."""

import os
from typing import NamedTuple

from django.utils import timezone
from prometheus_client import CollectorRegistry, multiprocess

from conversations import selectors
from conversations.models import Conversation
from realtime.hub import hub

HEIGHT = 60  # of the plot, in its own units; a minute is 10 of them wide


class Bar(NamedTuple):
    """One minute of the plot."""

    x: int
    y: int
    height: int
    number: int


class Figures(NamedTuple):
    """The numbers."""

    connections: int
    conversations: int
    last_minute: int
    last_hour: int
    bars: list[Bar]


def current() -> Figures:
    """The numbers as they are; the plot ends with the minute in hand."""
    counts = selectors.messages_by_minute(timezone.now(), minutes=60)
    return Figures(
        connections=connections(),
        conversations=Conversation.objects.filter(archived_at=None).count(),
        last_minute=counts[-2],
        last_hour=sum(counts),
        bars=bars(counts),
    )


def connections() -> int:
    """Open sockets of all server processes on this machine, or of this one where it is alone."""
    return _total("chat_sockets", len(hub.sockets))


def followed() -> int:
    """Conversations with a reader; one with readers on several processes counts in each."""
    return _total("chat_followed_conversations", len(hub.rooms))


def _total(name: str, own: int) -> int:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return own
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return int(registry.get_sample_value(name) or 0)


def bars(counts: list[int]) -> list[Bar]:
    """The plot: the busiest minute is as high as it goes, and a single message can be seen."""
    most = max(counts) or 1
    heights = [max(1, round(HEIGHT * count / most)) if count else 0 for count in counts]
    return [
        Bar(10 * number, HEIGHT - height, height, count)
        for number, (height, count) in enumerate(zip(heights, counts, strict=True))
    ]
