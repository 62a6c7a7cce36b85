"""Named limits over time: one atomic token bucket for REST, sockets and forms, shared by all processes.

A bucket holds ``burst`` tokens and gains ``count / seconds`` a second; each thing done takes one. It is the generic
cell rate algorithm (ITU-T I.371): one number a key, the time at which the bucket is full again. Times are the store's.

Two engines with one contract: memory (one process) and Redis (one script a call). While Redis does not answer, a limit
that guards an account (``strict``) is counted in the database, and any other one in this process at half its size: late
and rough, but never off.
"""

import math
import threading
import time
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import F

from participants import redis_client
from participants.conf import conf
from participants.errors import LimitExceeded

REMEMBERED_KEYS = 100_000


@dataclass(frozen=True, slots=True)
class Rate:
    """``count`` in ``seconds``, of which ``burst`` may come at once."""

    count: int
    seconds: float
    burst: int

    @classmethod
    def parse(cls, name: str, text: str) -> "Rate":
        """From ``"60/60 10"`` (count/seconds burst); without a burst all of them may come at once."""
        try:
            rate, _, burst = text.strip().partition(" ")
            count, _, seconds = rate.partition("/")
            parsed = cls(int(count), float(seconds), int(burst or count))
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}={text!r} is not count/seconds burst, as 60/60 10 is.") from error
        if min(parsed.count, parsed.seconds, parsed.burst) <= 0:
            raise ImproperlyConfigured(f"{name}={text!r}: all parts must be above zero.")
        return parsed

    @property
    def interval(self) -> float:
        """Seconds for one token."""
        return self.seconds / self.count

    def halved(self) -> "Rate":
        """The rougher limit of one process that cannot ask the others."""
        return Rate(self.count, self.seconds * 2, max(1, self.burst // 2))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left: ``reset`` and ``retry_after`` are seconds from now; ``retry_after`` is 0 if it was allowed."""

    limit: int
    remaining: int
    reset: float
    retry_after: float = 0.0


def decide(rate: Rate, full_at: float, now: float) -> tuple[float, Allowance]:
    """Take one token from a bucket that would be full at ``full_at``; when it is full then, and what is left.

    Pure. A refusal takes nothing, so waiting helps whoever keeps asking.
    """
    start = max(full_at, now)
    after = start + rate.interval
    room = rate.burst * rate.interval - (after - now)
    if room < -1e-9:
        return start, Allowance(rate.burst, 0, start - now, retry_after=-room)
    return after, Allowance(rate.burst, math.floor(room / rate.interval + 1e-9), after - now)


class Store(Protocol):
    """The port."""

    def take(self, keys: Sequence[str], rate: Rate) -> list[Allowance]:
        """Take one token of each key, each atomically."""

    def give_back(self, key: str, rate: Rate) -> None:
        """Put one token back."""


class MemoryStore:
    """For a single process. Bounded: at ``REMEMBERED_KEYS`` keys, those that are full again go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._full_at: dict[str, float] = {}

    def take(self, keys: Sequence[str], rate: Rate) -> list[Allowance]:
        """See :class:`Store`."""
        now = time.monotonic()
        allowances = []
        with self._lock:
            if len(self._full_at) >= REMEMBERED_KEYS:
                self._full_at = {name: at for name, at in self._full_at.items() if at > now}
            for key in keys:
                self._full_at[key], allowance = decide(rate, self._full_at.get(key, now), now)
                allowances.append(allowance)
        return allowances

    def give_back(self, key: str, rate: Rate) -> None:
        """See :class:`Store`."""
        with self._lock:
            self._full_at[key] = self._full_at.get(key, 0) - rate.interval


_TAKE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local answers = {}
for i, key in ipairs(KEYS) do
    local start = math.max(tonumber(redis.call('GET', key) or now), now)
    local after = start + interval
    local room = burst * interval - (after - now)
    if room < -0.000001 then
        answers[i] = {0, tostring(start - now), tostring(-room)}
    else
        redis.call('SET', key, string.format('%.6f', after), 'PX', math.ceil((after - now) * 1000) + 1000)
        answers[i] = {math.floor(room / interval + 0.000001), tostring(after - now), '0'}
    end
end
return answers
"""


_GIVE_BACK = """
local full_at = redis.call('GET', KEYS[1])
if full_at then redis.call('SET', KEYS[1], string.format('%.6f', full_at - ARGV[1]), 'KEEPTTL') end
"""


class RedisStore:
    """For any number of processes."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._prefix = prefix
        self._take, self._give_back = client.register_script(_TAKE), client.register_script(_GIVE_BACK)

    def take(self, keys: Sequence[str], rate: Rate) -> list[Allowance]:
        """See :class:`Store`. Raises RedisError, OSError."""
        answers = self._take(keys=[self._key(key) for key in keys], args=[rate.interval, rate.burst])
        return [
            Allowance(rate.burst, int(remaining), float(reset), float(retry_after))
            for remaining, reset, retry_after in answers
        ]

    def give_back(self, key: str, rate: Rate) -> None:
        """See :class:`Store`. Raises RedisError, OSError."""
        self._give_back(keys=[self._key(key)], args=[rate.interval])

    def _key(self, key: str) -> str:
        return f"{self._prefix}:limit:{key}"


class DatabaseStore:
    """For what guards accounts while Redis is away: a row a key, locked. Slow and exact."""

    def take(self, keys: Sequence[str], rate: Rate) -> list[Allowance]:
        """See :class:`Store`."""
        return [self._take(key, rate) for key in keys]

    @staticmethod
    def _take(key: str, rate: Rate) -> Allowance:
        from participants.models import LimitBucket

        now = time.time()
        with transaction.atomic():
            LimitBucket.objects.get_or_create(key=key, defaults={"full_at": now})
            bucket = LimitBucket.objects.select_for_update().get(key=key)
            bucket.full_at, allowance = decide(rate, bucket.full_at, now)
            bucket.save(update_fields=["full_at"])
        return allowance

    def give_back(self, key: str, rate: Rate) -> None:
        """See :class:`Store`."""
        from participants.models import LimitBucket

        LimitBucket.objects.filter(key=key).update(full_at=F("full_at") - rate.interval)


@cache
def _store() -> Store:
    if settings.REDIS_URLS:
        return RedisStore(redis_client.connect(), settings.REDIS_PREFIX)
    return MemoryStore()


_local = MemoryStore()
_exact = DatabaseStore()

# The tightest allowance that the request in hand was given, for its X-RateLimit headers.
latest: ContextVar[Allowance | None] = ContextVar("latest_allowance", default=None)


def is_first_in(seconds: float, key: str) -> bool:
    """Whether nothing of this key was let through in so many seconds: for what is noted, not for what is refused."""
    rate = Rate(1, seconds, 1)
    try:
        (allowance,) = _store().take([f"sample:{key}"], rate)
    except (redis.RedisError, OSError):
        (allowance,) = _local.take([f"sample:{key}"], rate)
    return allowance.retry_after == 0


@dataclass(frozen=True, slots=True)
class Limit:
    """A named limit. ``setting`` is the attribute of ``conf`` that holds its rate.

    Reaching it leaves a row in the audit log, unless whoever asks writes a better one (``audited``).
    """

    name: str
    setting: str
    detail: str
    strict: bool = False
    audited: bool = True

    def rate(self) -> Rate:
        """The rate in force."""
        return Rate.parse(self.name, getattr(conf, self.setting))

    def consume(self, *parts: Any) -> None:
        """Take one for the key made of ``parts``. Raises LimitExceeded ``rate_limited`` with ``retry_after``."""
        (allowance,) = self.take([parts])
        note(allowance)
        if allowance is not None and allowance.retry_after > 0:
            raise self.refusal(allowance, *parts)

    def take(self, many: Sequence[Sequence[Any]]) -> list[Allowance | None]:
        """Take one for each of ``many`` keys, in one call of the store; None where nothing is counted."""
        if not conf.rate_limits:
            return [None] * len(many)
        rate, keys = self.rate(), [self._key(parts) for parts in many]
        try:
            return [*_store().take(keys, rate)]
        except (redis.RedisError, OSError):
            return [*(_exact.take(keys, rate) if self.strict else _local.take(keys, rate.halved()))]

    def refusal(self, allowance: Allowance, *parts: Any) -> LimitExceeded:
        """What says that ``allowance`` was none, once that is in the audit log."""
        self._audit(parts)
        wait = math.ceil(allowance.retry_after)
        detail = f"{self.detail} Try again in {wait} s."
        return LimitExceeded(detail, retry_after=wait, limit=allowance.limit, scope=self.name)

    def give_back(self, *parts: Any) -> None:
        """Take back a consumption that did not count after all."""
        if not conf.rate_limits:
            return
        rate, key = self.rate(), self._key(parts)
        try:
            _store().give_back(key, rate)
        except (redis.RedisError, OSError):
            _exact.give_back(key, rate)

    def _audit(self, parts: Sequence[Any]) -> None:
        from participants import audit

        if self.audited:
            audit.limit_exceeded(self.name, parts)

    def _key(self, parts: Iterable[Any]) -> str:
        return ":".join([self.name, *map(str, parts)])


def note(allowance: Allowance | None) -> None:
    """Remember the tightest allowance of the request in hand."""
    before = latest.get()
    if allowance is not None and (before is None or allowance.remaining <= before.remaining):
        latest.set(allowance)


MESSAGES = Limit("messages", "limit_messages", "You are sending faster than this conversation takes.")
CHANGES = Limit("changes", "limit_changes", "You are changing messages faster than they can be read.")
UPLOADS = Limit("uploads", "limit_uploads", "You are uploading too many files at once.")
SIGN_INS = Limit("sign_ins", "limit_sign_ins", "Too many sign-ins from your address.", strict=True)
FAILURES = Limit("failures", "limit_failures", "Too many failed sign-ins for this account.", strict=True, audited=False)
JOINS = Limit("joins", "limit_joins", "You are joining too many conversations at once.")
INVITATIONS = Limit("invitations", "limit_invitations", "You have made many invitations.", strict=True)
CONVERSATIONS = Limit("conversations", "limit_conversations", "You have started many conversations.")
CONNECTS = Limit("connects", "limit_connects", "You are opening sockets too fast.")
ADDRESSES = Limit("addresses", "limit_addresses", "Too many sockets are being opened from your address.")
REQUESTS = Limit("requests", "limit_requests", "You are asking too much at once.")
ANONYMOUS = Limit("anonymous", "limit_anonymous", "Too many requests from your address.")
