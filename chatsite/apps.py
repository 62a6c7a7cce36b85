"""App configuration."""

from django.apps import AppConfig


class ChatsiteConfig(AppConfig):
    """The site."""

    name = "chatsite"

    def ready(self) -> None:
        """Register system checks."""
        from chatsite import checks  # noqa: F401
