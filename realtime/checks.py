"""System checks of this app."""

from typing import Any

from django.conf import settings
from django.core import checks

from participants.conf import conf as participants_conf
from realtime.conf import conf


@checks.register()
def one_process_in_memory(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """In memory, news does not leave the process."""
    several = settings.WEB_CONCURRENCY > 1 or settings.AGENTS == "worker"
    if settings.REDIS_URLS or not several:
        return []
    return [
        checks.Error(
            "Several processes, but no Redis: they could not tell each other of news.",
            hint="Set REDIS_URL, or WEB_CONCURRENCY=1 and AGENTS=inline.",
            id="realtime.E001",
        )
    ]


@checks.register()
def lease_outlives_renewals(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A lease that one late renewal ends makes everybody blink."""
    if participants_conf.lease_seconds >= 2 * conf.lease_renewal_seconds:
        return []
    return [
        checks.Error(
            "CHAT_LEASE_SECONDS is under two renewals.",
            hint="Make it at least twice CHAT_LEASE_RENEWAL_SECONDS.",
            id="realtime.E002",
        )
    ]
