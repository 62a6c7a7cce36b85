"""One open socket: its bounded outbox with one writer, its subscriptions, its end."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

from conversations.policy import Situation
from participants.authentication import Credential
from participants.encoding import encode
from participants.errors import ChatError
from participants.presence import Connection
from realtime import metrics
from realtime.close_codes import CloseCode
from realtime.conf import conf
from realtime.session import Expiry, Patience, Subscription

logger = logging.getLogger(__name__)

MESSAGE_BYTES = 1024 * 1024  # no message of ours is larger


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


class Text(NamedTuple):
    """A frame ready for any number of sockets: decoded once, its size in bytes known."""

    text: str
    size: int

    @classmethod
    def of(cls, frame: Any) -> "Text":
        """A frame from a JSON-ready value, or from its bytes."""
        raw = frame if isinstance(frame, bytes) else encode(frame)
        return cls(raw.decode(), len(raw))


class Following:
    """A subscription of a socket, with what its owner may do and read there, and its replay if one runs."""

    __slots__ = ("reading", "replay", "subscription")

    def __init__(self, subscription: Subscription, reading: Reading) -> None:
        self.subscription = subscription
        self.reading = reading
        self.replay: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """End a replay that runs."""
        self.subscription.live = False
        if self.replay is not None and self.replay is not asyncio.current_task():
            self.replay.cancel()


class Socket:
    """One open socket. Whatever is put is sent in order by one task; a reader too slow for the bound is let go.

    The writer is the only one who sends; it also closes. Every wait of it has a timeout, after which the transport is
    aborted where the server offers that.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        credential: Credential,
        conversation: UUID | None,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        abort: Callable[[], None] | None,
        takes_arrays: bool,
    ) -> None:
        self.connection = connection
        self.credential = credential
        self.conversation = conversation
        self.takes_arrays = takes_arrays
        self.expiry = Expiry(credential.expires_at, conf.expiry_notice_seconds)
        self.patience = Patience(conf.malformed_frames, conf.typing_seconds, conf.flood_warnings)
        self.following: dict[UUID, Following] = {}
        self.closed = asyncio.Event()
        self._send = send
        self._abort = abort
        self._queue: deque[Text] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._goodbye: CloseCode | None = None
        self._writer = asyncio.create_task(self._write(), name=f"socket-writer-{connection.id}")

    @property
    def participant_id(self) -> UUID:
        """Whose it is."""
        return self.credential.participant.pk

    @property
    def is_closing(self) -> bool:
        """Whether nothing more will be sent."""
        return self._goodbye is not None or self.closed.is_set()

    # --- sending ------------------------------------------------------------------------------------------------------

    def put(self, text: Text) -> None:
        """Queue one frame. Past the bound the reader is told that it is too slow, and let go."""
        if self.is_closing:
            return
        if self._size + text.size > conf.outbox_bytes and self._queue:
            self.close(CloseCode.TOO_SLOW, "too_slow")
            return
        self._queue.append(text)
        self._size += text.size
        self._drained.clear()
        self._wake.set()

    def put_frame(self, frame: Any) -> None:
        """Queue one frame for this socket alone."""
        self.put(Text.of(frame))

    def put_error(self, error: ChatError, **about: Any) -> None:
        """Queue a refusal."""
        metrics.refusals.labels(error.code).inc()
        self.put_frame(error.frame(self.connection.id, **about))

    async def drained(self) -> None:
        """Wait until all that was queued is on its way: replay does, so that it never overflows the outbox."""
        await self._drained.wait()

    async def _write(self) -> None:
        try:
            while self._goodbye is None:
                await self._wake.wait()
                self._wake.clear()
                await self._flush(conf.send_seconds)
            await self._flush(conf.close_seconds)
            close = {"type": "websocket.close", "code": int(self._goodbye), "reason": ""}
            async with asyncio.timeout(conf.close_seconds):
                await self._send(close)
        except TimeoutError:
            logger.info("socket cut: its reader took nothing", extra={"connection": self.connection.id})
            if self._abort is not None:
                self._abort()
        except Exception:
            logger.debug("socket gone while writing", exc_info=True)
        finally:
            self._queue.clear()
            self._drained.set()
            self.closed.set()

    async def _flush(self, seconds: float) -> None:
        while self._queue:
            text = self._next()
            async with asyncio.timeout(seconds):  # wait_for of 3.11 may swallow the cancellation by end()
                await self._send({"type": "websocket.send", "text": text})
        self._drained.set()

    def _next(self) -> str:
        """One message: a frame, or for who takes arrays the backlog as one array."""
        first = self._queue.popleft()
        self._size -= first.size
        if not (self.takes_arrays and self._queue):
            return first.text
        parts, size = [first.text], first.size + 2
        while self._queue and size + self._queue[0].size + 1 <= MESSAGE_BYTES:
            text = self._queue.popleft()
            self._size -= text.size
            size += text.size + 1
            parts.append(text.text)
        return parts[0] if len(parts) == 1 else f"[{','.join(parts)}]"

    # --- ending -------------------------------------------------------------------------------------------------------

    def close(self, code: CloseCode, reason: str, **more: Any) -> None:
        """End the socket: what waits, then ``closing``, then the code."""
        if self.is_closing:
            return
        if code in _DROPS_THE_REST:
            self._queue.clear()
            self._size = 0
        closing = Text.of({"type": "closing", "reason": reason} | more)
        self._queue.append(closing)
        self._size += closing.size
        self._goodbye = code
        metrics.closes.labels(str(int(code))).inc()
        for following in self.following.values():
            following.stop()
        self._wake.set()

    async def end(self) -> None:
        """The peer is gone, or the goodbye was said: stop the writer and every replay."""
        for following in self.following.values():
            following.stop()
        self.following.clear()
        if self._goodbye is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2 * conf.close_seconds):
                    await self.closed.wait()
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer

    def check_expiry(self) -> None:
        """Say that the credential ends soon, or end with it."""
        match self.expiry.due(time.time()):
            case "notice":
                message = "Your token ends in a few seconds. Send authenticate with a new one to stay connected."
                self.put_frame({"type": "error", "code": "token_expiring", "message": message})
            case "closed":
                self.close(CloseCode.SIGN_IN_ENDED, "token_expired")
