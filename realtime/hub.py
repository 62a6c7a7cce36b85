"""The hub: what one process knows of the conversations its sockets follow, and how news comes and goes.

It has ONE channel of the channel layer, which may drop, reorder, repeat or be down: the line of each room puts what
comes in order, and the log fills what does not. All of it runs on the event loop; only :meth:`Hub.ring` may be called
from other threads.
"""

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.utils import timezone
from redis import RedisError

from conversations import publish
from conversations.publish import Control, Encoded, Entries, News, Transient
from participants import services
from participants.errors import ChatError
from participants.presence import Connection, get_presence
from realtime import database, metrics, replay
from realtime.close_codes import CloseCode
from realtime.conf import conf
from realtime.room import Room
from realtime.session import Subscription
from realtime.socket import Following, Reading, Socket

logger = logging.getLogger(__name__)

# What the presence store raises when it does not answer.
_STORE_ERRORS = (RedisError, OSError)


class Hub:
    """One a process, started by the first request that the process serves."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self.sockets: set[Socket] = set()
        self.rooms: dict[UUID, Room] = {}
        self.layer_answers_at: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channel: str | None = None
        self._groups: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start on the running loop, once; hang up the bells."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._outgoing: asyncio.Queue[News] = asyncio.Queue(conf.publish_queue)
        self._regroup = asyncio.Event()
        publish.hang_bell(self.ring)
        services.access_changed.append(lambda participant: publish.publish_now_unsafe(Control(participant)))
        self.own(self._receive())
        self.own(self._publish())
        self.own(self._follow_groups())
        self.own(self._every(lambda: conf.position_seconds, self._check_positions))
        self.own(self._every(lambda: conf.access_seconds, self._check_access))
        self.own(self._every(lambda: conf.lease_renewal_seconds, self._renew_lease))
        self.own(self._every(lambda: conf.presence_seconds, self._check_presence))
        self.own(self._every(lambda: 1.0, self._check_expiry))

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` as a task that the hub holds on to and whose failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("a task of the hub failed", exc_info=error)

    async def _every(self, seconds: Callable[[], float], check: Callable[[], Awaitable[None]]) -> None:
        """Run ``check`` for ever, jittered so that processes do not beat in step; a failure waits for the next time."""
        while True:
            await asyncio.sleep(seconds() * random.uniform(0.85, 1.0))  # noqa: S311 - no secret
            try:
                await check()
            except (ChatError, *_STORE_ERRORS) as error:
                logger.warning("check put off", extra={"check": check.__name__, "error": type(error).__name__})
            except Exception:
                logger.exception("check failed", extra={"check": check.__name__})

    # --- news ---------------------------------------------------------------------------------------------------------

    def ring(self, *news: News) -> None:
        """Take news of this process, from any thread: to its own sockets at once, and to the other processes."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._send_round, news)

    def _send_round(self, news: Iterable[News]) -> None:
        for each in news:
            self._take(each)
            if self._outgoing.full():
                # The oldest goes: whoever needed it finds it in the log.
                self._outgoing.get_nowait()
                metrics.news_dropped.inc()
            self._outgoing.put_nowait(each)

    def _take(self, news: News) -> None:
        match news:
            case Entries(conversation, entries):
                if room := self.rooms.get(conversation):
                    room.deliver(entries)
                    if room.line.has_hole:
                        self._fill(room, conf.hole_seconds)
            case Transient(conversation):
                if room := self.rooms.get(conversation):
                    room.pass_on(news)
            case Control(presence=True, participant=participant) if participant is not None:
                self.own(_quietly(self._look_at_presence(participant)))
            case Control():
                self.own(_quietly(self._check_access_of(self._concerned(news))))

    def _concerned(self, news: Control) -> list[Socket]:
        return [
            socket
            for socket in self.sockets
            if socket.participant_id == news.participant or news.conversation in socket.following
        ]

    async def _publish(self) -> None:
        """The one task that gives news to the channel layer; what waits together for a conversation goes together."""
        layer = get_channel_layer()
        while True:
            batch = [await self._outgoing.get()]
            while not self._outgoing.empty() and len(batch) < 200:
                batch.append(self._outgoing.get_nowait())
            for news in _joined(batch):
                message = news.message() | {"process": self.process}
                await self._guarded("group_send", layer.group_send(publish.group_of(news), message))

    async def _guarded(self, call: str, work: Awaitable[None]) -> bool:
        """Await a call of the channel layer, with a bound in time; whether it succeeded."""
        try:
            async with asyncio.timeout(conf.layer_seconds):
                await work
        except Exception as error:  # noqa: BLE001 - layers raise what their stores raise; nothing depends on them
            metrics.layer_errors.labels(call).inc()
            self.layer_answers_at = None
            logger.warning("channel layer failed", extra={"call": call, "error": type(error).__name__})
            return False
        self.layer_answers_at = time.monotonic()
        return True

    async def _receive(self) -> None:
        """The one reader of the process's channel. Never cancelled by a timeout: that would delete the channel."""
        layer = get_channel_layer()
        while True:
            try:
                if self._channel is None:
                    self._channel = await layer.new_channel()
                    self._regroup.set()
                message = await layer.receive(self._channel)
                if message.pop("process", None) != self.process:
                    self._take(publish.news_of(message))
            except Exception as error:  # noqa: BLE001 - as above; and a message from a newer version may be anything
                metrics.layer_errors.labels("receive").inc()
                logger.warning("channel layer failed", extra={"call": "receive", "error": type(error).__name__})
                await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - no secret

    async def _follow_groups(self) -> None:
        """Bring the channel's groups to what the rooms need; as a group stands, the room's position is checked."""
        layer = get_channel_layer()
        while True:
            await self._regroup.wait()
            self._regroup.clear()
            if self._channel is None:
                continue
            wanted = {publish.EVERY_PROCESS, *map(publish.conversation_group, self.rooms)}
            for group in self._groups - wanted:
                await self._guarded("group_discard", layer.group_discard(group, self._channel))
                self._groups.discard(group)
            added = False
            for group in wanted - self._groups:
                if await self._guarded("group_add", layer.group_add(group, self._channel)):
                    self._groups.add(group)
                    added = True
                else:
                    self._loop.call_later(1, self._regroup.set)  # type: ignore[union-attr]
                    break
            if added:  # what came between the snapshot and the subscription is in the log
                self.own(_quietly(self._check_positions()))

    # --- rooms --------------------------------------------------------------------------------------------------------

    def follow(self, socket: Socket, found: replay.Snapshot, cursor: int) -> Room:
        """Add a subscription of ``socket`` at ``cursor``, not yet live."""
        room = self.rooms.get(found.conversation)
        if room is None:
            room = self.rooms[found.conversation] = Room(found.conversation, found.current)
            room.online = set(found.online)
            self._regroup.set()
            metrics.conversations.set(len(self.rooms))
        if len(found.members) <= conf.presence_members:
            room.members = found.members
        room.forget(socket)
        socket.following[found.conversation] = Following(Subscription(cursor), Reading(found.situation, found.first))
        room.sockets.add(socket)
        return room

    def unfollow(self, socket: Socket, conversation: UUID) -> None:
        """Take a subscription off; the last one of a room takes the room along."""
        if room := self.rooms.get(conversation):
            room.forget(socket)
            self._tidy(room)

    def _tidy(self, room: Room) -> None:
        if not room.sockets and self.rooms.pop(room.conversation, None) is not None:
            self._regroup.set()
            metrics.conversations.set(len(self.rooms))

    def add(self, socket: Socket) -> None:
        """A socket is open."""
        self.sockets.add(socket)
        metrics.sockets.set(len(self.sockets))
        publish.publish_now_unsafe(Control(participant=socket.participant_id, presence=True))

    def remove(self, socket: Socket) -> None:
        """A socket is gone."""
        self.sockets.discard(socket)
        metrics.sockets.set(len(self.sockets))
        for conversation in list(socket.following):
            self.unfollow(socket, conversation)
        self.release(socket.connection)

    def release(self, connection: Connection) -> None:
        """Give the lease of a connection back, and tell the others if its participant is gone with it."""
        self.own(_quietly(self._release(connection)))

    async def _release(self, connection: Connection) -> None:
        if await database.run(replay.lease_close, connection):
            await asyncio.sleep(conf.presence_grace_seconds)
            publish.publish_now_unsafe(Control(participant=connection.participant, presence=True))

    # --- holes and positions ------------------------------------------------------------------------------------------

    def _fill(self, room: Room, delay: float = 0.0) -> None:
        if not room.filling:
            room.filling = True
            self.own(self._fill_from_log(room, delay))

    async def _fill_from_log(self, room: Room, delay: float) -> None:
        """Read the log from the room's position until nothing is missing."""
        try:
            await asyncio.sleep(delay)  # two commits may just have overtaken each other on the way here
            while room.sockets and (delay == 0.0 or room.line.has_hole):
                metrics.hole_repairs.inc()
                entries: list[Encoded] = await database.run(replay.entries_after, room.conversation, room.line.position)
                if not entries:
                    break
                room.deliver(entries)
        finally:
            room.filling = False

    async def _check_positions(self) -> None:
        """Compare all rooms with the log, in one query: a lost doorbell costs seconds."""
        if not self.rooms:
            return
        newest = await database.run(replay.positions, list(self.rooms))
        for conversation, position in newest.items():
            room = self.rooms.get(conversation)
            if room is not None and position > room.line.position:
                metrics.position_repairs.inc()
                self._fill(room)

    # --- access -------------------------------------------------------------------------------------------------------

    async def _check_access(self) -> None:
        await self._check_access_of(list(self.sockets))
        for room in list(self.rooms.values()):
            self._tidy(room)

    async def _check_access_of(self, sockets: Iterable[Socket]) -> None:
        """Look up again what these sockets may do; whoever lost it is told and let go."""
        asked = {socket: set(socket.following) for socket in sockets}
        if not asked:
            return
        access = await database.run(
            replay.access,
            {socket.credential.sign_in_id for socket in asked},
            {socket.participant_id for socket in asked},
            set().union(*asked.values()),
        )
        for socket, conversations in asked.items():
            if socket.credential.sign_in_id not in access.sign_ins:
                socket.close(CloseCode.SIGN_IN_ENDED, "token_revoked")
                continue
            for conversation in conversations & socket.following.keys():
                reading = access.readings.get((socket.participant_id, conversation))
                if reading is not None:
                    socket.following[conversation].reading = reading
                elif room := self.rooms.get(conversation):
                    room.drop(socket, "removed" if conversation in access.conversations else "deleted")

    async def _check_expiry(self) -> None:
        for socket in list(self.sockets):
            socket.check_expiry()
            socket.check_overdue()

    # --- presence -----------------------------------------------------------------------------------------------------

    async def _renew_lease(self) -> None:
        known = await database.run(get_presence().renew, self.process)
        if not known and self.sockets:
            await database.run(get_presence().restore, [socket.connection for socket in self.sockets])

    async def _check_presence(self) -> None:
        """Compare what the rooms show with the leases; somebody twice not found is gone (a restart is no going)."""
        if not self.rooms:
            return
        members, online = await database.run(replay.presence_of, list(self.rooms))
        for conversation, ids in members.items():
            room = self.rooms.get(conversation)
            if room is None:
                continue
            room.members = frozenset(ids)
            missed = {participant for participant in room.online if participant not in online}
            for participant in missed & room.missed_once:
                room.show_presence(participant, is_online=False, last_seen_at=timezone.now())
            room.missed_once = missed
            for participant in ids & online:
                room.show_presence(participant, is_online=True)

    async def _look_at_presence(self, participant: UUID) -> None:
        rooms = [room for room in self.rooms.values() if participant in room.members]
        if not rooms:
            return
        online = await database.run(get_presence().online, [participant])
        for room in rooms:
            room.show_presence(
                participant,
                is_online=participant in online,
                last_seen_at=None if participant in online else timezone.now(),
            )


async def _quietly(check: Awaitable[None]) -> None:
    """Run a check that is only early: what it cannot do now its next regular run does."""
    try:
        await check
    except (ChatError, *_STORE_ERRORS):
        logger.info("early check put off to the next regular one")


def _joined(batch: list[News]) -> list[News]:
    """Entries of one conversation as one piece of news, at the place of the first; the rest as it is."""
    entries: dict[UUID, list[Encoded]] = {}
    joined: list[News] = []
    for news in batch:
        if isinstance(news, Entries):
            if news.conversation not in entries:
                entries[news.conversation] = []
                joined.append(Entries(news.conversation, entries[news.conversation]))
            entries[news.conversation].extend(news.entries)
        else:
            joined.append(news)
    return joined


hub = Hub()


class HubMiddleware:
    """ASGI: starts the hub with the first request. Not in lifespan, which not every server has."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Start the hub if it is not, then go on."""
        hub.start()
        await self.application(scope, receive, send)
