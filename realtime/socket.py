"""One open socket: its credential, its subscriptions, its bounded outbox, its end."""

import asyncio
import contextlib
import logging
import math
import random
import time
from collections.abc import Hashable
from typing import Any, NamedTuple
from uuid import UUID

from conversations.policy import Situation
from participants.authentication import Credential
from participants.conf import conf as participants_conf
from participants.errors import ChatError, LimitExceeded, Unavailable
from participants.presence import Connection
from realtime import metrics
from realtime.close_codes import CloseCode
from realtime.conf import conf
from realtime.delivery import Delivery
from realtime.outbox import Outbox
from realtime.session import Bucket, Expiry, Patience, Subscription
from realtime.transport import Transport

logger = logging.getLogger(__name__)

TOO_FAST = {"rate_limited", "slow_mode"}  # what a client can help by being slower


# A slow reader gets what it missed when it resumes; who may not read any more gets nothing that still waits.
_DROPS_THE_REST = {
    CloseCode.TOO_SLOW,
    CloseCode.SIGN_IN_ENDED,
    CloseCode.NOT_A_PARTICIPANT,
    CloseCode.CONVERSATION_GONE,
}


class Reading(NamedTuple):
    """What somebody is to a conversation now, and the lowest number they may read."""

    situation: Situation
    first: int


class Following:
    """A subscription of a socket, with what its owner may do and read there, and its replay if one runs."""

    __slots__ = ("look", "reading", "replay", "subscription", "wants_presence")

    def __init__(self, subscription: Subscription, reading: Reading, *, wants_presence: bool = False) -> None:
        self.subscription = subscription
        self.reading = reading
        self.look = 0  # which look at access (see Hub) has told what is in ``reading``
        self.wants_presence = wants_presence
        self.replay: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """End a replay that runs."""
        self.subscription.live = False
        if self.replay is not None and self.replay is not asyncio.current_task():
            self.replay.cancel()


class Sending:
    """The messages of one socket that wait for their outcome, oldest first: a client need not wait to send the next."""

    def __init__(self) -> None:
        self._since: dict[Hashable, tuple[float, dict[str, Any]]] = {}
        self._changed = asyncio.Event()

    def begin(self, send: Hashable, about: dict[str, Any]) -> None:
        """A message was given to the writer; ``about`` names it in an answer."""
        self._since[send] = (time.monotonic(), about)

    def finish(self, send: Hashable) -> None:
        """Its outcome is there."""
        self._since.pop(send, None)
        self._changed.set()

    def overdue(self, seconds: float) -> list[dict[str, Any]]:
        """Those that have waited longer, which are waited for no more."""
        until = time.monotonic() - seconds
        late = [(send, about) for send, (since, about) in self._since.items() if since < until]
        for send, _ in late:
            self.finish(send)
        return [about for _, about in late]

    async def fewer_than(self, count: int) -> None:
        """Wait until fewer than ``count`` wait."""
        while len(self._since) >= count:
            self._changed.clear()
            await self._changed.wait()


class Socket:
    """One open socket. Whatever is put is sent in order; a reader too slow for the bound is let go."""

    def __init__(
        self,
        *,
        connection: Connection,
        credential: Credential,
        conversation: UUID | None,
        transport: Transport,
        takes_pages: bool = True,
    ) -> None:
        self.connection = connection
        self.credential = credential
        self.conversation = conversation
        self.takes_pages = takes_pages  # what was missed comes as ``sync``, not entry by entry
        self.expiry = Expiry(credential.expires_at, conf.expiry_notice_seconds)
        self.patience = Patience(conf.malformed_frames, conf.typing_seconds, conf.flood_warnings)
        self.input = Bucket(conf.frames_per_second, conf.frames_burst)
        self.following: dict[UUID, Following] = {}
        self.is_closing = False  # nothing more will be sent
        self.sending = Sending()
        self.active_at = time.monotonic()  # the last command
        self.in_hand = asyncio.Lock()  # held while a command is carried out
        self.replaying = asyncio.Lock()  # held for one page of the log: the replays of a socket take turns
        self.is_retiring = False  # no further command is
        self._transport = transport
        self._outbox = Outbox(transport, self._note_cut)

    @property
    def participant_id(self) -> UUID:
        """Whose it is."""
        return self.credential.participant.pk

    def require_slower(self) -> None:
        """Take a frame in. Raises LimitExceeded ``rate_limited`` for one too many."""
        if participants_conf.rate_limits and (wait := self.input.take(time.monotonic())):
            raise LimitExceeded("You are sending frames too fast.", retry_after=math.ceil(wait), scope="frames")

    @property
    def is_closed(self) -> bool:
        """Whether the goodbye was said or the line cut."""
        return self._outbox.closed.is_set()

    # --- sending ------------------------------------------------------------------------------------------------------

    def put(self, delivery: Delivery) -> None:
        """Send frames. Past the bound the reader is told that it is too slow, and let go."""
        if not self.is_closing and not self._outbox.put(delivery):
            self.close(CloseCode.TOO_SLOW, "too_slow")

    def put_frame(self, frame: Any) -> None:
        """Send one frame to this socket alone."""
        self.put(Delivery.of(frame))

    def put_error(self, error: ChatError, **about: Any) -> None:
        """Send a refusal."""
        metrics.refusals.labels(error.code).inc()
        self.put_frame(error.frame(self.connection.id, **about))

    def refuse(self, error: ChatError, **about: Any) -> None:
        """Send a refusal; whoever is told time and again to be slower, and is not, is let go."""
        self.put_error(error, **about)
        if error.code in TOO_FAST and self.patience.warned(time.monotonic()):
            self.close(CloseCode.FLOODING, "flooding", reconnect_in=error.retry_after)

    def has_room(self, delivery: Delivery) -> bool:
        """Whether a delivery would not be one too many."""
        return self._outbox.has_room(delivery)

    def withdraw(self, conversation: UUID) -> None:
        """Do not send what still waits of a conversation that its reader has lost."""
        self._outbox.withdraw(conversation)

    async def drained(self) -> None:
        """Wait until nothing waits for the reader: replay does, so that it never overflows the outbox."""
        await self._outbox.drained()

    # --- ending -------------------------------------------------------------------------------------------------------

    def close(self, code: CloseCode, reason: str, **more: Any) -> None:
        """End the socket: what waits, then ``closing``, then the code."""
        if self.is_closing:
            return
        self.is_closing = True
        metrics.closes.labels(str(int(code))).inc()
        for following in self.following.values():
            following.stop()
        if code in _DROPS_THE_REST:
            self._outbox.drop()
        self._outbox.finish(Delivery.of({"type": "closing", "reason": reason} | more), int(code))

    async def retire(self, seconds: float) -> None:
        """End because the server does: no further command, and those in flight are answered, within ``seconds``."""
        self.is_retiring = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async with self.in_hand:
                    await self.sending.fewer_than(1)
        reconnect_in = round(random.uniform(0, conf.reconnect_seconds), 2)  # noqa: S311 - no secret
        self.close(CloseCode.RESTARTING, "server_restart", reconnect_in=reconnect_in)
        await self._outbox.closed.wait()

    def _note_cut(self) -> None:
        self.is_closing = True
        logger.info("socket cut: its reader took nothing", extra={"connection": self.connection.id})

    async def end(self) -> None:
        """The line is gone: stop every replay and let go of the transport."""
        self.is_closing = True
        for following in self.following.values():
            following.stop()
        self.following.clear()
        self._outbox.stop()
        await self._transport.end()

    def check_overdue(self) -> None:
        """Say of sends without an outcome that it is unknown: sent again under the same key they are stored once."""
        for about in self.sending.overdue(conf.command_seconds):
            self.put_error(Unavailable(), **about)

    def check_expiry(self) -> None:
        """Say that the credential ends soon, or end with it."""
        match self.expiry.due(time.time()):
            case "notice":
                message = "Your token ends in a few seconds. Send authenticate with a new one to stay connected."
                self.put_frame({"type": "error", "code": "token_expiring", "message": message})
            case "closed":
                self.close(CloseCode.SIGN_IN_ENDED, "token_expired")
