"""System checks of this app."""

from typing import Any

from django.conf import settings
from django.core import checks

from participants.conf import conf

MINIMUM_KEY = 32


@checks.register(checks.Tags.security)
def keys(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A short key can be guessed, and with it every session and token forged."""
    found: list[checks.CheckMessage] = []
    if not settings.DEBUG and len(settings.SECRET_KEY) < MINIMUM_KEY:
        found.append(
            checks.Error(
                f"SECRET_KEY has fewer than {MINIMUM_KEY} characters.",
                hint="Unset it and start ./script/server once, which makes a good one.",
                id="participants.E001",
            )
        )
    if len(str(settings.SIMPLE_JWT["SIGNING_KEY"])) < MINIMUM_KEY:
        found.append(checks.Error(f"JWT_SIGNING_KEY has fewer than {MINIMUM_KEY} characters.", id="participants.E002"))
    return found


@checks.register(deploy=True)
def limits(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Limits are off for measurements only."""
    if conf.rate_limits:
        return []
    return [checks.Warning("Rate limits are off.", hint="Unset CHAT_RATE_LIMITS.", id="participants.W001")]
