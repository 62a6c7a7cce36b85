"""What the tests of agents share."""

from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from tests.agents.rooms import SCRIPTED, agent, provision
from tests.servers import Installations, ServerProcess


@pytest.fixture(autouse=True)
def quick(settings):
    """No limits over time, and a built-in model that makes no pauses."""
    settings.CHAT_RATE_LIMITS = "off"
    settings.CHAT_BUILTIN_PAUSE_SECONDS = 0.0


@pytest.fixture
async def closing_connections():
    """Async tests leave no connection behind, which would keep the test database from being dropped."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture(scope="session")
def scripted(installations: Installations) -> Iterator[ServerProcess]:
    with ServerProcess(installations.create(**SCRIPTED)) as server:
        yield server
        server.assert_clean_log()


@pytest.fixture(scope="session")
def people(scripted: ServerProcess) -> dict[str, dict[str, str]]:
    return provision(
        scripted.installation,
        agent("bot"),
        agent("eager", trigger="always"),
        agent("shy", trigger="manual"),
        agent("one", "greet"),
        agent("two", "greet"),
        agent("echo", "repeat"),
        agent("poor", max_tokens=10_000_000),
    )
