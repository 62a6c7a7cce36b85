"""What the tests of conversations share."""

import pytest

from tests.personas import conversation_of, person


@pytest.fixture(autouse=True)
def no_limits_over_time(settings):
    """These tests say much in little time; the limits have tests of their own."""
    settings.CHAT_RATE_LIMITS = "off"


@pytest.fixture
def ada(db):
    return person("ada")


@pytest.fixture
def ben(db):
    return person("ben")


@pytest.fixture
def tea(ada, ben):
    """A conversation of ada's with ben in it."""
    return conversation_of(ada, ben)
