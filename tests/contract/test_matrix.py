"""Every actor, every action, every state of a conversation, over REST: each answer is what the table says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from conversations.models import Conversation
from conversations.services import invitations, moderation
from conversations.services.conversations import conversation_delete, conversation_update
from participants.models import Participant
from tests.contract.matrix import (
    ACTIONS,
    ACTORS,
    ENTERING,
    ROLES,
    STATES,
    Answer,
    expected,
    giving_role,
    on_role,
)  # fmt: skip
from tests.contract.shapes import assert_refused
from tests.personas import (
    Api,
    agent,
    bring_in,
    client_of,
    conversation_of,
    nobody,
    person,
    say,
    take_out,
)  # fmt: skip

pytestmark = pytest.mark.django_db

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
        self._service(self._remove, self.people["removed"])
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

    def _remove(self, **who: Any) -> None:
        from conversations.services.memberships import participant_remove

        participant_remove(**who)

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


def answer_of(response: Any) -> Answer:
    """What the table can be compared with; a refusal has the contract's shape."""
    if response.status_code < 400:
        return Answer(response.status_code)
    code = response.json()["code"]
    assert_refused(response, response.status_code, code)
    return Answer(response.status_code, code)


def wrong_cells(world: World, state: str) -> dict[tuple[str, str], tuple[Answer, Answer]]:
    """Every cell that is not as declared: what it is, and what it should be."""
    wrong = {}
    for actor, action in product(ACTORS, (*ACTIONS, *ENTERING)):
        with undone():
            given = answer_of(world.request(world.apis[actor], action))
        if given != (wanted := expected(actor, action, state)):
            wrong[actor, action] = (given, wanted)
    return wrong


@pytest.mark.parametrize("state", STATES)
def test_every_actor_gets_the_declared_answer_to_every_action(state: str) -> None:
    world = World(state)
    assert wrong_cells(world, state) == {}


def test_a_refused_action_changes_nothing() -> None:
    world = World("private")

    def everything() -> list[Any]:
        conversation = Conversation.objects.get(pk=world.conversation.pk)
        rows: list[Any] = [conversation.memberships, conversation.bans, conversation.invitations, conversation.events]
        return [Conversation.objects.filter(pk=conversation.pk).values().get(), *(list(row.values()) for row in rows)]

    before = everything()
    for actor, action in product(ACTORS, (*ACTIONS, *ENTERING)):
        if expected(actor, action, "private").code:
            world.request(world.apis[actor], action)
            assert everything() == before, (actor, action)


@pytest.mark.parametrize("action", ["remove", "mute", "unmute", "ban", "change role"])
def test_nobody_acts_on_a_role_equal_to_or_above_their_own(action: str) -> None:
    world, wrong = World("private"), {}
    for role in ROLES:
        world.target = person()
        if role == "owner":
            world.target = world.owner
        else:
            bring_in(world.conversation, role, world.target)
        # An owner acts on themselves then, which has an answer of its own.
        for actor in ROLES if role != "owner" else ROLES[1:]:
            with undone():
                given = answer_of(world.request(world.apis[actor], action))
            if given != (wanted := on_role(actor, action, role)):
                wrong[actor, role] = (given, wanted)
    assert wrong == {}


@pytest.mark.parametrize("action", ["invite", "add", "change role"])
def test_nobody_gives_a_role_equal_to_or_above_their_own(action: str) -> None:
    world, wrong = World("private"), {}
    observer = bring_in(world.conversation, "observer")
    for actor, role in product(ROLES, ROLES):
        with undone():
            api = world.apis[actor]
            if action == "invite":
                answer = api.post(f"{world.path}/invitations", {"role": role})
            elif action == "add":
                answer = api.post(f"{world.path}/participants", {"participant": str(world.spare.pk), "role": role})
            else:
                answer = api.patch(f"{world.path}/participants/{observer.pk}", {"role": role})
            given = answer_of(answer)
        if given != (wanted := giving_role(actor, action, role)):
            wrong[actor, role] = (given, wanted)
    assert wrong == {}


@pytest.mark.parametrize("action", ["remove", "mute", "ban"])
@pytest.mark.parametrize("role", ["owner", "admin", "moderator"])
def test_nobody_moderates_themselves(role: str, action: str) -> None:
    world = World("private")
    world.target = world.people[role]
    answer = answer_of(world.request(world.apis[role], action))
    assert answer.status in {400, 403}
    with undone():
        assert world.request(world.apis[role], "read detail").status_code == 200


def test_an_owner_does_not_step_down_without_a_successor() -> None:
    world = World("private")
    path = f"{world.path}/participants/{world.owner.pk}"
    for role in ("admin", "moderator", "member", "observer"):
        assert_refused(world.apis["owner"].patch(path, {"role": role}), 403, "last_owner")


def test_an_agent_cannot_be_made_the_owner() -> None:
    world = World("private")
    path = f"{world.path}/participants/{world.people['agent'].pk}"
    assert_refused(world.apis["owner"].patch(path, {"role": "owner"}), 400, "validation_error", errors=[
        {"field": "participant", "code": "invalid", "detail": "Only a person can own a conversation."}
    ])  # fmt: skip
