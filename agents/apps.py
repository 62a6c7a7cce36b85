"""App configuration."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """AI participants."""

    name = "agents"

    def ready(self) -> None:
        """Hang what agents add into the log and the sockets, which know nothing of them."""
        from django.conf import settings

        from agents import frames, handlers, inline
        from agents.services.triggers import runs_trigger
        from conversations import log
        from realtime import handlers as socket_handlers
        from realtime import running

        socket_handlers.register(frames.CancelRun, handlers.cancel_run, answer="nothing; the log tells it")
        running.hang_in(inline.Runs())
        if settings.AGENTS != "off":
            log.listeners.append(runs_trigger)
