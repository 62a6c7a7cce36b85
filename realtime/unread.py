"""Unread counts for sockets that are open for all conversations of their participant, subscribed or not.

The counts are always asked of the log; this only notices that they may have changed: by news of the conversations that
these participants are in, or, should that be lost, by a look at all positions every few seconds.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import orjson

from conversations import presentation, reading, selectors
from conversations.publish import Entries, Transient
from conversations.reading import Counts, Key, Position
from participants.models import Participant
from realtime import database
from realtime.conf import conf
from realtime.delivery import Delivery
from realtime.socket import Socket
from realtime.tasks import PASSING, Tasks

RECENT_SECONDS = 5.0  # news this fresh may have come between a client's own look and its socket
REST = 10.0  # counting takes at most one in so many parts of the time


class UnreadWatch:
    """One a process. ``regroup`` is called when there are other conversations to hear of."""

    def __init__(self, sockets: set[Socket], tasks: Tasks, regroup: Callable[[], None]) -> None:
        self._sockets = sockets
        self._tasks = tasks
        self._regroup = regroup
        self._known: dict[UUID, dict[UUID, Position]] = {}
        self._told: dict[Key, Counts] = {}
        self._members: dict[UUID, set[UUID]] = {}
        self._dirty: set[UUID] = set()
        self._telling = False

    def start(self) -> None:
        """Look at all positions from time to time."""
        self._tasks.every(lambda: conf.access_seconds, self.check)

    @property
    def conversations(self) -> Iterable[UUID]:
        """Those to hear of."""
        return self._members

    def _sockets_of(self, participant: UUID) -> list[Socket]:
        return [each for each in self._sockets if each.conversation is None and each.participant_id == participant]

    def add(self, socket: Socket) -> None:
        """A socket is open."""
        if socket.conversation is None and socket.participant_id not in self._known:
            self._tasks.early(self.check())

    def remove(self, socket: Socket) -> None:
        """A socket is gone; with the last of a participant nothing more is counted for them."""
        if socket.participant_id in self._known and not self._sockets_of(socket.participant_id):
            for conversation in self._known.pop(socket.participant_id):
                self._forget(socket.participant_id, conversation)
            self._regroup()

    def _forget(self, participant: UUID, conversation: UUID) -> None:
        self._told.pop((participant, conversation), None)
        members = self._members.get(conversation, set())
        members.discard(participant)
        if not members:
            self._members.pop(conversation, None)

    def knows(self, socket: Socket, conversation: UUID) -> bool:
        """Whether a socket would be told here that its participant is no longer in a conversation."""
        return socket.conversation is None and socket.participant_id in self._members.get(conversation, set())

    def look_at(self, participant: UUID) -> None:
        """What a participant is in may have changed."""
        if participant in self._known:
            self._tasks.early(self.check())

    def note(self, news: Entries | Transient) -> None:
        """Something happened in a conversation; whoever left it is told, if its subscription does not do that."""
        members = self._members.get(news.conversation)
        if not members:
            return
        if isinstance(news, Entries):
            for entry in news.entries:
                if entry.leaver in members:
                    self._see_off(news.conversation, entry.leaver, orjson.loads(entry.text)["reason"])
        elif b'"read"' not in news.text:
            return
        self._mark(news.conversation)

    def _see_off(self, conversation: UUID, participant: UUID, reason: str) -> None:
        self._known.get(participant, {}).pop(conversation, None)
        self._forget(participant, conversation)
        for socket in self._sockets_of(participant):
            if conversation not in socket.following:
                socket.put_frame({"type": "unsubscribed", "conversation_id": conversation, "reason": reason})

    async def check(self) -> None:
        """Compare all positions with those that are known: one query."""
        participants = {socket.participant_id for socket in self._sockets if socket.conversation is None}
        if not participants:
            return
        found: dict[UUID, dict[UUID, Position]] = {participant: {} for participant in participants}
        for (participant, conversation), position in (await database.run(reading.positions_of, participants)).items():
            found[participant][conversation] = position
        for participant, positions in found.items():
            if self._sockets_of(participant):
                await self._compare(participant, positions)

    async def _compare(self, participant: UUID, positions: dict[UUID, Position]) -> None:
        before = self._known.get(participant)
        self._known[participant] = positions
        for conversation, position in positions.items():
            self._members.setdefault(conversation, set()).add(participant)
            if before is None:
                if time.time() - position.active_at.timestamp() < RECENT_SECONDS:
                    self._mark(conversation)
            elif conversation not in before:
                await self._introduce(participant, conversation)
            elif before[conversation][:2] != position[:2]:
                self._mark(conversation)
        gone = (before or {}).keys() - positions.keys()
        for conversation in gone:  # without news of it
            self._see_off(conversation, participant, "removed")
        if before is None or gone or positions.keys() - before.keys():
            self._regroup()

    async def _introduce(self, participant: UUID, conversation: UUID) -> None:
        """Tell a participant of a conversation that they are in since just now."""
        sockets = self._sockets_of(participant)
        if not sockets:
            return
        frame = await database.run(conversation_added, sockets[0].credential.participant, conversation)
        if frame is not None:
            delivery = Delivery.of(frame)
            for socket in self._sockets_of(participant):
                socket.put(delivery)

    # --- counting -----------------------------------------------------------------------------------------------------

    def _mark(self, conversation: UUID) -> None:
        self._dirty.add(conversation)
        if not self._telling:
            self._telling = True
            self._tasks.own(self._tell())

    async def _tell(self) -> None:
        """Count until nothing is new, with pauses: a busy conversation is counted some times a second at most."""
        try:
            pause = conf.unread_seconds
            while self._dirty:
                await asyncio.sleep(pause)
                begun = time.monotonic()
                dirty, self._dirty = self._dirty, set()
                people = set().union(*(self._members.get(conversation, set()) for conversation in dirty))
                if people:
                    try:
                        found = await database.run(reading.counts_in, dirty, people)
                    except PASSING:
                        self._dirty |= dirty  # nobody else would notice that they are owed this
                        found = {}
                    for key, counts in found.items():
                        self._tell_one(key, counts)
                pause = max(conf.unread_seconds, (time.monotonic() - begun) * REST)
        finally:
            self._telling = False

    def _tell_one(self, key: Key, counts: Counts) -> None:
        participant, conversation = key
        if participant not in self._members.get(conversation, set()) or self._told.get(key) == counts:
            return
        self._told[key] = counts
        frame = {
            "type": "unread",
            "conversation_id": conversation,
            "unread_count": counts.unread,
            "mention_count": counts.mentioned,
            "last_sequence_id": counts.last,
        }
        delivery = Delivery.of(frame)
        for socket in self._sockets_of(participant):
            socket.put(delivery)


def conversation_added(participant: Participant, conversation: UUID) -> dict[str, Any] | None:
    """The frame about a conversation that one is in now; None if it is gone again."""
    row = selectors.counted_or_none(participant, conversation)
    if row is None:
        return None
    return {
        "type": "conversation_added",
        "conversation_id": conversation,
        "conversation": presentation.conversation_summary(row),
    }
