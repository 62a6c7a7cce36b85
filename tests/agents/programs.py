"""Servers of models and tools in processes of their own."""

import socket
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx

from tests.engines.process import ChildProcess

HERE = Path(__file__).parent


class Program(ChildProcess):
    """A Python program of this folder that listens on the port in its first argument."""

    start_seconds = 120.0  # libraries of models and tools take long to load where the machine is busy

    def __init__(self, directory: Path, program: str, *arguments: str) -> None:
        self.name = program.removesuffix(".py")
        super().__init__(directory)
        self.program = program
        self.arguments = arguments

    def command(self) -> list[str]:
        return [sys.executable, str(HERE / self.program), str(self.port), *self.arguments]

    def is_ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self.stop()

    def wait_for_answer(self, path: str) -> None:
        """Wait until a request for ``path`` succeeds: a program may listen before it is ready."""
        deadline = time.monotonic() + 60
        while httpx.get(f"{self.url}{path}", timeout=30).status_code != 200:
            assert time.monotonic() < deadline, self.log_tail()
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def state(self) -> dict[str, Any]:
        """What the scripted server has seen."""
        return dict(httpx.get(f"{self.url}/state", timeout=10).json())
