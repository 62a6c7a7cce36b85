"""Typed settings with defaults: the one way in which an app reads ``CHAT_*`` from Django's settings.

An app's ``conf.py`` declares ``name: Setting[int] = Setting("CHAT_NAME", 5, "what it means")`` and reads
``conf.name``. A value that came as text (an environment variable) is turned into the type of the default.
"""

from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver

Value = TypeVar("Value", int, float, bool, str)

_WORDS = {"on": True, "true": True, "1": True, "yes": True, "off": False, "false": False, "0": False, "no": False}


# A look into Django's settings takes 3 microseconds, too long for what is asked a dozen times a message.
_read: dict[str, Any] = {}


@receiver(setting_changed)
def forget(**changed: Any) -> None:
    """``override_settings`` was here."""
    _read.clear()


class Setting(Generic[Value]):
    """One setting: its name, its default (which gives its type) and its meaning, with units."""

    def __init__(self, name: str, default: Value, meaning: str) -> None:
        self.name = name
        self.default: Value = default
        self.meaning = meaning

    def __get__(self, owner: Any, kind: type | None = None) -> Value:
        """The value in force."""
        try:
            return _read[self.name]
        except KeyError:
            value = getattr(settings, self.name, self.default)
            _read[self.name] = typed = self._typed(value) if isinstance(value, str) else value
            return typed

    def _typed(self, text: str) -> Any:
        try:
            if isinstance(self.default, bool):
                return _WORDS[text.lower()]
            return type(self.default)(text)
        except (KeyError, ValueError) as error:
            raise ImproperlyConfigured(f"{self.name}={text!r} is not a {type(self.default).__name__}.") from error


def declared(conf: type) -> list[Setting[Any]]:
    """All settings that a ``conf`` class declares, for documentation."""
    return [value for value in vars(conf).values() if isinstance(value, Setting)]
