"""Every actor, every action, every state of a conversation, over REST: each answer is what the table says."""

from itertools import product
from typing import Any

import pytest

from conversations.models import Conversation
from tests.contract.matrix import ACTIONS, ACTORS, ENTERING, ROLES, STATES, Answer, expected, giving_role, on_role
from tests.contract.shapes import assert_refused
from tests.contract.world import World, undone
from tests.personas import bring_in, person

pytestmark = pytest.mark.django_db


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
        {"field": "participant", "code": "invalid", "detail": "Only a person with an account can own a conversation."}
    ])  # fmt: skip
