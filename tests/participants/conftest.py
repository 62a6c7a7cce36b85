"""What the tests of participants share."""

import pytest


@pytest.fixture
def no_limits_over_time(settings):
    """For tests that do much in little time; the limits have tests of their own."""
    settings.CHAT_RATE_LIMITS = "off"


@pytest.fixture
def quick_passwords(settings):
    """For tests that are not about how passwords are kept, which is slow on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
