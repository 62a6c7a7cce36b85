"""The scene of the matrix: a conversation in each state, and everybody who stands in some relation to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from conversations.services import invitations, moderation
from conversations.services.conversations import conversation_delete, conversation_update
from conversations.services.memberships import participant_remove
from participants.models import Participant
from tests.contract.matrix import ACTORS, ROLES
from tests.personas import Api, agent, bring_in, client_of, conversation_of, nobody, person, say, take_out

CHANGES: dict[str, dict[str, Any]] = {
    "public": {"visibility": "public"},
    "private": {},
    "locked": {"locked": True},
    "archived": {"visibility": "public", "archived": True},
    "deleted": {},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "rename": {"title": "Coffee"},
    "slow mode": {"slow_mode_s": 5},
    "make private": {"visibility": "private"},
    "hide history": {"history": "from_join"},
    "lock": {"locked": True},
    "unlock": {"locked": False},
    "archive": {"archived": True},
    "unarchive": {"archived": False},
}


class World:
    """A conversation in a state, and everybody who stands in some relation to it."""

    def __init__(self, state: str) -> None:
        self.people = {actor: agent() if actor == "agent" else person() for actor in ACTORS if actor != "anonymous"}
        self.owner = self.people["owner"]
        self.conversation = conversation_of(self.owner)
        self.target, self.spare = bring_in(self.conversation), person()
        for actor in ("observer", "member", "moderator", "admin", "agent", "left", "removed", "banned", "deactivated"):
            role = actor if actor in ROLES else "member"
            bring_in(self.conversation, role, self.people[actor])
        take_out(self.conversation, self.people["left"])
        self._service(participant_remove, self.people["removed"])
        self._service(moderation.participant_ban, self.people["banned"])
        self.message = say(self.target, self.conversation)
        self.invitation, self.token = invitations.invitation_create(
            actor=self.owner, conversation_id=self.conversation.pk
        )
        self.apis = {"anonymous": nobody()} | {actor: client_of(who) for actor, who in self.people.items()}
        Participant.objects.filter(pk=self.people["deactivated"].pk).update(is_active=False)
        if CHANGES[state]:
            conversation_update(actor=self.owner, conversation_id=self.conversation.pk, **CHANGES[state])
        if state == "deleted":
            conversation_delete(actor=self.owner, conversation_id=self.conversation.pk)

    @property
    def path(self) -> str:
        return f"conversations/{self.conversation.pk}"

    def _service(self, service: Callable[..., Any], who: Participant) -> None:
        service(actor=self.owner, conversation_id=self.conversation.pk, participant_id=who.pk)

    def request(self, api: Api, action: str) -> Any:
        """The request that asks for an action."""
        member = f"{self.path}/participants/{self.target.pk}"
        if action in SETTINGS:
            return api.patch(self.path, SETTINGS[action])
        until = {"until": (timezone.now() + timedelta(hours=1)).isoformat()}
        method, path, body = {
            "read detail": ("GET", self.path, None),
            "read messages": ("GET", f"{self.path}/messages", None),
            "read events": ("GET", f"{self.path}/events", None),
            "read participants": ("GET", f"{self.path}/participants", None),
            "mark read": ("POST", f"{self.path}/read", {"sequence_id": 3}),
            "join": ("POST", f"{self.path}/join", None),
            "join invited": ("POST", f"{self.path}/join", {"invitation": self.token}),
            "accept": ("POST", f"invitations/{self.token}/accept", None),
            "leave": ("DELETE", f"{self.path}/leave", None),
            "send": ("POST", f"{self.path}/messages", {"content": "x"}),
            "delete a message": ("DELETE", f"messages/{self.message.pk}", None),
            "edit a message": ("PATCH", f"messages/{self.message.pk}", {"content": "y"}),
            "react": ("PUT", f"messages/{self.message.pk}/reactions/%F0%9F%91%8D", None),
            "unreact": ("DELETE", f"messages/{self.message.pk}/reactions/%F0%9F%91%8D", None),
            "pin": ("PUT", f"messages/{self.message.pk}/pin", None),
            "unpin": ("DELETE", f"messages/{self.message.pk}/pin", None),
            "read thread": ("GET", f"messages/{self.message.pk}/thread", None),
            "read pins": ("GET", f"{self.path}/pins", None),
            "read former texts": ("GET", f"messages/{self.message.pk}/revisions", None),
            "remove": ("DELETE", member, None),
            "mute": ("PUT", f"{self.path}/mutes/{self.target.pk}", until),
            "unmute": ("DELETE", f"{self.path}/mutes/{self.target.pk}", None),
            "invite": ("POST", f"{self.path}/invitations", {}),
            "list invitations": ("GET", f"{self.path}/invitations", None),
            "revoke": ("DELETE", f"{self.path}/invitations/{self.invitation.pk}", None),
            "ban": ("PUT", f"{self.path}/bans/{self.target.pk}", None),
            "ban outsider": ("PUT", f"{self.path}/bans/{self.spare.pk}", None),
            "unban": ("DELETE", f"{self.path}/bans/{self.people['banned'].pk}", None),
            "add": ("POST", f"{self.path}/participants", {"participant": str(self.spare.pk)}),
            "change role": ("PATCH", member, {"role": "observer"}),
            "delete": ("DELETE", self.path, None),
            "hand over": ("PATCH", member, {"role": "owner"}),
        }[action]
        return api.send(method, path, body)


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever happens inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
