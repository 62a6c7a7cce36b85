"""System checks of the site: starts that would be unsafe are refused with a reason."""

from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.core import checks

# redis-py 8 ends sockets after 5 s of silence; daphne below 4.2.2 takes frames of any size.
RANGES = {"redis": ((5,), (8,)), "daphne": ((4, 2, 2), (5,)), "uvicorn": ((0, 54), (0, 55))}


@checks.register()
def wildcards(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A wildcard lets any site act for whoever is signed in here."""
    if settings.DEBUG:
        return []
    return [
        checks.Error(f"{name} holds a wildcard.", hint="Name each one.", id=identity)
        for name, identity in (("ALLOWED_HOSTS", "chatsite.E001"), ("ALLOWED_ORIGINS", "chatsite.E002"))
        if any("*" in value for value in getattr(settings, name))
    ]


@checks.register()
def versions(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Servers and clients outside of the measured versions have lost messages or sockets."""
    return [
        checks.Error(
            f"{name} {version(name)} is outside of the supported versions.",
            hint="Install the locked requirements: pip install --require-hashes -r requirements.txt",
            id="chatsite.E003",
        )
        for name, (low, high) in RANGES.items()
        if not low <= _numbers(version(name)) < high
    ]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
