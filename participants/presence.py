"""Who is connected: leases, never counters.

A server process holds one lease and renews it; a connection is alive as long as it is listed and the lease of its
process lives. So renewing costs one call a process whatever the number of its sockets, and everything of a killed
process is gone as its lease runs out, without anybody's ``disconnect``. The connections are listed in a hash a
participant, so that opening one can count the participant's others in the same atomic step.

Two engines with one contract: memory (one process) and Redis. Times are the store's own (no process clock counts).
"""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Protocol
from uuid import UUID

import redis
from django.conf import settings

from participants import redis_client
from participants.conf import conf
from participants.errors import LimitExceeded

ANY = "*"  # the conversation of a socket that is open for all of them


@dataclass(frozen=True, slots=True)
class Connection:
    """One open socket: its process, its id, whose it is, and the conversation in its address (or ``ANY``)."""

    process: str
    id: str
    participant: UUID
    conversation: str = ANY


class TooManySockets(LimitExceeded):
    """The newest socket is refused, never an older one closed."""

    default_code = "too_many_sockets"
    title = "Too many sockets"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"You have {limit} sockets open already. Close one, then connect again.", retry_after=5, limit=limit
        )


class Status(StrEnum):
    """What others see of a participant. Away is who is connected and has sent no command for a while."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class Presence(Protocol):
    """The port. Redis' may raise RedisError and OSError from each of these."""

    def open(self, connection: Connection) -> bool:
        """List a connection; whether it is its participant's first. Counts as a command. Raises TooManySockets."""

    def close(self, *connections: Connection) -> set[UUID]:
        """Take connections off; the participants whose last one was among them."""

    def touch(self, participants: Iterable[UUID]) -> None:
        """These participants have just sent a command."""

    def renew(self, process: str) -> bool:
        """Renew a process's lease; False if it had none, and so its connections must be listed again."""

    def restore(self, connections: Iterable[Connection]) -> None:
        """List connections again after the store lost them; no limit is applied."""

    def statuses(self, participants: Iterable[UUID]) -> dict[UUID, Status]:
        """The status of each."""

    def counts(self, participants: Iterable[UUID]) -> dict[UUID, int]:
        """How many living connections each of ``participants`` has; who has none may be left out."""


class MemoryPresence:
    """For a single process: its connections are alive while it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[UUID, dict[str, str]] = {}
        self._active: dict[UUID, float] = {}

    def open(self, connection: Connection) -> bool:
        """See :class:`Presence`."""
        with self._lock:
            held = self._connections.setdefault(connection.participant, {})
            refuse_over_limits(list(held.values()), connection)
            held[connection.id] = connection.conversation
            self._active[connection.participant] = time.monotonic()
            return len(held) == 1

    def close(self, *connections: Connection) -> set[UUID]:
        """See :class:`Presence`."""
        with self._lock:
            return {connection.participant for connection in connections if self._was_last(connection)}

    def _was_last(self, connection: Connection) -> bool:
        held = self._connections.get(connection.participant, {})
        removed = held.pop(connection.id, None)
        if not held:
            self._connections.pop(connection.participant, None)
            self._active.pop(connection.participant, None)
        return removed is not None and not held

    def touch(self, participants: Iterable[UUID]) -> None:
        """See :class:`Presence`."""
        now = time.monotonic()
        with self._lock:
            self._active.update({each: now for each in participants if each in self._connections})

    def renew(self, process: str) -> bool:
        """See :class:`Presence`."""
        return True

    def restore(self, connections: Iterable[Connection]) -> None:
        """See :class:`Presence`: nothing is ever lost here."""

    def statuses(self, participants: Iterable[UUID]) -> dict[UUID, Status]:
        """See :class:`Presence`."""
        with self._lock:
            return {participant: self._status(participant) for participant in participants}

    def _status(self, participant: UUID) -> Status:
        if participant not in self._connections:
            return Status.OFFLINE
        idle = time.monotonic() - self._active[participant]
        return Status.ONLINE if idle < conf.away_seconds else Status.AWAY

    def counts(self, participants: Iterable[UUID]) -> dict[UUID, int]:
        """See :class:`Presence`."""
        with self._lock:
            return {participant: len(self._connections.get(participant, {})) for participant in participants}


def refuse_over_limits(conversations: list[str], connection: Connection) -> None:
    """Raise TooManySockets if one more beside those (the conversation of each) is one too many."""
    if len(conversations) >= conf.sockets_per_participant:
        raise TooManySockets(conf.sockets_per_participant)
    if connection.conversation != ANY and conversations.count(connection.conversation) >= conf.sockets_per_conversation:
        raise TooManySockets(conf.sockets_per_conversation)


@cache
def get_presence() -> Presence:
    """The engine that the settings choose."""
    from participants.redis_presence import RedisPresence

    if settings.REDIS_URLS:
        return RedisPresence(redis_client.connect(), settings.REDIS_PREFIX)
    return MemoryPresence()


def connections_or_unknown(participants: Iterable[UUID]) -> list[int] | None:
    """How many connections each has; None while the store does not answer."""
    try:
        return list(get_presence().counts(participants).values())
    except (redis.RedisError, OSError):
        return None


def online_or_unknown(participants: Iterable[UUID]) -> Mapping[UUID, bool | None]:
    """Whether each is connected, away or not; None while the store does not answer."""
    asked = list(participants)
    try:
        found = get_presence().statuses(asked)
    except (redis.RedisError, OSError):
        return dict.fromkeys(asked)
    return {participant: status is not Status.OFFLINE for participant, status in found.items()}
