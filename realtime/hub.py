"""The hub: what one process knows of the conversations its sockets follow, and how news reaches them.

News comes from this process's own writers and, through the link to the channel layer, from others; either may drop,
reorder or repeat: the line of each room puts what comes in order, and the log fills what does not. All of it runs on
the event loop; only :meth:`Hub.ring` may be called from other threads.
"""

import asyncio
import uuid
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from conversations import publish
from conversations.publish import Control, Encoded, Entries, News, Transient
from participants import services
from participants.presence import Status
from realtime import database, metrics, replay
from realtime.close_codes import CloseCode
from realtime.conf import conf
from realtime.handover import Handover
from realtime.layer import LayerLink
from realtime.presence import PresenceWatch
from realtime.room import Room
from realtime.session import Subscription
from realtime.socket import Following, Reading, Socket
from realtime.tasks import Tasks
from realtime.unread import UnreadWatch


class Hub:
    """One a process, started by the first request that the process serves."""

    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self.sockets: set[Socket] = set()
        self.rooms: dict[UUID, Room] = {}
        self.is_ready = True  # to be given requests
        self.is_open = True  # to sockets
        self.tasks = Tasks()
        self.controls = 0  # doorbells about access so far, and entries that ended somebody's
        self._looks = 0
        self.presence = PresenceWatch(self.process, self.rooms, self.sockets, self.tasks)
        self.unread = UnreadWatch(self.sockets, self.tasks, self._regroup)
        self.link = LayerLink(self.process, take=self._take, wanted=self._groups, rejoined=self._check_positions_early)
        self.handover = Handover()
        self._is_started = False

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start on the running loop, once; hang up the bells."""
        if self._is_started:
            return
        self._is_started = True
        self.handover.start()
        publish.hang_bell(self.ring)
        services.access_changed.append(lambda participant: publish.publish_now_unsafe(Control(participant)))
        self.link.start(self.tasks.own)
        self.presence.start()
        self.unread.start()
        self.tasks.every(lambda: conf.position_seconds, self._check_positions)
        self.tasks.every(lambda: conf.access_seconds, self._check_access)
        self.tasks.every(lambda: 1.0, self._check_expiry)

    async def drain(self, seconds: float) -> None:
        """Take no new sockets and end those there are: first what is in flight on each, for at most ``seconds``."""
        self.is_open = False
        await asyncio.gather(*(socket.retire(seconds) for socket in list(self.sockets)))

    # --- news ---------------------------------------------------------------------------------------------------------

    def ring(self, *news: News) -> None:
        """Take news of this process, from any thread: to its own sockets at once, and to the other processes."""
        self.handover.add(self._send_round, news)

    def _send_round(self, news: Iterable[News]) -> None:
        for each in news:
            self._take(each)
            self.link.send(each)

    def _take(self, news: News) -> None:
        match news:
            case Entries(conversation, entries):
                self.unread.note(news)
                self.controls += any(entry.leaver for entry in entries)
                if room := self.rooms.get(conversation):
                    room.deliver(entries)
                    if room.line.has_hole:
                        self._fill(room)
            case Transient(conversation):
                self.unread.note(news)
                if room := self.rooms.get(conversation):
                    room.pass_on(news)
            case Control(presence=True, participant=participant) if participant is not None:
                self.presence.look_at(participant)
            case Control():
                self.controls += 1
                if news.participant is not None:
                    self.unread.look_at(news.participant)
                self.tasks.early(self._check_access_of(self._concerned(news)))

    def _concerned(self, news: Control) -> list[Socket]:
        return [
            socket
            for socket in self.sockets
            if socket.participant_id == news.participant or news.conversation in socket.following
        ]

    def _regroup(self) -> None:
        self.link.regroup()

    def _groups(self) -> Iterable[str]:
        return map(publish.conversation_group, {*self.rooms, *self.unread.conversations})

    # --- rooms --------------------------------------------------------------------------------------------------------

    def follow(self, socket: Socket, found: replay.Snapshot, cursor: int, *, presence: bool = False) -> Room:
        """Add a subscription of ``socket`` at ``cursor``, not yet live; ``presence`` is wished for however large."""
        room = self.rooms.get(found.conversation)
        if room is None:
            room = self.rooms[found.conversation] = Room(found.conversation, found.current)
            room.shown = dict.fromkeys(found.online, Status.ONLINE)
            self.link.regroup()
            metrics.conversations.set(len(self.rooms))
        room.is_large = len(found.members) > conf.presence_members
        room.forget(socket)
        socket.following[found.conversation] = Following(
            Subscription(cursor), Reading(found.situation, found.first), wants_presence=presence
        )
        room.sockets.add(socket)
        if not room.is_large or room.is_wanted_large:
            room.members = found.members
        return room

    def unfollow(self, socket: Socket, conversation: UUID) -> None:
        """Take a subscription off; the last one of a room takes the room along."""
        if room := self.rooms.get(conversation):
            room.forget(socket)
            self._tidy(room)

    def _tidy(self, room: Room) -> None:
        if not room.sockets and self.rooms.pop(room.conversation, None) is not None:
            self.link.regroup()
            metrics.conversations.set(len(self.rooms))

    def add(self, socket: Socket) -> None:
        """A socket is open."""
        self.sockets.add(socket)
        if not self.is_open:  # its handshake was over just before
            self.tasks.own(socket.retire(0.0))
        metrics.sockets.set(len(self.sockets))
        self.unread.add(socket)
        publish.publish_now_unsafe(Control(participant=socket.participant_id, presence=True))

    def remove(self, socket: Socket) -> None:
        """A socket is gone."""
        self.sockets.discard(socket)
        metrics.sockets.set(len(self.sockets))
        for conversation in list(socket.following):
            self.unfollow(socket, conversation)
        self.unread.remove(socket)
        self.presence.release(socket.connection)

    # --- holes and positions ------------------------------------------------------------------------------------------

    def _fill(self, room: Room) -> None:
        if not room.filling:
            room.filling = True
            self.tasks.own(self._fill_from_log(room))

    async def _fill_from_log(self, room: Room) -> None:
        """Read the log from the room's position until nothing is missing that is known to be there."""
        try:
            # Two commits may just have overtaken each other on the way here; what seems lost is mostly late.
            await asyncio.sleep(conf.hole_seconds)
            while room.sockets and (room.line.has_hole or room.line.position < room.newest):
                metrics.hole_repairs.inc()
                entries: list[Encoded] = await database.run(replay.entries_after, room.conversation, room.line.position)
                if not entries:
                    break
                if entries[0].sequence > room.line.position + 1:
                    room.skip(entries[0].sequence - 1)
                room.deliver(entries)
        finally:
            room.filling = False

    def _check_positions_early(self) -> None:
        self.tasks.early(self._check_positions())

    async def _check_positions(self) -> None:
        """Compare all rooms with the log, in one query: a lost doorbell costs seconds."""
        if not self.rooms:
            return
        newest = await database.run(replay.positions, list(self.rooms))
        for conversation, position in newest.items():
            room = self.rooms.get(conversation)
            if room is not None and position > room.line.position:
                metrics.position_repairs.inc()
                room.newest = position
                self._fill(room)

    # --- access -------------------------------------------------------------------------------------------------------

    async def _check_access(self) -> None:
        await self._check_access_of(list(self.sockets))
        for room in list(self.rooms.values()):
            self._tidy(room)

    def check_if_rung(self, socket: Socket, since: int) -> None:
        """Look again at a socket whose rights were read when ``controls`` was ``since``, if a doorbell rang meanwhile:

        it rang for those who were here, and what was read may be older.
        """
        if self.controls != since:
            self.tasks.early(self._check_access_of([socket]))

    async def _check_access_of(self, sockets: Iterable[Socket]) -> None:
        """Look up again what these sockets may do; whoever lost it is told and let go.

        Looks overtake each other, and a socket may sign in or subscribe anew during one: what was read is applied to
        what was asked about, and never over what a later look has read.
        """
        asked = {socket: (socket.credential.sign_in_id, dict(socket.following)) for socket in sockets}
        if not asked:
            return
        self._looks = look = self._looks + 1
        access = await database.run(
            replay.access,
            {sign_in for sign_in, _ in asked.values()},
            {socket.participant_id for socket in asked},
            {conversation for _, following in asked.values() for conversation in following},
        )
        for socket, (sign_in, following) in asked.items():
            if sign_in not in access.sign_ins and socket.credential.sign_in_id == sign_in:
                socket.close(CloseCode.SIGN_IN_ENDED, "token_revoked")
                continue
            for conversation, subscribed in following.items():
                if socket.following.get(conversation) is not subscribed or subscribed.look > look:
                    continue
                subscribed.look = look
                reading = access.readings.get((socket.participant_id, conversation))
                if reading is not None:
                    subscribed.reading = reading
                elif room := self.rooms.get(conversation):
                    room.drop(socket, "removed" if conversation in access.conversations else "deleted")

    async def _check_expiry(self) -> None:
        for socket in list(self.sockets):
            socket.check_expiry()
            socket.check_overdue()


hub = Hub()


class HubMiddleware:
    """ASGI: starts the hub with the first request. Not in lifespan, which not every server has."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Start the hub if it is not, then go on."""
        hub.start()
        await self.application(scope, receive, send)
