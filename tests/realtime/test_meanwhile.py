"""What a process reads is old by the time it is there: what happened meanwhile still counts."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections

from conversations import reading
from conversations.models import Conversation
from conversations.publish import Control, Encoded, Entries
from conversations.services import conversations, memberships, messages
from participants import services
from participants.authentication import Credential, authenticate_access
from participants.models import Participant
from realtime import replay, subscriptions
from realtime.hub import Hub, hub
from realtime.room import Room
from realtime.socket import Reading, Socket
from realtime.tasks import Tasks
from realtime.unread import UnreadWatch
from tests.personas import conversation_of, person, say
from tests.realtime.wire import PATIENCE, Wire, socket_on

pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """Ann's conversation with Ben in it, and a socket of Ben's."""

    def __init__(self) -> None:
        self.ann, self.ben = person("ann"), person("ben")
        self.talk: Conversation = conversation_of(self.ann, self.ben)

    def credential(self) -> Credential:
        """Another sign-in of Ben's."""
        return authenticate_access(services.token_issue(participant=self.ben)["access"])

    def remove(self) -> Entries:
        """Ben is removed; what the bell says of it."""
        memberships.participant_remove(actor=self.ann, conversation_id=self.talk.pk, participant_id=self.ben.pk)
        self.talk.refresh_from_db()
        text = b'{"type":"participant_left","reason":"removed"}'
        return Entries(self.talk.pk, [Encoded(self.talk.last_sequence, text, leaver=self.ben.pk)])


@pytest.fixture
async def stage() -> Any:
    yield await sync_to_async(Stage)()
    await sync_to_async(connections.close_all)()


def snapshot(participant: Participant, conversation: UUID) -> replay.Snapshot:
    found = replay.snapshot(participant, conversation)
    connections.close_all()
    return found


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub of this process, in which nothing runs."""
    monkeypatch.setattr(hub.link, "regroup", lambda: None)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("bell", ["entry", "control"])
async def test_whoever_is_removed_between_the_look_and_the_start_is_told_at_once(stage: Stage, bell: str) -> None:
    wire = Wire(is_open=True)
    socket = socket_on(wire, await sync_to_async(stage.credential)(), stage.talk.pk)
    since = hub.controls
    found = await sync_to_async(snapshot)(stage.ben, stage.talk.pk)
    entries = await sync_to_async(stage.remove)()
    hub._take(entries if bell == "entry" else Control(participant=stage.ben.pk))  # before the socket is known here
    try:
        subscriptions.begin(socket, found, None, since=since)
        assert (await wire.until("closing"))["reason"] == "removed"
        assert [frame["type"] for frame in wire.frames] == ["connected", "closing"]
    finally:
        hub.unfollow(socket, stage.talk.pk)
        await socket.end()


class SlowRead:
    """Holds up what the first look has read, until ``open``."""

    def __init__(self, read: Callable[..., Any]) -> None:
        self.read = read
        self.done = threading.Event()
        self.open = threading.Event()

    def __call__(self, *arguments: Any) -> Any:
        found = self.read(*arguments)
        if not self.done.is_set():
            self.done.set()
            assert self.open.wait(PATIENCE)
        return found


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowRead:
    slow = SlowRead(replay.access)
    monkeypatch.setattr(replay, "access", slow)
    return slow


def follow(one: Hub, socket: Socket, found: replay.Snapshot) -> Room:
    one.sockets.add(socket)
    return one.follow(socket, found, found.current)


@pytest.fixture
def own_hub() -> Hub:
    """A hub that nothing runs in."""
    made = Hub()
    made.link.regroup = lambda: None  # type: ignore[method-assign]
    return made


async def test_a_look_that_comes_late_does_not_undo_what_a_later_one_has_read(
    stage: Stage, slow: SlowRead, own_hub: Hub
) -> None:
    wire = Wire(is_open=True)
    socket = socket_on(wire, await sync_to_async(stage.credential)(), stage.talk.pk)
    follow(own_hub, socket, await sync_to_async(snapshot)(stage.ben, stage.talk.pk))
    first = asyncio.create_task(own_hub._check_access_of([socket]))
    await asyncio.to_thread(slow.done.wait, PATIENCE)
    await sync_to_async(conversations.conversation_update)(
        actor=stage.ann, conversation_id=stage.talk.pk, history="from_join"
    )
    await own_hub._check_access_of([socket])

    def reading() -> Reading:
        return socket.following[stage.talk.pk].reading

    assert reading().first == 2  # where Ben joined
    slow.open.set()
    await first
    assert reading().first == 2
    await socket.end()


async def test_who_has_subscribed_anew_or_signed_in_anew_meanwhile_stays(
    stage: Stage, slow: SlowRead, own_hub: Hub
) -> None:
    wire = Wire(is_open=True)
    former, newer = [await sync_to_async(stage.credential)() for _ in range(2)]
    await sync_to_async(services.sign_in_end)(participant=stage.ben, sign_in_id=former.sign_in_id)
    socket = socket_on(wire, former, None)
    found = await sync_to_async(snapshot)(stage.ben, stage.talk.pk)
    follow(own_hub, socket, found)
    await sync_to_async(stage.remove)()
    look = asyncio.create_task(own_hub._check_access_of([socket]))
    await asyncio.to_thread(slow.done.wait, PATIENCE)
    socket.credential = newer
    follow(own_hub, socket, found)
    slow.open.set()
    await look
    assert not socket.is_closing
    assert stage.talk.pk in socket.following
    assert wire.frames == []
    await socket.end()


@pytest.mark.usefixtures("quiet")
async def test_replays_on_one_socket_take_turns_and_overflow_nothing(stage: Stage, settings: Any) -> None:
    settings.CHAT_OUTBOX_BYTES = 12_000  # all that says ``connected``, and one page

    def talks() -> list[Conversation]:
        made = [conversation_of(stage.ann, stage.ben) for _ in range(6)]
        for each in made:
            say(stage.ann, each, "x" * 1200)
        connections.close_all()
        return made

    made = await sync_to_async(talks)()
    wire = Wire()
    socket = socket_on(wire, await sync_to_async(stage.credential)())
    try:
        for each in made:
            found = await sync_to_async(snapshot)(stage.ben, each.pk)
            subscriptions.begin(socket, found, 0, since=hub.controls)
        replays = [following.replay for following in socket.following.values()]
        await asyncio.wait([replay for replay in replays if replay], timeout=2)  # as far as they get
        wire.gate.set()
        await wire.until("sync", len(made))
        assert {frame["conversation_id"] for frame in wire.frames if frame["type"] == "sync"} == {
            str(each.pk) for each in made
        }
        assert not socket.is_closing
    finally:
        for each in made:
            hub.unfollow(socket, each.pk)
        await socket.end()


@pytest.mark.usefixtures("quiet")
async def test_what_is_deleted_while_its_reader_is_slow_is_not_in_the_page_it_gets(stage: Stage) -> None:
    event = await sync_to_async(say)(stage.ann, stage.talk, "canary")
    wire = Wire()
    socket = socket_on(wire, await sync_to_async(stage.credential)(), stage.talk.pk)
    try:
        found = await sync_to_async(snapshot)(stage.ben, stage.talk.pk)
        subscriptions.begin(
            socket, found, 0, since=hub.controls
        )  # ``connected`` is on its way, the page behind it waits
        (following,) = socket.following.values()
        assert following.replay is not None
        socket.put_frame({"type": "pong"})
        await asyncio.wait([following.replay], timeout=1)
        await sync_to_async(messages.message_delete)(actor=stage.ann, message_id=event.pk)
        wire.gate.set()
        page = await wire.until("sync")
        assert "canary" not in str(page)
        assert page["events"][-2]["deleted"] is True
    finally:
        hub.unfollow(socket, stage.talk.pk)
        await socket.end()


async def test_counts_that_could_not_be_read_are_told_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CHAT_UNREAD_SECONDS = 0.01
    wire = Wire(is_open=True)
    socket = socket_on(wire, await sync_to_async(stage.credential)())
    watch = UnreadWatch({socket}, Tasks(), lambda: None)
    await watch.check()
    read, failures = reading.counts_in, iter([OperationalError("the server closed the connection"), None])

    def counts_in(*arguments: Any) -> Any:
        if error := next(failures):
            raise error
        return read(*arguments)

    monkeypatch.setattr(reading, "counts_in", counts_in)
    await sync_to_async(say)(stage.ann, stage.talk)
    watch.note(Entries(stage.talk.pk, []))
    assert (await wire.until("unread"))["unread_count"] == 1
    await socket.end()
