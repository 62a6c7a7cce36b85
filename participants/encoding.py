"""How values become JSON for clients: the same bytes over REST and sockets. Pure."""

from typing import Any

import orjson

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


def encode(value: Any) -> bytes:
    """``value`` as UTF-8 JSON; datetimes as RFC 3339 in UTC with ``Z``, UUIDs as text."""
    return orjson.dumps(value, option=OPTIONS)
