"""One conversation as a process follows it: its line, its local subscribers, who of its members is online."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from conversations.events import Presence
from conversations.presentation import withheld_frame
from conversations.publish import Encoded, Transient
from participants.encoding import encode
from participants.presence import Status
from realtime import metrics
from realtime.close_codes import OF_REASON, CloseCode
from realtime.conf import conf
from realtime.delivery import Delivery
from realtime.session import Line
from realtime.socket import Socket

PORTION_BYTES = 256 * 1024


class Room:
    """Hands what the line lets through to the subscribers, the same text to each."""

    def __init__(self, conversation: UUID, position: int) -> None:
        self.conversation = conversation
        self.line: Line[Encoded] = Line(position, conf.recent_entries, conf.recent_bytes)
        self.sockets: set[Socket] = set()
        self.members: frozenset[UUID] = frozenset()
        self.is_large = False  # too many members for presence, but to those who ask for it
        self.shown: dict[UUID, Status] = {}  # who is not offline, as the subscribers were told
        self.missed_once: set[UUID] = set()
        self.newest = position  # the highest number that the log was seen to have
        self.filling = False

    def deliver(self, entries: Iterable[Encoded]) -> None:
        """Take entries in any order; what is next goes to every live subscriber."""
        run: list[Encoded] = []
        for entry in self.line.accept(entries):
            if entry.leaver is not None:
                self._hand_out(run)
                run = []
                self._see_off(entry)
            run.append(entry)
            if entry.about:  # what memory holds of the older message is no longer how it is
                self.line.forget()
        self._hand_out(run)

    def skip(self, position: int) -> None:
        """Go on behind ``position``: retention took what is missing. Clients see the hole, ask, and are told so."""
        self.line.skip(position)
        for socket in self.sockets:
            subscription = socket.following[self.conversation].subscription
            if subscription.live:
                subscription.page(position)

    def _hand_out(self, entries: Sequence[Encoded]) -> None:
        """Give consecutive entries to every live subscriber, each run of them encoded once for all."""
        for portion in _portions(entries):
            ready: dict[tuple[int, ...], Delivery] = {}
            hides = any(entry.about for entry in portion)
            count = 0
            for socket in list(self.sockets):
                following = socket.following[self.conversation]
                taken = following.subscription.take(portion)
                if not taken:
                    continue
                key = (len(taken), *(_hidden(taken, following.reading.first) if hides else ()))
                if key not in ready:
                    ready[key] = self._delivery(taken, set(key[1:]))
                socket.put(ready[key])
                count += len(taken)
            metrics.deliveries.inc(count)

    def _delivery(self, entries: Sequence[Encoded], hidden: set[int]) -> Delivery:
        return Delivery(
            [
                encode(withheld_frame(self.conversation, entry.sequence)) if entry.sequence in hidden else entry.text
                for entry in entries
            ],
            self.conversation,
        )

    def _see_off(self, entry: Encoded) -> None:
        """Whoever leaves with this entry is told so, and gets neither it nor what follows."""
        reason = orjson.loads(entry.text)["reason"]
        for socket in [socket for socket in self.sockets if socket.participant_id == entry.leaver]:
            # A replay may still be short of an earlier membership; who is in again by now has a newer start than this.
            if socket.following[self.conversation].subscription.cursor < entry.sequence:
                self.drop(socket, reason)

    def drop(self, socket: Socket, reason: str) -> None:
        """End a subscription whose conversation is lost: left, removed, banned or deleted."""
        self.forget(socket)
        if socket.conversation == self.conversation:
            socket.close(OF_REASON.get(reason, CloseCode.NOT_A_PARTICIPANT), reason, conversation_id=self.conversation)
        else:
            socket.withdraw(self.conversation)
            socket.put_frame({"type": "unsubscribed", "conversation_id": self.conversation, "reason": reason})

    def forget(self, socket: Socket) -> None:
        """Take a subscriber out."""
        self.sockets.discard(socket)
        if following := socket.following.pop(self.conversation, None):
            following.stop()

    def pass_on(self, news: Transient) -> None:
        """A frame without a number to every subscriber but the one it is about."""
        delivery = Delivery.of(news.text, self.conversation)
        for socket in list(self.sockets):
            if socket.participant_id != news.but_not:
                socket.put(delivery)

    @property
    def is_wanted_large(self) -> bool:
        """Whether a subscriber asked for presence, however many members there are."""
        return any(socket.following[self.conversation].wants_presence for socket in self.sockets)

    def show_presence(self, statuses: Mapping[UUID, Status], now: object) -> None:
        """Tell the subscribers what has changed, in one piece; ``now`` is when those who are gone were last seen."""
        changed = [
            (participant, status)
            for participant, status in statuses.items()
            if participant in self.members and self.shown.get(participant, Status.OFFLINE) is not status
        ]
        if not changed:
            return
        for participant, status in changed:
            if status is Status.OFFLINE:
                del self.shown[participant]
            else:
                self.shown[participant] = status
        frames = [self._presence_frame(participant, status, now) for participant, status in changed]
        delivery = Delivery(frames, self.conversation)
        for socket in list(self.sockets):
            if not self.is_large or socket.following[self.conversation].wants_presence:
                socket.put(delivery)

    def as_shown(self, members: Sequence[dict[str, Any]], *, to: UUID) -> list[dict[str, Any]]:
        """Members as the subscribers know them: a change shown since the rows were read is not shown again."""
        return [
            member
            if member["id"] == to or member["id"] not in self.members or member["is_online"] is None
            else member | {"is_online": member["id"] in self.shown}
            for member in members
        ]

    def show_away(self, socket: Socket) -> None:
        """Tell a new subscriber who is away: ``connected`` says who is here only."""
        away = [each for each, status in self.shown.items() if status is Status.AWAY]
        if away and (not self.is_large or socket.following[self.conversation].wants_presence):
            frames = [self._presence_frame(each, Status.AWAY, None) for each in away]
            socket.put(Delivery(frames, self.conversation))

    def _presence_frame(self, participant: UUID, status: Status, now: object) -> bytes:
        frame = Presence(
            conversation_id=self.conversation,
            participant_id=participant,
            status=status.value,
            last_seen_at=now if status is Status.OFFLINE else None,  # type: ignore[arg-type]
        )
        return encode(frame.model_dump())


def _portions(entries: Sequence[Encoded]) -> Iterator[Sequence[Encoded]]:
    """Runs of at most ``PORTION_BYTES``, so that a burst of long texts is not one lump in every outbox."""
    start = size = 0
    for index, entry in enumerate(entries):
        if size and size + len(entry.text) > PORTION_BYTES:
            yield entries[start:index]
            start, size = index, 0
        size += len(entry.text)
    if start < len(entries):
        yield entries[start:]


def _hidden(entries: Sequence[Encoded], first: int) -> Iterator[int]:
    """The numbers of those entries that are about a message before ``first``, which the reader may not see."""
    return (entry.sequence for entry in entries if 0 < entry.about < first)
