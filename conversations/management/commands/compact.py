"""``manage.py compact``: the database written anew, so that deleted text is in none of its files."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.services import retention


class Command(BaseCommand):
    """Takes the tables for itself while it works: on PostgreSQL, run it when few are there."""

    help = "Write the database anew, without what was deleted from it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        retention.compact()
        self.stdout.write("compacted")
