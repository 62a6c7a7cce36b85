"""PostgreSQL and Valkey together: what a production-like product needs."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.engines.postgresql import PostgreSQL, prepared_cluster
from tests.engines.process import running
from tests.engines.scratch import scratch_directory
from tests.engines.valkey import Valkey


@dataclass(frozen=True)
class Engines:
    """Running engines; more than one Valkey makes the channel layer shard."""

    postgresql: PostgreSQL
    valkeys: tuple[Valkey, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the product use these engines."""
        redis_url = ",".join(valkey.url for valkey in self.valkeys)
        return {"DATABASE_URL": self.postgresql.url, "REDIS_URL": redis_url}


@contextlib.contextmanager
def running_valkey() -> Iterator[Valkey]:
    """Run one Valkey, gone afterwards."""
    with scratch_directory(Path(tempfile.gettempdir())) as directory, running(lambda: Valkey(directory)) as valkey:
        yield valkey


@contextlib.contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """Run one PostgreSQL with an empty database `chat`, gone afterwards."""
    with prepared_cluster() as (directory, binaries, run_as):
        with running(lambda: PostgreSQL(directory, binaries, run_as)) as postgresql:
            postgresql.execute("CREATE DATABASE chat")
            yield postgresql


@contextlib.contextmanager
def running_engines(shards: int = 1) -> Iterator[Engines]:
    """Run PostgreSQL and as many Valkeys as `shards`, all gone afterwards."""
    with contextlib.ExitStack() as stack:
        postgresql = stack.enter_context(running_postgresql())
        valkeys = tuple(stack.enter_context(running_valkey()) for _ in range(shards))
        yield Engines(postgresql, valkeys)
