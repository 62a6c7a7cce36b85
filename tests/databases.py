"""Databases for test servers: migrated once, then copied, since a migration costs seconds and a copy does not."""

import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

Migrate = Callable[[str], None]


class ServerDatabases(ABC):
    """Fresh databases for one test session on one engine.

    `migrate` brings the database of a URL to the current schema; it is called once, on the template.
    """

    def __init__(self, migrate: Migrate) -> None:
        self._migrate = migrate
        self._template: str | None = None

    def create(self) -> str:
        """Return the URL of a new, migrated, empty database."""
        if self._template is None:
            template = self._create()
            self._migrate(self.url(template))
            self._template = template
        return self.url(self._create(self._template))

    @abstractmethod
    def url(self, name: str) -> str:
        """Return DATABASE_URL for a database of ours."""

    @abstractmethod
    def close(self) -> None:
        """Remove every database made here."""

    @abstractmethod
    def _create(self, template: str | None = None) -> str:
        """Make a database, a copy of the template if there is one; returns its name."""


class SqliteDatabases(ServerDatabases):
    """Databases that are files in one directory."""

    def __init__(self, migrate: Migrate, directory: Path) -> None:
        super().__init__(migrate)
        self._directory = directory

    def url(self, name: str) -> str:
        """Return the URL of a file."""
        return f"sqlite:///{self._directory / name}"

    def close(self) -> None:
        """Leave the files to pytest, which keeps the last few sessions for inspection."""

    def _create(self, template: str | None = None) -> str:
        name = f"{secrets.token_hex(4)}.sqlite3"
        if template is not None:
            # Its last connection has closed and took the write-ahead log in.
            shutil.copyfile(self._directory / template, self._directory / name)
        return name


class PostgresDatabases(ServerDatabases):
    """Databases beside the one of a given URL, whose user may create databases."""

    def __init__(self, migrate: Migrate, base_url: str) -> None:
        super().__init__(migrate)
        self._base_url = base_url
        self._names: list[str] = []

    def url(self, name: str) -> str:
        """Return the given URL with another database."""
        return urlunsplit(urlsplit(self._base_url)._replace(path=f"/{name}"))

    def close(self) -> None:
        """Drop them all, with whoever is still connected."""
        for name in self._names:
            self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._names.clear()

    def _create(self, template: str | None = None) -> str:
        name = f"chat_server_{secrets.token_hex(6)}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template or "template1")
        self._names.append(name)
        return name

    def _execute(self, statement: str, *names: str) -> None:
        address = urlunsplit(urlsplit(self.url("postgres"))._replace(scheme="postgresql"))
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def server_databases(base_url: str | None, migrate: Migrate, directory: Path) -> ServerDatabases:
    """Return databases on the engine of DATABASE_URL: PostgreSQL, or SQLite files in the directory without one."""
    if base_url is None or base_url.startswith("sqlite"):
        return SqliteDatabases(migrate, directory)
    return PostgresDatabases(migrate, base_url)
