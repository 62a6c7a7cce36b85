"""``manage.py export_conversation ID``: a whole log as JSON lines, to standard output or a file."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from conversations import exports
from conversations.models import Conversation, Membership
from conversations.policy import CREATOR_ROLE


class Command(BaseCommand):
    """Writes what an owner who is in from the first entry on could export."""

    help = "Write a whole log as JSON lines (or Markdown)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, how, and where to."""
        parser.add_argument("conversation", type=UUID)
        parser.add_argument("--format", choices=["jsonl", "markdown"], default="jsonl")
        parser.add_argument("--output", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, piece by piece."""
        conversation = Conversation.objects.filter(pk=options["conversation"]).first()
        if conversation is None:
            raise CommandError("There is no such conversation.")
        reader = Membership(conversation=conversation, role=CREATOR_ROLE, joined_sequence=1)
        pieces = exports.json_lines(reader) if options["format"] == "jsonl" else exports.markdown(reader)
        if options["output"]:
            with options["output"].open("wb") as file:
                file.writelines(pieces)
        else:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
