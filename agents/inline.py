"""``AGENTS=inline``: the engine of a server process, on the server's loop."""

from typing import Any

from django.conf import settings

from agents import selectors
from agents.engine import Engine
from conversations.models import Conversation
from realtime.running import Shown

engine = Engine()


def start() -> None:
    """Start on the running loop, if it is here that runs are executed."""
    if settings.AGENTS == "inline":
        engine.start()


class EngineMiddleware:
    """ASGI: starts the engine with the first request, for servers that do not by themselves."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Start it if it is not, then go on."""
        start()
        await self.application(scope, receive, send)


class Runs:
    """What ``connected`` shows of runs: see :class:`realtime.running.Running`."""

    def read(self, conversation: Conversation) -> Shown:
        """From the database."""
        return selectors.running_in(conversation)

    def freshen(self, shown: Shown) -> Shown:
        """With the texts of the runs that this process executes as they are now."""
        return [self._now(run) for run in shown]

    @staticmethod
    def _now(run: dict[str, Any]) -> dict[str, Any]:
        execution = engine.executions.get(run["run_id"])
        if execution is None or execution.begun is None:
            return run
        offset, text = execution.text.end()
        return run | {"offset": offset, "text": text, "status": "running"}
