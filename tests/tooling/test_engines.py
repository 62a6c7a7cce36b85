"""The engines of the tests start, break on request and come back at the same address."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest
import redis

from tests.engines import Engines, PostgreSQL, Valkey
from tests.engines.pair import running_postgresql, running_valkey

pytestmark = pytest.mark.xdist_group("engines")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with running_postgresql() as engine:
        yield engine


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with running_valkey() as engine:
        yield engine


def shown(engine: PostgreSQL, setting: str) -> str:
    with psycopg.connect(engine.url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    assert row is not None
    return str(row[0])


def client(engine: Valkey, timeout: float = 5) -> "redis.Redis":
    return redis.Redis.from_url(engine.url, socket_timeout=timeout, retry=None)


@pytest.mark.parametrize(
    ("setting", "value"), [("fsync", "on"), ("synchronous_commit", "on"), ("max_connections", "200")]
)
def test_postgresql_is_as_durable_and_wide_as_production(postgresql: PostgreSQL, setting: str, value: str) -> None:
    assert shown(postgresql, setting) == value


def test_postgresql_knows_upper_case_beyond_ascii(postgresql: PostgreSQL) -> None:
    with psycopg.connect(postgresql.url) as connection:
        assert connection.execute("SELECT upper('äé'), lower('ÄÉ')").fetchone() == ("ÄÉ", "äé")


def test_postgresql_keeps_what_it_committed_before_it_was_killed(postgresql: PostgreSQL) -> None:
    with psycopg.connect(postgresql.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    postgresql.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgresql.url)
    postgresql.start()
    with psycopg.connect(postgresql.url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (1,)


def test_frozen_postgresql_hangs_and_goes_on(postgresql: PostgreSQL) -> None:
    postgresql.freeze()
    assert not postgresql.is_ready()
    postgresql.thaw()
    assert postgresql.is_ready()


def test_stopping_ends_a_frozen_postgresql(postgresql: PostgreSQL) -> None:
    postgresql.freeze()
    postgresql.stop()
    assert not postgresql.is_running
    postgresql.start()
    assert postgresql.is_ready()


def test_valkey_forgets_everything_when_killed(valkey: Valkey) -> None:
    with client(valkey) as connection:
        connection.set("key", "value")
    valkey.kill()
    with client(valkey) as connection, pytest.raises(redis.ConnectionError):
        connection.ping()
    valkey.start()
    with client(valkey) as connection:
        assert connection.get("key") is None


def test_frozen_valkey_hangs_and_goes_on(valkey: Valkey) -> None:
    valkey.freeze()
    with client(valkey, timeout=0.2) as connection, pytest.raises(redis.TimeoutError):
        connection.ping()
    valkey.thaw()
    with client(valkey) as connection:
        assert connection.ping()


def test_restarting_keeps_the_address(valkey: Valkey) -> None:
    url = valkey.url
    valkey.restart()
    assert valkey.url == url
    assert valkey.is_ready()


def test_private_engines_give_the_variables_of_the_product(private_engines: Engines) -> None:
    environment = private_engines.environment
    assert environment["DATABASE_URL"].startswith("postgres://")
    assert environment["REDIS_URL"].startswith("redis://")


SHOW_VARIABLES = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
COMMAND = [sys.executable, "-m", "tests.engines", "--shards", "2", "--"]


def test_the_command_gets_engines_and_gives_its_status_back() -> None:
    finished = subprocess.run(
        [*COMMAND, sys.executable, "-c", f"{SHOW_VARIABLES}; raise SystemExit(7)"], capture_output=True, text=True
    )
    assert finished.returncode == 7, finished.stderr
    database_url, redis_url = finished.stdout.split()
    assert len(redis_url.split(",")) == 2
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database_url)


def wait_until_refused(database_url: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            psycopg.connect(database_url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return
        time.sleep(0.05)
    pytest.fail("PostgreSQL outlived the command that started it")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_engines_end_with_their_command_line(signal_number: int) -> None:
    waiting = f"{SHOW_VARIABLES}; import sys, time; sys.stdout.flush(); time.sleep(60)"
    with subprocess.Popen([*COMMAND, sys.executable, "-c", waiting], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        database_url = process.stdout.readline().split()[0]
        process.send_signal(signal_number)
        assert process.wait(10) != 0
    wait_until_refused(database_url)
