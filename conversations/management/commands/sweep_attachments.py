"""``manage.py sweep_attachments``: files that were uploaded and never sent go."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.services import attachments


class Command(BaseCommand):
    """To be run daily; a server does it by itself."""

    help = "Delete files that were uploaded and never sent."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say how much there was."""
        count = attachments.attachments_sweep()
        self.stdout.write(f"{count} files deleted")
