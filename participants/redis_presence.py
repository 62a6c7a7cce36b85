"""Presence in Redis, for any number of processes: leases and connections, each step one atomic script.

Times are those of Redis: no process's clock counts.
"""

import math
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import redis

from participants.conf import conf
from participants.presence import Connection, Status, TooManySockets

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
if ARGV[7] ~= '0' then redis.call('SET', KEYS[3], 1, 'EX', ARGV[7]) end
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
# KEYS: the processes, then two a participant: connections, and the key that lives while they are active.
_STATUSES = (
    _ALIVE
    + """
local clock = now()
local result = {}
for i = 2, #KEYS, 2 do
  local status = 'offline'
  if #alive(KEYS[i], clock) > 0 then
    status = redis.call('EXISTS', KEYS[i + 1]) == 1 and 'online' or 'away'
  end
  result[i / 2] = status
end
return result
"""
)
# KEYS: the processes, then the connections of each participant.
_COUNTS = (
    _ALIVE
    + """
local clock = now()
local result = {}
for i = 2, #KEYS do result[i - 1] = #alive(KEYS[i], clock) end
return result
"""
)


class RedisPresence:
    """See :class:`participants.presence.Presence`."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._redis = client
        self._prefix = prefix
        self._open, self._close, self._renew, self._statuses, self._counts = (
            client.register_script(text) for text in (_OPEN, _CLOSE, _RENEW, _STATUSES, _COUNTS)
        )

    def _processes(self) -> str:
        return f"{self._prefix}:processes"

    def _key(self, participant: UUID) -> str:
        return f"{self._prefix}:connections:{participant}"

    def _active_key(self, participant: UUID) -> str:
        return f"{self._prefix}:active:{participant}"

    def _lease_ms(self) -> int:
        return int(conf.lease_seconds * 1000)

    def _list(self, connection: Connection, per_participant: int, per_conversation: int, *, is_active: bool) -> int:
        arguments: list[Any] = [
            connection.id,
            connection.process,
            connection.conversation,
            per_participant,
            per_conversation,
            self._lease_ms(),
            math.ceil(conf.away_seconds) if is_active else 0,
        ]
        keys = [
            self._processes(),
            self._key(connection.participant),
            self._active_key(connection.participant),
        ]
        return int(self._open(keys=keys, args=arguments))

    def open(self, connection: Connection) -> bool:
        """See :class:`Presence`."""
        others = self._list(connection, conf.sockets_per_participant, conf.sockets_per_conversation, is_active=True)
        if others < 0:
            raise TooManySockets(conf.sockets_per_participant if others == -1 else conf.sockets_per_conversation)
        return others == 0

    def close(self, *connections: Connection) -> set[UUID]:
        """See :class:`Presence`."""
        return {connection.participant for connection in connections if self._was_last(connection)}

    def _was_last(self, connection: Connection) -> bool:
        keys = [self._processes(), self._key(connection.participant)]
        return int(self._close(keys=keys, args=[connection.id])) == 0

    def touch(self, participants: Iterable[UUID]) -> None:
        """See :class:`Presence`."""
        for participant in participants:
            self._redis.set(self._active_key(participant), 1, ex=math.ceil(conf.away_seconds))

    def renew(self, process: str) -> bool:
        """See :class:`Presence`."""
        return bool(self._renew(keys=[self._processes()], args=[process, self._lease_ms()]))

    def restore(self, connections: Iterable[Connection]) -> None:
        """See :class:`Presence`."""
        for connection in connections:
            self._list(connection, 1_000_000, 1_000_000, is_active=False)

    def statuses(self, participants: Iterable[UUID]) -> dict[UUID, Status]:
        """See :class:`Presence`."""
        asked = list(participants)
        if not asked:
            return {}
        keys = [key for each in asked for key in (self._key(each), self._active_key(each))]
        found = self._statuses(keys=[self._processes(), *keys])
        return {participant: Status(status.decode()) for participant, status in zip(asked, found, strict=True)}

    def counts(self, participants: Iterable[UUID]) -> dict[UUID, int]:
        """See :class:`Presence`."""
        asked = list(participants)
        found = self._counts(keys=[self._processes(), *map(self._key, asked)]) if asked else []
        return dict(zip(asked, map(int, found), strict=True))
