"""For any script of commands: numbers without a hole, a log that tells the whole state, exact unread counts."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations import events
from conversations.models import Event, Membership
from conversations.policy import Standing
from conversations.services import conversations, invitations, memberships, messages, sends
from participants.errors import ChatError
from tests.personas import agent, client_of, conversation_of, person

pytestmark = pytest.mark.django_db

people = st.integers(0, 4)
roles = st.sampled_from(["owner", "admin", "moderator", "member", "observer"])
changes = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["Tea", "Coffee", "Milk"]),
        "visibility": st.sampled_from(["public", "private"]),
        "locked": st.booleans(),
        "archived": st.booleans(),
        "slow_mode_s": st.integers(0, 2),
    },
)
commands = st.one_of(
    st.tuples(st.just("join"), people),
    st.tuples(st.just("leave"), people),
    st.tuples(st.just("add"), people, people, roles),
    st.tuples(st.just("remove"), people, people),
    st.tuples(st.just("role"), people, people, roles),
    st.tuples(st.just("update"), people, changes),
    st.tuples(st.just("send"), people, st.sampled_from([None, "k1", "k2"])),
    st.tuples(st.just("read"), people, st.integers(0, 40)),
)
scripts = st.lists(commands, max_size=25)
many = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Stage:
    """A public conversation of the first of five, the last of whom is an agent; refused commands change nothing."""

    def __init__(self) -> None:
        self.cast = [*(person() for _ in range(4)), agent()]
        self.conversation = conversation_of(self.cast[0], visibility="public")
        self.refused = 0

    def play(self, script) -> None:
        for name, *arguments in script:
            before = Event.objects.filter(conversation=self.conversation).count()
            try:
                getattr(self, name)(*arguments)
            except ChatError:
                self.refused += 1
                assert Event.objects.filter(conversation=self.conversation).count() == before
        self.conversation.refresh_from_db()

    def join(self, who):
        invitations.conversation_join(participant=self.cast[who], conversation_id=self.conversation.pk)

    def leave(self, who):
        memberships.conversation_leave(participant=self.cast[who], conversation_id=self.conversation.pk)

    def add(self, actor, who, role):
        memberships.participant_add(
            actor=self.cast[actor],
            conversation_id=self.conversation.pk,
            participant=self.cast[who],
            role=Standing(role),
        )

    def remove(self, actor, who):
        memberships.participant_remove(
            actor=self.cast[actor], conversation_id=self.conversation.pk, participant_id=self.cast[who].pk
        )

    def role(self, actor, who, role):
        memberships.role_change(
            actor=self.cast[actor], conversation_id=self.conversation.pk, participant_id=self.cast[who].pk,
            role=Standing(role),
        )  # fmt: skip

    def update(self, actor, fields):
        conversations.conversation_update(actor=self.cast[actor], conversation_id=self.conversation.pk, **fields)

    def send(self, who, key):
        sends.message_send(author=self.cast[who], conversation_id=self.conversation.pk, content="hello", message_id=key)

    def read(self, who, sequence):
        messages.read_mark(participant=self.cast[who], conversation_id=self.conversation.pk, sequence=sequence)

    @property
    def entries(self) -> list[Event]:
        return list(Event.objects.filter(conversation=self.conversation).order_by("sequence"))


def replayed(frames):
    """Members with their roles and the conversation's fields, from nothing but the log.

    The creator's role is not in the log: number 1 is the owner's by the contract. Of those who were added as
    something else than a member the log tells no role, so roles count from the first change on.
    """
    roles: dict[str, str | None] = {}
    state: dict[str, object] = {
        "title": "Tea",
        "visibility": "public",
        "locked": False,
        "archived": False,
        "slow_mode_s": 0,
        "mode": "single",
    }
    for frame in frames:
        events.ENTRY.validate_python(frame)
        who = frame.get("participant", {}).get("id")
        match frame["type"]:
            case "participant_joined":
                roles[who] = "owner" if frame["sequence_id"] == 1 else None
            case "participant_left":
                del roles[who]
            case "role_changed":
                roles[who] = frame["role"]
            case "conversation_updated":
                assert all(state[name] != value for name, value in frame["changes"].items())
                state |= frame["changes"]
        if "participant_count" in frame:
            assert frame["participant_count"] == len(roles)
    return roles, state


@many
@given(scripts)
def test_numbers_have_no_hole_and_messages_no_twin(script):
    stage = Stage()
    stage.play(script)
    assert [entry.sequence for entry in stage.entries] == list(range(1, stage.conversation.last_sequence + 1))
    keys = [(entry.author_id, entry.message_id) for entry in stage.entries if entry.type == "message"]
    assert len(keys) == len(set(keys))


@many
@given(scripts)
def test_the_log_tells_the_state(script):
    stage = Stage()
    stage.play(script)
    current = {str(m.participant_id): m.role for m in Membership.objects.filter(conversation=stage.conversation)}
    reader = next((who for who in stage.cast if str(who.pk) in current), None)
    if reader is None:
        assert stage.conversation.archived_at is not None
        return
    api = client_of(reader)
    roles, state = replayed(api.get(f"conversations/{stage.conversation.pk}/events?limit=300").json()["events"])
    detail = api.get(f"conversations/{stage.conversation.pk}").json()
    assert {row["id"]: row["role"] for row in detail["participants"]} == current
    assert roles.keys() == current.keys()
    assert all(role in {None, current[who]} for who, role in roles.items())
    fetched = {name: detail[name] for name in state if name != "archived"}
    assert state == fetched | {"archived": detail["archived_at"] is not None}


@many
@given(scripts)
def test_there_is_one_owner_a_person_while_there_is_any_person(script):
    stage = Stage()
    stage.play(script)
    members = Membership.objects.filter(conversation=stage.conversation).select_related("participant")
    owners = [member for member in members if member.role == "owner"]
    if any(member.participant.is_human for member in members):
        assert [owner.participant.is_human for owner in owners] == [True]
    else:
        assert stage.conversation.archived_at is not None


@many
@given(scripts)
def test_unread_counts_are_what_counting_gives(script):
    stage = Stage()
    stage.play(script)
    for member in Membership.objects.filter(conversation=stage.conversation).select_related("participant"):
        wanted = sum(
            entry.type == "message"
            and entry.author_id != member.participant_id
            and entry.sequence > member.last_read_sequence
            for entry in stage.entries
        )
        api = client_of(member.participant)
        assert api.get(f"conversations/{stage.conversation.pk}").json()["unread_count"] == wanted
        rows = [
            *api.get("conversations").json()["conversations"],
            *api.get("conversations?archived=1").json()["conversations"],
        ]
        assert [row["unread_count"] for row in rows] == [wanted]
