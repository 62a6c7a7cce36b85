"""Django's SQLite backend, with the one thing it lacks here: write-ahead logging from the first migration on."""

from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's. WAL is a property of the file, so it is set when a connection finds another mode."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection; turn WAL on if the file is not in it yet (readers then never block the writer)."""
        connection = super().get_new_connection(conn_params)
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode not in {"wal", "memory"}:
            connection.execute("PRAGMA journal_mode=WAL")
        return connection
