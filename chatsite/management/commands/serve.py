"""``manage.py serve``: everything between a clone and a served page."""

import os
import shutil
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from chatsite import database, demo, server
from chatsite.upkeep import Upkeep

DAPHNE_MESSAGE_BYTES = 1024 * 1024


class Command(BaseCommand):
    """Migrates if needed, makes the demo on the first start, and serves."""

    help = "Migrate, make an admin and a demo on the first start, and serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """None: everything comes from the environment."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        database.migrate_if_needed()
        call_command("check", databases=["default"], fail_level="ERROR")
        if os.environ.get("CHAT_DEMO", "on") != "off" and (password := demo.make_if_empty()):
            self.stdout.write(f"\nAdmin: user {demo.ADMIN}, password {password} (shown this once)\n")
        self.stdout.write(f"Serving {settings.PUBLIC_URL} (stop with Ctrl+C)\n")
        self.stdout.flush()
        self._serve()

    def _serve(self) -> None:
        match os.environ.get("ASGI_SERVER", "uvicorn"):
            case "uvicorn":
                self._prepare_metrics()
                with Upkeep():
                    server.run()
            case "daphne":
                if settings.WEB_CONCURRENCY > 1:
                    raise CommandError("Daphne serves one process: start several on their own ports.")
                self._exec_daphne()
            case other:
                raise CommandError(f"ASGI_SERVER={other}: choose uvicorn or daphne.")

    def _prepare_metrics(self) -> None:
        """Counters of several processes are added up through files."""
        if settings.WEB_CONCURRENCY > 1:
            folder = settings.VAR_DIR / f"metrics-{settings.PORT}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

    def _exec_daphne(self) -> None:
        # Its limit on messages holds in both directions, and silently: pages of the log need more than 128 KiB.
        size = str(DAPHNE_MESSAGE_BYTES)
        command = [sys.executable, "-m", "daphne", "-b", settings.BIND, "-p", str(settings.PORT)]
        command += ["--ping-interval", str(server.PING_SECONDS), "--ping-timeout", str(server.PING_SECONDS)]
        command += [
            "--websocket-max-message-size",
            size,
            "--websocket-max-frame-size",
            size,
            "-v",
            "0",
            "--no-server-name",
        ]
        os.execv(sys.executable, [*command, server.APPLICATION])  # noqa: S606 - our own command line
