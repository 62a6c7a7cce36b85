"""What a first start makes: an admin, and one public conversation in which one can see what this is."""

import secrets
from typing import Any

from django.db import transaction

from agents.models import Agent
from conversations.services.conversations import conversation_create
from conversations.services.memberships import participant_add
from conversations.services.sends import message_send
from participants.models import Participant

ADMIN = "admin"
TITLE = "Welcome"

PEOPLE: list[dict[str, Any]] = [
    {"username": "ada", "display_name": "Ada"},
    {"username": "grace", "display_name": "Grace"},
    {"username": "assistant", "display_name": "Assistant", "kind": Participant.Kind.AGENT},
]
DESCRIPTION = "Answers questions about the conversation it is in. It is a program with fixed rules, no language model."
TOOLS = ["search_messages", "read_messages", "summarise_messages", "list_participants", "current_time"]
TALK = [
    ("ada", "Welcome! This is a conversation: an **ordered log** that nobody's connection can lose a line of."),
    ("grace", "Everything works from the page, over REST and over a socket. Send me some code!"),
    ("ada", '```python\nprint("hello, everybody")\n```'),
    (
        "grace",
        "Join in, or start a conversation of your own from the list. @assistant, what can you do?",
    ),
]


def make_if_empty() -> str | None:
    """On an empty database make the admin and the demo; the admin's password, or None if nothing was made."""
    with transaction.atomic():
        if Participant.objects.exists():
            return None
        password = secrets.token_urlsafe(12)
        Participant.objects.create_superuser(ADMIN, password, display_name="Admin")
        people = {row["username"]: Participant.objects.create_user(**row) for row in PEOPLE}
        make_agent(people["assistant"])
        _make_conversation(people)
    return password


def make_agent(participant: Participant) -> Agent:
    """Let a participant answer with the built-in model, which needs no key and no network."""
    return Agent.objects.create(participant=participant, description=DESCRIPTION, tools=TOOLS)


def _make_conversation(people: dict[str, Participant]) -> None:
    conversation = conversation_create(
        creator=people["ada"],
        title=TITLE,
        description="A place to look around. Join it, and say hello.",
        visibility="public",
        participants=[people["grace"]],
    )
    participant_add(actor=people["ada"], conversation_id=conversation.pk, participant=people["assistant"])
    for username, content in TALK:
        message_send(author=people[username], conversation_id=conversation.pk, content=content)
