"""What the tests of conversations share."""

import pytest


@pytest.fixture(autouse=True)
def no_limits_over_time(settings):
    """These tests say much in little time; the limits have tests of their own."""
    settings.CHAT_RATE_LIMITS = "off"
