"""``manage.py verify_log [ID …]``: do logs still add up?"""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from conversations.models import Conversation
from conversations.verification import faults_of


class Command(BaseCommand):
    """Checks numbers, commitments, digests and counters of the conversations named, or of all."""

    help = "Check that logs add up: numbers, commitments, digests, counters."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which conversations."""
        parser.add_argument("conversations", nargs="*", type=UUID, metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what is wrong; fail if anything is."""
        rows = Conversation.objects.order_by("pk")
        if options["conversations"]:
            rows = rows.filter(pk__in=options["conversations"])
        count = faults = 0
        for conversation in rows.iterator():
            count += 1
            for fault in faults_of(conversation):
                faults += 1
                self.stdout.write(f"{conversation.pk} {fault}")
        if faults:
            raise CommandError(f"{faults} faults in {count} logs.")
        self.stdout.write(f"{count} logs add up.")
