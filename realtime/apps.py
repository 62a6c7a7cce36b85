"""App configuration."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """Here and now."""

    name = "realtime"

    def ready(self) -> None:
        """Register system checks."""
        from realtime import checks  # noqa: F401
