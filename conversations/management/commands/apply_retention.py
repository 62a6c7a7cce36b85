"""``manage.py apply_retention``: what conversations no longer keep goes."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.services import retention


class Command(BaseCommand):
    """To be run daily; a server does it by itself."""

    help = "Delete entries that are older than their conversations keep them."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say how much there was."""
        count = retention.retention_apply()
        self.stdout.write(f"{count} entries deleted")
