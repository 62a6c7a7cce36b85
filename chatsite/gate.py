"""The gate between the server and Django: so many requests at once, so many waiting, each with a bound in time.

A request in work has a thread (:mod:`chatsite.handler`), which cannot be stopped: a request whose time is up is
answered with 503 and keeps its place until its thread is done.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from chatsite.conf import conf
from chatsite.refusals import refuse
from participants.errors import ChatError, Unavailable
from realtime.hub import hub
from realtime.transport import EXTENSION

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ALWAYS = ("/health/", "/metrics")  # what is asked by those who watch a server that is busy


class BodyTooSlow(ChatError):
    """The body did not come in time."""

    http_status = 408
    default_code = "request_timeout"
    default_detail = "The body of the request did not come in time."
    title = "Too slow"
    temporary = True


class Places:
    """The requests in work, and those that wait for one of them to end: both bounded."""

    def __init__(self) -> None:
        self.taken = 0
        self._waiting: dict[asyncio.Future[None], None] = {}

    async def take(self) -> None:
        """Wait for a place. Raises Unavailable where too many wait."""
        if self.taken < conf.requests and not self._waiting:
            self.taken += 1
            return
        if len(self._waiting) >= conf.queued_requests:
            raise Unavailable(retry_after=1)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            raise
        finally:
            self._waiting.pop(turn, None)

    def give_back(self) -> None:
        """The next one's turn."""
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)  # the place changes hands
                return
        self.taken -= 1


class Passage:
    """One request on its way through the gate."""

    def __init__(self, places: Places | None, receive: Receive, send: Send, abort: Callable[[], None]) -> None:
        self._places = places  # None: it is let through at any time
        self._receive = receive
        self._send = send
        self._abort = abort
        self.is_read = False
        self.is_at_work = False
        self.is_over = False
        self.limit = asyncio.timeout(conf.body_seconds)

    async def receive(self) -> Message:
        """The next part of the body; the last one is handed on when it is this request's turn."""
        message = await self._receive()
        is_last = message["type"] == "http.request" and not message.get("more_body")
        if is_last and not self.is_read:
            self.is_read = True
            self._expect(conf.request_seconds)
            if self._places:
                await self._places.take()
            self.is_at_work = True
        return message

    async def send(self, message: Message) -> None:
        """A part of the answer; nothing of one that comes too late."""
        if self.is_over:
            return
        if message["type"] == "http.response.start":
            self._expect(None)
            if not hub.is_ready:  # a connection that is kept would be cut as the server ends
                message = message | {"headers": [*message["headers"], (b"connection", b"close")]}
        try:
            async with asyncio.timeout(conf.stall_seconds):
                await self._send(message)
        except TimeoutError:  # it holds a place that others wait for
            self.is_over = True
            logger.warning("answer given up: its reader takes nothing")
            self._abort()

    def _expect(self, seconds: float | None) -> None:
        when = None if seconds is None else asyncio.get_running_loop().time() + seconds
        if not self.limit.expired():
            self.limit.reschedule(when)

    def leave(self) -> None:
        """The work is done, in time or not."""
        if self.is_at_work and self._places:
            self._places.give_back()


class RequestGate:
    """See the module."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.places = Places()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Let a request through in its turn."""
        places = None if scope["path"].startswith(ALWAYS) else self.places
        abort = scope.get("extensions", {}).get(EXTENSION, {}).get("abort", _no_abort)
        passage = Passage(places, receive, send, abort)
        work = asyncio.ensure_future(self.application(scope, passage.receive, passage.send))
        work.add_done_callback(lambda _: passage.leave())
        try:
            async with passage.limit:
                await asyncio.shield(work)
        except Unavailable as error:
            await refuse(send, error)
        except TimeoutError:
            if not passage.limit.expired():
                raise
            passage.is_over = True
            work.add_done_callback(_note_late)
            if not passage.is_at_work:
                work.cancel()
            logger.warning("request given up", extra={"is_read": passage.is_read, "is_at_work": passage.is_at_work})
            await refuse(send, Unavailable() if passage.is_read else BodyTooSlow())
        except asyncio.CancelledError:
            work.cancel()
            raise


def _no_abort() -> None:
    """Another server than ours has no way to drop a line; its reader gets no more of the answer."""


def _note_late(work: asyncio.Future[None]) -> None:
    """Read its outcome, so that it is not reported as never retrieved."""
    if not work.cancelled() and (error := work.exception()):
        logger.warning("request failed after it was given up", exc_info=error)
