"""The app's configuration."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Rooms and their messages."""

    name = "benchmarks.tutorial.chat"
    label = "chat"
