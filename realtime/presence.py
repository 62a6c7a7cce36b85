"""Who is here, as a process tells its readers: leases kept, commands noted, changes collected and shown once.

The store knows (participants.presence); this compares what the rooms have shown with it. All on the event loop.
"""

import asyncio
import time
from collections.abc import Mapping, Set
from functools import partial
from uuid import UUID

from django.utils import timezone

from conversations import publish
from conversations.publish import Control
from participants.conf import conf as participants_conf
from participants.presence import Connection, Status, get_presence
from realtime import database, replay
from realtime.conf import conf
from realtime.room import Room
from realtime.socket import Socket
from realtime.tasks import PASSING, Tasks

REFRESH_SECONDS = 60.0
RELEASES = 100_000  # connections that wait to be taken off while the store is away; older ones lapse with the process


class PresenceWatch:
    """Presence of the participants whose sockets are here, and of the members of the rooms that are."""

    def __init__(self, process: str, rooms: Mapping[UUID, Room], sockets: Set[Socket], tasks: Tasks) -> None:
        self.process = process
        self._rooms = rooms
        self._sockets = sockets
        self._tasks = tasks
        self._active: set[UUID] = set()
        self._woken: set[UUID] = set()
        self._asked: dict[UUID, bool] = {}  # whether they were seen to be gone before
        self._released: dict[str, Connection] = {}

    def start(self) -> None:
        """Start on the running loop."""
        self._asking = asyncio.Event()
        self._releasing = asyncio.Event()
        self._listing = asyncio.Lock()  # listing again and taking off exclude each other, or a ghost might stay
        self._tasks.own(self._answer())
        self._tasks.own(self._release())
        self._tasks.every(lambda: conf.lease_renewal_seconds, self._renew)
        self._tasks.every(lambda: conf.presence_seconds, self._check)
        self._tasks.every(lambda: REFRESH_SECONDS, self._refresh)

    # --- what happens here --------------------------------------------------------------------------------------------

    def note_command(self, socket: Socket) -> None:
        """Whoever sends a command is not away."""
        now = time.monotonic()
        if now - socket.active_at >= participants_conf.away_seconds:
            self._woken.add(socket.participant_id)
        socket.active_at = now
        self._active.add(socket.participant_id)

    def look_at(self, participant: UUID, *, again: bool = False) -> None:
        """Their status may have changed. Looks in a short window become one."""
        self._asked[participant] = again or self._asked.get(participant, False)
        self._asking.set()

    def release(self, connection: Connection) -> None:
        """Give the lease of a connection back, and tell the others if its participant is gone with it."""
        if len(self._released) >= RELEASES:
            del self._released[next(iter(self._released))]
        self._released[connection.id] = connection
        self._releasing.set()

    # --- leases -------------------------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        """One call for all sockets, and one for those who have sent a command since the last time."""
        if not await database.run(get_presence().renew, self.process):
            await self._list_again()
        active, self._active = self._active, set()
        woken, self._woken = self._woken, set()
        if active:
            await database.run(get_presence().touch, active)
        for participant in woken:
            publish.publish_now_unsafe(Control(participant=participant, presence=True))

    async def _list_again(self) -> None:
        async with self._listing:
            if self._sockets:
                await database.run(get_presence().restore, [socket.connection for socket in self._sockets])

    async def _refresh(self) -> None:
        """Mend what an outage of the store left unlisted, and note that those here are: a killed process cannot."""
        await self._list_again()
        if self._sockets:
            await database.run(replay.last_seen_note, {socket.participant_id for socket in self._sockets})

    async def _release(self) -> None:
        """The one task that takes connections off: a thousand that go at once are a few calls."""
        while True:
            await self._releasing.wait()
            self._releasing.clear()
            batch = dict(self._released)
            try:
                async with self._listing:
                    gone = await database.run(replay.leases_close, list(batch.values()))
            except PASSING:
                asyncio.get_running_loop().call_later(conf.lease_renewal_seconds, self._releasing.set)
                continue
            for connection in batch:
                self._released.pop(connection, None)
            for participant in gone:
                publish.publish_now_unsafe(Control(participant=participant, presence=True))

    # --- what is shown ------------------------------------------------------------------------------------------------

    async def _answer(self) -> None:
        """Look at those who were named, all of a short window at once: the newest state is the one that is shown."""
        while True:
            await self._asking.wait()
            await asyncio.sleep(conf.presence_window_seconds)
            self._asking.clear()
            asked, self._asked = self._asked, {}
            try:
                await self._show(asked)
            except PASSING:
                continue  # the next regular check finds it

    async def _show(self, asked: Mapping[UUID, bool]) -> None:
        """Show the status of these. Who is gone is looked for once more: a reload of a page is no going away, and a
        store that lost all leases gets them back meanwhile.
        """
        concerned = [room for room in self._rooms.values() if not room.members.isdisjoint(asked)]
        known = asked.keys() & set().union(*(room.members for room in concerned))
        if not known:
            return
        statuses = await database.run(get_presence().statuses, known)
        for each in [each for each in known if statuses[each] is Status.OFFLINE and not asked[each]]:
            del statuses[each]
            asyncio.get_running_loop().call_later(conf.presence_grace_seconds, partial(self.look_at, each, again=True))
        now = timezone.now()
        for room in concerned:
            room.show_presence(statuses, now)

    async def _check(self) -> None:
        """Compare what the rooms show with the store; who is twice not found is gone (a restart is no going)."""
        shown = {room.conversation: room.is_wanted_large for room in self._rooms.values()}
        if not shown:
            return
        members, statuses = await database.run(replay.presence_of, shown)
        now = timezone.now()
        for conversation, ids in members.items():
            if room := self._rooms.get(conversation):
                room.members = frozenset(ids)
                room.is_large = len(ids) > conf.presence_members
                self._compare(room, {each: statuses[each] for each in ids}, now)

    @staticmethod
    def _compare(room: Room, statuses: dict[UUID, Status], now: object) -> None:
        missed = {each for each in room.shown if statuses.get(each) is Status.OFFLINE}
        changes: dict[UUID, Status] = {
            each: status for each, status in statuses.items() if status is not Status.OFFLINE
        }
        changes.update((each, Status.OFFLINE) for each in missed & room.missed_once)
        room.missed_once = missed
        room.show_presence(changes, now)
