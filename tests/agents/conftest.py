"""What the tests of agents share."""

import pytest
from asgiref.sync import sync_to_async
from django.db import connections


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
