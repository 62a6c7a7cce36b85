"""``manage.py provision FILE.json``: participants and conversations from a file; run again it changes nothing."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from agents.models import Agent
from chatsite import database, demo
from conversations import log
from conversations.conf import conf
from conversations.models import Conversation, Membership
from conversations.policy import Standing, owns
from conversations.services import conversations, memberships
from participants import services
from participants.encoding import encode
from participants.models import Participant

SETTINGS = ("visibility", "history", "description")


class Command(BaseCommand):
    """Prints ``{participants: {username: {id, access}}, conversations: {title: id}}``, with fresh access tokens."""

    help = "Make participants and conversations from a JSON file; prints ids and fresh access tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, migrate, make, print."""
        try:
            wanted = json.loads(options["file"].read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['file']} cannot be read as JSON: {error}") from error
        database.migrate_if_needed()
        with transaction.atomic():
            people = {row["username"]: self.participant(row) for row in wanted.get("participants", [])}
        for row in wanted.get("conversations", []):
            self.conversation(row, people)
        tokens = {
            name: {"id": person.pk, "access": services.token_issue(participant=person)["access"]}
            for name, person in people.items()
        }
        titles = [row["title"] for row in wanted.get("conversations", [])]
        ids = {title: Conversation.objects.filter(title=title).earliest("created_at").pk for title in titles}
        self.stdout.write(encode({"participants": tokens, "conversations": ids}).decode())

    @staticmethod
    def participant(row: dict[str, Any]) -> Participant:
        """The participant of that username, made if missing."""
        if found := Participant.objects.filter(username__iexact=row["username"]).first():
            return found
        made = Participant.objects.create_user(
            row["username"],
            row.get("password"),
            display_name=row.get("display_name") or row["username"],
            kind=row.get("kind", Participant.Kind.HUMAN),
            is_staff=row.get("staff", False),
            is_superuser=row.get("staff", False),
        )
        if not made.is_person:
            Agent.objects.create(participant=made, **{"tools": demo.TOOLS} | row.get("agent", {}))
        return made

    @staticmethod
    def conversation(row: dict[str, Any], people: dict[str, Participant]) -> None:
        """The conversation of that title with those members, made and completed as far as missing."""
        members = {
            people.get(name) or Participant.objects.get(username__iexact=name): Standing(role)
            for name, role in row.get("members", {}).items()
        }
        if not members:
            raise CommandError(f"{row['title']}: a conversation needs a member.")
        with transaction.atomic():
            found = Conversation.objects.filter(title=row["title"]).first()
            if found is None:
                owner = next((person for person, role in members.items() if owns(role)), next(iter(members)))
                fields: dict[str, Any] = {name: row[name] for name in SETTINGS if name in row}
                conversations.conversation_create(
                    creator=owner,
                    title=row["title"],
                    participants=list(members),
                    roles={person.pk: role for person, role in members.items()},
                    max_participants=max(conf.participants, len(members)),
                    **fields,
                )
                return
            present = set(Membership.objects.filter(conversation=found).values_list("participant_id", flat=True))
            missing = [(person, role) for person, role in members.items() if person.pk not in present]
            if missing:
                memberships.admit(log.lock(found.pk), missing, by=None)
