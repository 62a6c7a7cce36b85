"""What was seen from outside in one run: every invoke, ack and delivery with its time, and the log at the end.

Times are seconds of one monotonic clock. Plain data: it is written to a file as JSON, and the checker reads nothing
else.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Entry = tuple[int, str]  # number, digest


def digest(entry: dict[str, Any]) -> str:
    """What two observers must agree on of an entry of the log, in 16 characters.

    Of a message nothing but what never changes: it is shown as it is now.
    """
    who = (entry.get("participant") or {}).get("id")
    parts = [entry["type"], who, entry.get("message_id"), entry.get("content"), entry.get("created_at")]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=8).hexdigest()


@dataclass
class Invoke:
    """A message that somebody wanted to send; ``content`` is theirs."""

    time: float
    conversation: str
    author: str
    key: str
    content: str


@dataclass
class Ack:
    """The server says that a message is stored. There may be several of one message."""

    time: float
    conversation: str
    author: str
    key: str
    number: int


@dataclass
class Line:
    """What one socket was given of one conversation, behind ``after`` (None: it is not known where it began).

    ``asked`` is how many times its client asked for entries again, which it does when it sees a hole.
    """

    observer: str
    conversation: str
    after: int | None
    numbers: list[int] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    asked: int = 0


@dataclass
class Observer:
    """What one client showed its user of one conversation, from behind ``after``.

    ``stays`` says that the client was still there when all had been said, and so had to show everything.
    """

    name: str
    conversation: str
    after: int
    shown: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    stays: bool = True


@dataclass
class Read:
    """A read of the log over REST: when it began, and the numbers it gave."""

    began: float
    conversation: str
    numbers: list[int]


@dataclass
class Stored:
    """A row of the log at the end."""

    number: int
    type: str
    author: str | None
    key: str | None
    content: str | None
    digest: str


@dataclass
class Loss:
    """Somebody lost the right to read at ``time``; ``bound`` is how long frames may still come."""

    time: float
    conversation: str
    observer: str
    bound: float


@dataclass
class Presence:
    """The process of somebody's last socket was killed at ``killed``; ``gone`` is when others were told, or None."""

    participant: str
    killed: float
    gone: float | None
    bound: float


@dataclass
class Knock:
    """A handshake with the session's cookie from the page ``origin``: was it let in, and should it have been?"""

    origin: str
    welcome: bool
    entered: bool


@dataclass
class Budget:
    """``accepted`` of the things that a limit of ``allowed`` was set for."""

    scope: str
    allowed: int
    accepted: int


@dataclass
class History:
    """One run."""

    seed: int = 0
    scenario: str = ""
    invokes: list[Invoke] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    observers: list[Observer] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    logs: dict[str, list[Stored]] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    presence: list[Presence] = field(default_factory=list)
    knocks: list[Knock] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write it to a file."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> "History":
        """Read it back."""
        raw = json.loads(path.read_text())
        kinds = {
            "invokes": Invoke,
            "acks": Ack,
            "lines": Line,
            "observers": Observer,
            "reads": Read,
            "losses": Loss,
            "presence": Presence,
            "knocks": Knock,
            "budgets": Budget,
        }
        for name, kind in kinds.items():
            raw[name] = [kind(**row) for row in raw[name]]
        raw["logs"] = {key: [Stored(**row) for row in rows] for key, rows in raw["logs"].items()}
        return cls(**raw)
