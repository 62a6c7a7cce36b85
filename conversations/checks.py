"""System checks of this app."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import connections

_DURABLE = {"fsync": {"on"}, "synchronous_commit": {"on", "remote_apply"}}


@checks.register(checks.Tags.database)
def durable(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """An acknowledgement means stored: a database that says "committed" before it is on disk makes that a lie."""
    found: list[checks.CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        with connection.cursor() as cursor:
            for name, wanted in _DURABLE.items():
                cursor.execute("SELECT current_setting(%s)", [name])
                if cursor.fetchone()[0] not in wanted:
                    found.append(
                        checks.Error(
                            f"PostgreSQL runs with {name} off: acknowledged messages could be lost.",
                            hint=f"Set {name} = on in postgresql.conf.",
                            id="conversations.E001",
                        )
                    )
    return found


@checks.register(deploy=True)
def engine(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """SQLite is for one machine."""
    if connections["default"].vendor != "sqlite":
        return []
    hint = "Set DATABASE_URL to a PostgreSQL database for more than a small team."
    return [checks.Warning("The database is SQLite.", hint=hint, id="conversations.W001")]
