"""``manage.py import_conversation FILE --owner USERNAME``: a log from an export of any size."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conversations.services.imports import conversation_import
from participants.errors import ChatError
from participants.models import Participant


class Command(BaseCommand):
    """Makes the conversation; its owner must be staff."""

    help = "Make a conversation from an export in JSON lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and whose the conversation is to be."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--owner", required=True, metavar="USERNAME")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, check, store: all of it or nothing."""
        owner = Participant.objects.filter(username__iexact=options["owner"]).first()
        if owner is None:
            raise CommandError("There is no such participant.")
        try:
            with options["file"].open("rb") as lines:
                conversation = conversation_import(importer=owner, lines=lines)
        except (OSError, ChatError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{conversation.pk}: {conversation.last_sequence} entries")
