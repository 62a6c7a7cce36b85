"""Hashing passwords: what is slow and large on purpose, kept away from what others wait for.

One Argon2 hash takes 100 MiB and every core for a while. So only a few are made at once, and whoever waits for one or
makes one holds no database connection: hundreds of sign-ins at once would use up the pool, and everybody else's
requests with it.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from participants.errors import Unavailable

WAIT_SECONDS = 30.0
_places = threading.BoundedSemaphore(os.cpu_count() or 1)


@contextmanager
def hashing() -> Iterator[None]:
    """Where passwords are checked and set: as many at once as there are cores, without a connection of one's own.

    Not in a transaction, which would keep its connection and its locks. Raises Unavailable after ``WAIT_SECONDS``.
    """
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        connection.close()
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise Unavailable("Too many people are signing in right now. Try again in a moment.", retry_after=5)
    try:
        yield
    finally:
        _places.release()
