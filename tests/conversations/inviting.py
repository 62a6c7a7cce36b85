"""Invitations over REST, in one line each."""

from typing import Any

from conversations.models import Conversation
from participants.models import Participant
from tests.personas import Api, client_of, nobody


def invite(api: Api, conversation: Conversation, **fields: Any) -> dict[str, Any]:
    """Make an invitation over REST."""
    answer = api.post(f"conversations/{conversation.pk}/invitations", fields)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def join(who: Participant, conversation: Conversation, token: str) -> Any:
    return client_of(who).post(f"conversations/{conversation.pk}/join", {"invitation": token})


def accept(who: Participant, token: str) -> Any:
    return client_of(who).post(f"invitations/{token}/accept")


def as_guest(token: str, name: str = "Gus") -> Any:
    return nobody().post("auth/guest", {"invitation": token, "display_name": name})
