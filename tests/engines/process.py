"""A child process that tests can start, freeze, kill and start again. What it runs is decided by subclasses."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

POLL_SECONDS = 0.05
LOG_TAIL_BYTES = 6_000
PR_SET_PDEATHSIG = 1

# The kernel sends the parent-death signal when the *thread* that forked ends, so one thread that lives as long as this
# process forks them all.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ProcessFailed(Exception):
    """A child process did not become ready; the message holds the end of its log."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send this process the signal when its parent ends; without effect outside Linux."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal_number)


def descendants(pid: int) -> list[int]:
    """Return the ids of all children of a process, and theirs, parents first; empty outside Linux."""
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, listing.read_text().split()):
                found += [child, *descendants(child)]
    return found


class ChildProcess(ABC):
    """One process of ours with a fixed loopback port and a log file, restartable at the same address.

    Subclasses give the command, its environment and a probe that tells readiness. `directory` receives the log.
    """

    name = "process"
    stop_signal = signal.SIGTERM
    orphan_signal = signal.SIGKILL
    start_seconds = 30.0
    stop_seconds = 15.0
    run_as: int | None = None

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.log_path = directory / f"{self.name}-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether the process serves; called until true, must not block for more than two seconds."""

    def environment(self) -> Mapping[str, str]:
        """Return the whole environment of the process."""
        return os.environ

    @property
    def pid(self) -> int:
        """The process id; raises ProcessFailed when it was never started."""
        if self._process is None:
            raise ProcessFailed(f"{self.name} was not started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process exists, frozen or not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until ready; raises ProcessFailed with the end of the log after `start_seconds`."""
        if self.is_running:
            raise ProcessFailed(f"{self.name} is already running")
        self._process = _spawner.submit(self._spawn).result()
        deadline = time.monotonic() + self.start_seconds
        while not self.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise ProcessFailed(f"{self.name} did not start on port {self.port}:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> int | None:
        """End it in its orderly way, frozen or not; returns the exit status, or None if it had to be killed."""
        if self._process is None:
            return None
        if self.is_running:
            self._signal(self.stop_signal)
            self.thaw()
        try:
            return self._process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self) -> None:
        """End it and its children at once, as a power cut would; returns when the process is gone."""
        if self._process is None:
            return
        for pid in self._family():
            self._signal(signal.SIGKILL, pid)
        self._process.wait()

    def freeze(self) -> None:
        """Stop it and its children without closing anything (SIGSTOP): connections hang instead of failing."""
        for pid in self._family():
            self._signal(signal.SIGSTOP, pid)

    def thaw(self) -> None:
        """Let a frozen process and its children go on."""
        for pid in self._family():
            self._signal(signal.SIGCONT, pid)

    def restart(self) -> None:
        """Stop it if it runs, and start it at the same address."""
        self.stop()
        self.start()

    def log_text(self) -> str:
        """Return everything it has written to its output since it was made, restarts included."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self) -> str:
        """Return the end of its output."""
        return self.log_text()[-LOG_TAIL_BYTES:]

    def _family(self) -> list[int]:
        return [self.pid, *descendants(self.pid)] if self.is_running else []

    def _signal(self, signal_number: int, pid: int | None = None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid or self.pid, signal_number)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                self.command(),
                env=dict(self.environment()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=self.run_as,
                group=self.run_as,
                extra_groups=None if self.run_as is None else [],
                # A Ctrl-C in the terminal is for the tests; they end their own processes.
                start_new_session=True,
                preexec_fn=self._bind_to_parent(),  # noqa: PLW1509 - prctl alone, safe beside threads
            )

    def _bind_to_parent(self) -> Callable[[], None]:
        orphan_signal = self.orphan_signal
        return lambda: die_with_parent(orphan_signal)


Child = TypeVar("Child", bound=ChildProcess)


@contextlib.contextmanager
def running(make: Callable[[], Child], attempts: int = 3) -> Iterator[Child]:
    """Start what `make` returns and end it on leaving; made anew when its port was taken in between."""
    for attempt in range(1, attempts + 1):
        process = make()
        try:
            process.start()
            break
        except ProcessFailed:
            if attempt == attempts:
                raise
    try:
        yield process
    finally:
        process.stop()
