"""Fixtures for tests that need running servers or engines. What runs inside the test process needs none of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

from tests.engines import Engines, running_engines
from tests.servers import Installations, ServerProcess

BROWSER_TESTS = Path(__file__).parent / "browser"

# An example takes as long as the machine is busy with others: the usual 200 ms say nothing about the product.
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
hypothesis.settings.load_profile("patient")

StartServer = Callable[..., ServerProcess]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the whole suite run on the other ASGI server."""
    parser.addoption(
        "--asgi-server", choices=["uvicorn", "daphne"], default="uvicorn", help="what test servers run on (uvicorn)"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave browser tests to an invocation of their own: sync playwright breaks beside the asyncio plugin."""
    is_browser_test = BROWSER_TESTS in (collection_path, *collection_path.parents)
    return True if is_browser_test and config.pluginmanager.hasplugin("asyncio") else None


@pytest.fixture(scope="session", autouse=True)
def cleanup_may_empty_the_audit_log() -> Iterator[None]:
    """Let the flush after each transactional test empty all tables: the audit log's refuses that to anybody else."""
    empty = BaseDatabaseOperations.execute_sql_flush

    def execute_sql_flush(operations: Any, statements: list[str]) -> None:
        from participants.audit import retention

        with retention.maintenance(operations.connection.alias):
            empty(operations, statements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield


@pytest.fixture(scope="session")
def asgi_server(request: pytest.FixtureRequest) -> str:
    """The ASGI server of this run, as ASGI_SERVER takes it."""
    return str(request.config.getoption("--asgi-server"))


@pytest.fixture(scope="session")
def installations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installations]:
    """Makes installations of the product on the engines of this run."""
    made = Installations(tmp_path_factory.mktemp("installations"), os.environ)
    yield made
    made.close()


@pytest.fixture(scope="session")
def server(installations: Installations, asgi_server: str) -> Iterator[ServerProcess]:
    """A server that the tests of this process share; provision people and conversations of your own on it."""
    with ServerProcess(installations.create(), ASGI_SERVER=asgi_server) as started:
        yield started


@pytest.fixture(scope="session")
def daphne_server(installations: Installations) -> Iterator[ServerProcess]:
    """A shared server on Daphne, whatever the others run on."""
    with ServerProcess(installations.create(), ASGI_SERVER="daphne") as started:
        yield started


@pytest.fixture(scope="session")
def server_pair(server: ServerProcess) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """The shared server and a second process beside it, on the same database and Redis."""
    needs_redis()
    with server.sibling() as second:
        yield server, second


def needs_redis() -> None:
    """Skip what takes several server processes, where there is no Redis."""
    if not os.environ.get("REDIS_URL"):
        pytest.skip("two server processes need REDIS_URL: python -m tests.engines -- ./script/test …")


@pytest.fixture
def start_server(installations: Installations, asgi_server: str) -> Iterator[StartServer]:
    """Start servers with data and variables of their own: `start_server(ACCESS_TOKEN_SECONDS="3")`."""
    with ExitStack() as stack:
        yield starter(stack, installations, asgi_server)


@pytest.fixture(scope="module")
def private_engines() -> Iterator[Engines]:
    """PostgreSQL and Valkey that a module may kill, freeze and restart."""
    with running_engines() as engines:
        yield engines


@pytest.fixture
def start_private_server(private_engines: Engines, tmp_path: Path, asgi_server: str) -> Iterator[StartServer]:
    """Start servers as `start_server` does, on the engines that this module may break."""
    with ExitStack() as stack:
        yield starter(stack, Installations(tmp_path, private_engines.environment), asgi_server)


def starter(stack: ExitStack, installations: Installations, asgi_server: str) -> StartServer:
    """Return a function that starts a server of a new installation, to be stopped when the stack ends."""

    def start(**environment: str) -> ServerProcess:
        installation = installations.create(**{"ASGI_SERVER": asgi_server} | environment)
        return stack.enter_context(ServerProcess(installation))

    return start
