"""``manage.py run_agents``: executes runs in a process of its own; any number of them may run beside each other."""

import asyncio
import os
import signal
import uuid
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agents.conf import conf
from agents.engine import Engine
from conversations import publish
from conversations.publish import News
from realtime.layer import LayerLink
from realtime.tasks import Tasks

GRACE_SECONDS = 5.0


async def work() -> None:
    """Execute runs until SIGTERM or SIGINT; what is not done by then goes to other workers."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    link = LayerLink(uuid.uuid4().hex, take=lambda _: None, wanted=tuple, rejoined=lambda: None)
    tasks = Tasks()
    link.start(tasks.own)

    def ring(*news: News) -> None:
        for each in news:
            loop.call_soon_threadsafe(link.send, each)

    publish.hang_bell(ring)
    engine = Engine(seconds=lambda: conf.poll_seconds)
    engine.start()
    await ended.wait()
    await engine.drain(GRACE_SECONDS)
    await asyncio.sleep(0.2)  # the last news are on their way to the layer; lost ones are found in the log


class Command(BaseCommand):
    """A worker."""

    help = "Execute the runs of agents (AGENTS=worker), until it is told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work."""
        if settings.AGENTS != "worker":
            raise CommandError(f"AGENTS={settings.AGENTS}: set AGENTS=worker, for servers and workers alike.")
        self.stdout.write(f"Executing runs of agents, process {os.getpid()} (stop with Ctrl+C)")
        self.stdout.flush()
        asyncio.run(work())
