"""The real product in processes of its own, for tests that need sockets, signals or several servers."""

import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.databases import server_databases
from tests.engines.process import ChildProcess
from tests.environment import is_product_variable

ROOT = Path(__file__).resolve().parent.parent
COMMAND_SECONDS = 120
DEFECTS_IN_LOG = re.compile(
    r"Traceback|never awaited|never retrieved|took too long to shut down|(?i:clos|code|internal).{0,40}\b1011\b"
)


class CommandFailed(Exception):
    """A management command ended with an error; the message holds its output."""


def base_environment() -> dict[str, str]:
    """Return this process's environment without anything that configures the product."""
    inherited = {name: value for name, value in os.environ.items() if not is_product_variable(name)}
    return {name: value for name, value in inherited.items() if name not in {"DATABASE_URL", "REDIS_URL"}} | {
        "DJANGO_SETTINGS_MODULE": "chatsite.settings",
        "PYTHONUNBUFFERED": "1",
    }


def run_manage(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a management command of the product; returns its output, raises CommandFailed."""
    finished = subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        env=dict(environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if finished.returncode:
        raise CommandFailed(f"manage.py {' '.join(arguments)}:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


class Installation:
    """What the processes of one product share: database, Redis names, key and settings.

    `directory` takes its files and logs. `environment` overrides the variables that are set here; DATABASE_URL must
    name a database that is the installation's own.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.directory = directory
        self.environment = base_environment() | {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "REDIS_PREFIX": f"test-{secrets.token_hex(6)}",
            "VAR_DIR": str(directory),
            "CHAT_RATE_LIMITS": "off",
            "CHAT_DEMO": "off",
            **environment,
        }

    def manage(self, *arguments: str) -> str:
        """Run a management command on this installation; returns its output, raises CommandFailed."""
        return run_manage(self.environment, *arguments)

    def provision(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Make participants and conversations with `manage.py provision`; returns what it prints: ids and tokens."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=self.directory) as file:
            json.dump(data, file)
            file.flush()
            printed: dict[str, Any] = json.loads(self.manage("provision", file.name))
            return printed


class Installations:
    """Makes installations on the engines of a session, each with its own migrated database and Redis names."""

    def __init__(self, directory: Path, engines: Mapping[str, str]) -> None:
        self._directory = directory
        self._engines = {name: engines[name] for name in ("DATABASE_URL", "REDIS_URL") if engines.get(name)}
        self._databases = server_databases(self._engines.get("DATABASE_URL"), self._migrate, directory)

    def create(self, **environment: str) -> Installation:
        """Return a new, empty installation; the variables override its environment."""
        directory = Path(tempfile.mkdtemp(prefix="installation-", dir=self._directory))
        settings = {**self._engines, **environment}
        if "DATABASE_URL" not in environment:
            settings["DATABASE_URL"] = self._databases.create()
        return Installation(directory, settings)

    def close(self) -> None:
        """Remove the databases."""
        self._databases.close()

    def _migrate(self, database_url: str) -> None:
        installation = Installation(self._directory, {**self._engines, "DATABASE_URL": database_url})
        installation.manage("migrate", "--verbosity=0")


class ServerProcess(ChildProcess):
    """One server process (`manage.py serve`) of an installation, on a free loopback port.

    Use it as a context manager, or call `start()` and `stop()`. `environment` adds variables for this process only,
    ASGI_SERVER=daphne for example. Restarts keep port and data.
    """

    name = "server"

    def __init__(self, installation: Installation, **environment: str) -> None:
        super().__init__(installation.directory)
        self.installation = installation
        self._own_environment = environment
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}"

    def __enter__(self) -> "ServerProcess":
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def command(self) -> list[str]:
        """Return the product's own serve command."""
        return [sys.executable, str(ROOT / "manage.py"), "serve"]

    def environment(self) -> dict[str, str]:
        """Return the installation's variables with this process's own."""
        place = {"BIND": "127.0.0.1", "PORT": str(self.port)}
        return self.installation.environment | place | self._own_environment

    def is_ready(self) -> bool:
        """Tell whether GET /health/ready answers 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def sibling(self, **environment: str) -> "ServerProcess":
        """Return another process, not started, of the same installation: same database and Redis, another port."""
        return ServerProcess(self.installation, **self._own_environment | environment)

    def provision(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Make participants and conversations; see `Installation.provision`."""
        return self.installation.provision(data)

    def assert_clean_log(self) -> None:
        """Fail, showing the line, when the log tells a traceback, a lost coroutine or a socket closed with 1011."""
        defects = [line for line in self.log_text().splitlines() if DEFECTS_IN_LOG.search(line)]
        assert not defects, f"{len(defects)} defects in {self.log_path}, the first:\n{defects[0][:2000]}"
