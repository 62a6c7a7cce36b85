"""What clients of the product and of the tutorial app do with what they get: count it, and prove it whole."""

from array import array
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import orjson

from benchmarks.wire import ClientSocket

KEPT_FRAMES = 50_000
ENTRIES = frozenset(("message", "participant_joined", "participant_left", "conversation_updated"))


class Copy(NamedTuple):
    """A frame as it came first: its bytes, the number after it, how many entries it has, when each was sent."""

    frame: bytes
    following: int
    entries: int
    sent: tuple[float, ...]


class Stream:
    """What the sockets of one conversation get, and what they got.

    The first copy of a frame is parsed as JSON and must have the next number; every other copy is compared with it,
    byte for byte. So each delivery is known to be whole and in order, at the cost of a comparison.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.copies: dict[int, Copy] = {}
        self.readers = 0
        self.promised = 0
        self.delivered = 0
        self.sent: dict[str, float] = {}  # by message_id, when latencies are wanted
        self.latencies = array("d")
        self.faults: Counter[str] = Counter()

    @property
    def missing(self) -> int:
        """Deliveries of what was sent that have not come."""
        return self.promised - self.delivered

    def keep(self, first: int, copy: Copy) -> None:
        """Remember a frame for comparison; the oldest are let go."""
        self.copies[first] = copy
        if len(self.copies) > KEPT_FRAMES:
            for number in list(self.copies)[: KEPT_FRAMES // 2]:
                del self.copies[number]

    def forget_latencies(self) -> None:
        """Begin anew."""
        self.latencies = array("d")

    def note_latencies(self, sent: tuple[float, ...]) -> None:
        """Messages sent at these times have arrived just now."""
        now = self.clock()
        self.latencies.extend(now - moment for moment in sent)


class ChatSocket(ClientSocket):
    """A socket of either app. ``on_ack`` gets the key of a message that was stored, or that was refused."""

    def __init__(self, request: bytes, stream: Stream) -> None:
        super().__init__(request)
        self.stream = stream
        self.on_ack: Callable[[str], None] = lambda key: None
        self.acked = 0
        self.delivered = 0

    def say(self, content: str, key: str) -> None:
        """Send one message."""
        raise NotImplementedError

    def take_text(self, count: int, sent: tuple[float, ...]) -> None:
        """Count deliveries."""
        self.delivered += count
        self.stream.delivered += count
        if sent:
            self.stream.note_latencies(sent)


class ProductSocket(ChatSocket):
    """A socket of the product: entries are numbered, and ``expected`` is the next number."""

    def __init__(self, request: bytes, stream: Stream) -> None:
        super().__init__(request, stream)
        self.expected = 0
        self.on_sync: Callable[[bool], None] = lambda has_more: None

    def opened(self) -> None:
        """Wait for ``connected``."""

    def say(self, content: str, key: str) -> None:
        """Send ``message``; the content needs no escaping."""
        self.write(b'{"type":"message","content":"%b","message_id":"%b"}' % (content.encode(), key.encode()))

    def skip_known(self, data: bytes, position: int) -> int:
        """Compare with the copies that others got."""
        copies = self.stream.copies
        while (copy := copies.get(self.expected)) is not None and data.startswith(copy.frame, position):
            self.expected = copy.following
            position += len(copy.frame)
            self.take_text(copy.entries, copy.sent)
        return position

    def received(self, payload: bytes, frame: bytes) -> None:
        """A frame that was not known: parse it, and remember it if it consists of entries."""
        parsed = orjson.loads(payload)
        frames = parsed if isinstance(parsed, list) else [parsed]
        first = self.expected
        entries = [one for one in frames if one["type"] in ENTRIES]
        for one in frames:
            if one["type"] in ENTRIES:
                self._entry(one["sequence_id"])
            else:
                self._other(one)
        if entries:
            times = self.stream.sent
            sent = tuple(times[one["message_id"]] for one in entries if one.get("message_id") in times)
            if len(entries) == len(frames):
                self.stream.keep(first, Copy(frame, self.expected, len(entries), sent))
            self.take_text(len(entries), sent)

    def _entry(self, number: int) -> None:
        if number != self.expected:
            self.stream.faults["hole" if number > self.expected else "repeat"] += 1
        self.expected = number + 1

    def _other(self, frame: dict[str, object]) -> None:
        match frame:
            case {"type": "message_ack", "message_id": str(key)}:
                self.acked += 1
                self.on_ack(key)
            case {"type": "connected", "current_sequence_id": int(current)}:
                self.expected = self.expected or current + 1
                self.ready.set_result(None)
            case {"type": "sync", "events": list(events), "has_more": bool(has_more)}:
                for event in events:
                    self._entry(event["sequence_id"])
                self.take_text(len(events), ())
                self.on_sync(has_more)
            case {"type": "error", "code": str(code)}:
                self.stream.faults[code] += 1
                if isinstance(refused := frame.get("message_id"), str):
                    self.stream.promised -= self.stream.readers
                    self.on_ack(refused)
            case {"type": "closing", "reason": str(reason)}:
                self.stream.faults[reason] += 1


class TutorialSocket(ChatSocket):
    """A socket of the tutorial app: nothing is numbered, so deliveries are counted; one's own is the only ack."""

    def __init__(self, request: bytes, stream: Stream) -> None:
        super().__init__(request, stream)
        self._own: set[str] = set()

    def say(self, content: str, key: str) -> None:
        """Send a message."""
        self._own.add(key)
        self.write(b'{"message": "%b", "key": "%b"}' % (content.encode(), key.encode()))

    def received(self, payload: bytes, frame: bytes) -> None:
        """A message of the group, maybe one's own."""
        key = orjson.loads(payload)["key"]
        moment = self.stream.sent.get(key)
        self.take_text(1, () if moment is None else (moment,))
        if key in self._own:
            self._own.discard(key)
            self.acked += 1
            self.on_ack(key)
