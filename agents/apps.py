"""App configuration."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """AI participants."""

    name = "agents"
