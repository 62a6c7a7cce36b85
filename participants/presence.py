"""Who is connected: leases, never counters.

A server process holds one lease and renews it; a connection is alive as long as it is listed and the lease of its
process lives. So renewing costs one call a process whatever the number of its sockets, and everything of a killed
process is gone as its lease runs out, without anybody's ``disconnect``. The connections are listed in a hash a
participant, so that opening one can count the participant's others in the same atomic step.

Two engines with one contract: memory (one process) and Redis. Times are the store's own (no process clock counts).
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import redis
from django.conf import settings

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


class Presence(Protocol):
    """The port."""

    def open(self, connection: Connection) -> bool:
        """List a connection; whether it is its participant's first. Raises TooManySockets."""

    def close(self, connection: Connection) -> bool:
        """Take a connection off; whether it was its participant's last."""

    def renew(self, process: str) -> bool:
        """Renew a process's lease; False if it had none, and so its connections must be listed again."""

    def restore(self, connections: Iterable[Connection]) -> None:
        """List connections again after the store lost them; no limit is applied."""

    def online(self, participants: Iterable[UUID]) -> set[UUID]:
        """Those of ``participants`` who have a living connection."""


class MemoryPresence:
    """For a single process: its connections are alive while it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[UUID, dict[str, str]] = {}

    def open(self, connection: Connection) -> bool:
        """See :class:`Presence`."""
        with self._lock:
            held = self._connections.setdefault(connection.participant, {})
            refuse_over_limits(list(held.values()), connection)
            held[connection.id] = connection.conversation
            return len(held) == 1

    def close(self, connection: Connection) -> bool:
        """See :class:`Presence`."""
        with self._lock:
            held = self._connections.get(connection.participant, {})
            removed = held.pop(connection.id, None)
            if not held:
                self._connections.pop(connection.participant, None)
            return removed is not None and not held

    def renew(self, process: str) -> bool:
        """See :class:`Presence`."""
        return True

    def restore(self, connections: Iterable[Connection]) -> None:
        """See :class:`Presence`: nothing is ever lost here."""

    def online(self, participants: Iterable[UUID]) -> set[UUID]:
        """See :class:`Presence`."""
        with self._lock:
            return {participant for participant in participants if participant in self._connections}


def refuse_over_limits(conversations: list[str], connection: Connection) -> None:
    """Raise TooManySockets if one more beside those (the conversation of each) is one too many."""
    if len(conversations) >= conf.sockets_per_participant:
        raise TooManySockets(conf.sockets_per_participant)
    if connection.conversation != ANY and conversations.count(connection.conversation) >= conf.sockets_per_conversation:
        raise TooManySockets(conf.sockets_per_conversation)


# KEYS: the processes (sorted set: process -> end of its lease in ms), then the connections of a participant (hash:
# id -> process|conversation).
_ALIVE = """
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function alive(key, clock)
  local listed = redis.call('HGETALL', key)
  local living = {}
  for i = 1, #listed, 2 do
    local process, conversation = string.match(listed[i + 1], '^([^|]*)|(.*)$')
    local lease = redis.call('ZSCORE', KEYS[1], process)
    if lease and tonumber(lease) > clock then
      living[#living + 1] = conversation
    else
      redis.call('HDEL', key, listed[i])
    end
  end
  return living
end
"""
_OPEN = (
    _ALIVE
    + """
local clock = now()
redis.call('ZADD', KEYS[1], 'GT', clock + ARGV[6], ARGV[2])
local living = alive(KEYS[2], clock)
local same = 0
for _, conversation in ipairs(living) do
  if conversation == ARGV[3] then same = same + 1 end
end
if #living >= tonumber(ARGV[4]) then return -1 end
if ARGV[3] ~= '*' and same >= tonumber(ARGV[5]) then return -2 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. '|' .. ARGV[3])
redis.call('EXPIRE', KEYS[2], 86400)
return #living
"""
)
_CLOSE = (
    _ALIVE
    + """
local removed = redis.call('HDEL', KEYS[2], ARGV[1])
if removed == 0 then return -1 end
return #alive(KEYS[2], now())
"""
)
_RENEW = (
    _ALIVE
    + """
local clock = now()
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', clock - 3600000)
redis.call('ZADD', KEYS[1], clock + ARGV[2], ARGV[1])
if lease and tonumber(lease) > clock then return 1 end
return 0
"""
)
_ONLINE = (
    _ALIVE
    + """
local clock = now()
local result = {}
for i = 2, #KEYS do
  result[i - 1] = #alive(KEYS[i], clock)
end
return result
"""
)


class RedisPresence:
    """For any number of processes: leases and connections in Redis, each step one atomic script."""

    def __init__(self, url: str, prefix: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=conf.presence_timeout_seconds,
            socket_connect_timeout=conf.presence_timeout_seconds,
        )
        self._prefix = prefix
        self._open, self._close, self._renew, self._online = (
            self._redis.register_script(text) for text in (_OPEN, _CLOSE, _RENEW, _ONLINE)
        )

    def _processes(self) -> str:
        return f"{self._prefix}:processes"

    def _key(self, participant: UUID) -> str:
        return f"{self._prefix}:connections:{participant}"

    def _lease_ms(self) -> int:
        return int(conf.lease_seconds * 1000)

    def _list(self, connection: Connection, per_participant: int, per_conversation: int) -> int:
        arguments: list[Any] = [
            connection.id,
            connection.process,
            connection.conversation,
            per_participant,
            per_conversation,
            self._lease_ms(),
        ]
        keys = [self._processes(), self._key(connection.participant)]
        return int(self._open(keys=keys, args=arguments))

    def open(self, connection: Connection) -> bool:
        """See :class:`Presence`."""
        others = self._list(connection, conf.sockets_per_participant, conf.sockets_per_conversation)
        if others < 0:
            raise TooManySockets(conf.sockets_per_participant if others == -1 else conf.sockets_per_conversation)
        return others == 0

    def close(self, connection: Connection) -> bool:
        """See :class:`Presence`."""
        keys = [self._processes(), self._key(connection.participant)]
        return int(self._close(keys=keys, args=[connection.id])) == 0

    def renew(self, process: str) -> bool:
        """See :class:`Presence`."""
        return bool(self._renew(keys=[self._processes()], args=[process, self._lease_ms()]))

    def restore(self, connections: Iterable[Connection]) -> None:
        """See :class:`Presence`."""
        for connection in connections:
            self._list(connection, 1_000_000, 1_000_000)

    def online(self, participants: Iterable[UUID]) -> set[UUID]:
        """See :class:`Presence`."""
        asked = list(participants)
        if not asked:
            return set()
        living = self._online(keys=[self._processes(), *map(self._key, asked)])
        return {participant for participant, count in zip(asked, living, strict=True) if count}


@cache
def get_presence() -> Presence:
    """The engine that the settings choose."""
    if settings.REDIS_URLS:
        return RedisPresence(settings.REDIS_URLS[0], settings.REDIS_PREFIX)
    return MemoryPresence()


def online_or_unknown(participants: Iterable[UUID]) -> Mapping[UUID, bool | None]:
    """Whether each is online; None while the store does not answer."""
    asked = list(participants)
    try:
        living = get_presence().online(asked)
    except (redis.RedisError, OSError):
        return dict.fromkeys(asked)
    return {participant: participant in living for participant in asked}
