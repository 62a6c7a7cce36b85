"""The Redis of presence and limits, asked from threads that somebody waits for: it answers soon or is left alone."""

import time
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from participants.conf import conf

# After a failure calls are refused at once for so long: a Redis that swallows packets costs one wait in it, not each
# caller one.
REST_SECONDS = 1.0


class BriskRedis(redis.Redis):
    """A client that does not wait for a Redis which did not answer a moment ago. Raises RedisError, OSError."""

    _resting_until = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """As redis-py's; raises ConnectionError without trying while Redis rests."""
        if time.monotonic() < self._resting_until:
            raise redis.ConnectionError("Redis did not answer a moment ago")
        try:
            return super().execute_command(*args, **options)
        except (redis.ConnectionError, redis.TimeoutError, OSError):
            self._resting_until = time.monotonic() + REST_SECONDS
            raise


def connect() -> redis.Redis:
    """A client of the first Redis in ``REDIS_URL``: scripts over several keys do not shard."""
    client: redis.Redis = BriskRedis.from_url(
        settings.REDIS_URLS[0],
        socket_timeout=conf.presence_timeout_seconds,
        socket_connect_timeout=conf.presence_timeout_seconds,
        # A connection that Redis closed meanwhile is replaced, once; what timed out is not waited for again.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
    return client
