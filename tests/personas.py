"""People and what they have, in one line each; and REST as one of them, inside the test process."""

import itertools
import json
from functools import cache
from typing import Any
from uuid import UUID

from django.test import Client
from django.test.client import ClientHandler

from conversations import log
from conversations.models import Conversation, Event, Membership
from conversations.policy import Standing
from conversations.services import memberships
from conversations.services.conversations import conversation_create
from conversations.services.sends import message_send
from participants import services
from participants.models import Participant

PASSWORD = "correct-horse-battery-staple"
V1 = "/api/v1/"

_numbers = itertools.count(1)


# --- who --------------------------------------------------------------------------------------------------------------


def person(username: str = "", **fields: Any) -> Participant:
    """A human; nobody can sign in as them by password unless one is given."""
    return Participant.objects.create_user(username or f"person{next(_numbers)}", **fields)


def guest(**fields: Any) -> Participant:
    """A person without an account of their own."""
    return person(kind=Participant.Kind.GUEST, **fields)


def agent(**fields: Any) -> Participant:
    """An AI participant."""
    return person(kind=Participant.Kind.AGENT, **fields)


def conversation_of(owner: Participant, *members: Participant, **fields: Any) -> Conversation:
    """A conversation of an owner and members."""
    conversation = conversation_create(creator=owner, participants=list(members), **{"title": "Tea"} | fields)
    conversation.refresh_from_db()
    return conversation


def public_conversation(**fields: Any) -> Conversation:
    """One that anybody may join."""
    return conversation_of(person(), visibility="public", **fields)


def bring_in(conversation: Conversation, role: str = "member", who: Participant | None = None) -> Participant:
    """Make somebody a member of any role, whatever the policy."""
    who = who or person()
    with log.writing():
        memberships.admit(log.lock(conversation.pk), [(who, Standing(role))], by=None)
    conversation.refresh_from_db()
    return who


def take_out(conversation: Conversation, who: Participant) -> None:
    """Let a member leave."""
    memberships.conversation_leave(participant=who, conversation_id=conversation.pk)


def say(author: Participant, conversation: Conversation, content: str = "hello", **fields: Any) -> Event:
    """Send a message."""
    return message_send(author=author, conversation_id=conversation.pk, content=content, **fields).event


def role_of(conversation: Conversation, who: Participant) -> str | None:
    """The role in force, None outside."""
    return Membership.objects.filter(conversation=conversation, participant=who).values_list("role", flat=True).first()


def owner_of(conversation: Conversation) -> Participant:
    """The one owner."""
    return Participant.objects.get(memberships__conversation=conversation, memberships__role="owner")


def entries_of(conversation: Conversation | UUID) -> list[Event]:
    """The log as it is stored."""
    return list(Event.objects.filter(conversation=conversation).order_by("sequence"))


def deeds_in(conversation: Conversation | UUID) -> list[Event]:
    """The log without the entries that only tell the mode, which follows from who is in."""
    return [entry for entry in entries_of(conversation) if entry.data.get("changes", {}).keys() != {"mode"}]


# --- REST -------------------------------------------------------------------------------------------------------------


@cache
def _handler(enforce_csrf_checks: bool) -> ClientHandler:
    """One for all clients: making the middleware reads every static file's name."""
    return ClientHandler(enforce_csrf_checks=enforce_csrf_checks)


class Api:
    """Requests through the whole middleware stack. Paths are below ``/api/v1`` unless they begin with a slash.

    What a view raises becomes the answer a client would get.
    """

    def __init__(self, access: str | None = None, *, enforce_csrf_checks: bool = False) -> None:
        self.client = Client(raise_request_exception=False)
        self.client.handler = _handler(enforce_csrf_checks)
        self.headers = {} if access is None else {"Authorization": f"Bearer {access}"}

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request with a JSON body, if there is one."""
        raw = b"" if body is None else json.dumps(body).encode()
        return self.send_raw(method, path, raw, **headers)

    def send_raw(
        self, method: str, path: str, raw: bytes, content_type: str = "application/json", **headers: str
    ) -> Any:
        """One request with any bytes as its body; header names with underscores."""
        url = path if path.startswith("/") else V1 + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, url, raw, content_type, headers=self.headers | named)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("DELETE", path, body, **headers)


def nobody(**options: Any) -> Api:
    """REST without credentials."""
    return Api(**options)


def client_of(participant: Participant, **options: Any) -> Api:
    """REST as somebody, with an access token."""
    return Api(services.token_issue(participant=participant)["access"], **options)
