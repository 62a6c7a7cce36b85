"""The ASGI application: HTTP by Django, sockets by the realtime app, bodies bounded before anything is read."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import django
from channels.routing import ProtocolTypeRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django.setup(set_prefix=False)

from agents.inline import EngineMiddleware  # noqa: E402 - needs the settings
from chatsite import refusals  # noqa: E402
from chatsite.gate import RequestGate  # noqa: E402
from chatsite.handler import ThreadedHandler  # noqa: E402
from conversations.conf import conf  # noqa: E402
from participants.errors import TooLarge  # noqa: E402
from realtime.hub import HubMiddleware  # noqa: E402
from realtime.routing import sockets  # noqa: E402
from realtime.streams import Streams  # noqa: E402

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_BYTES = 1024 * 1024
UPLOAD_BYTES = 64 * 1024  # what a form adds to the file in it
UPLOAD = re.compile(r"/(?:api/v1/conversations|c)/[0-9a-f-]{36}/attachments/*")
# How much of a refused body is read and thrown away: a close with bytes unread resets the line, and the answer is lost.
LINGER_BYTES = 16 * 1024 * 1024
LINGER_SECONDS = 5


class BodyTooLarge(Exception):
    """More came than the limit allows."""


async def discard(receive: Receive) -> None:
    """Read what is left of a body, up to a bound."""
    left = LINGER_BYTES
    while left > 0:
        message = await receive()
        if not message.get("more_body"):
            return
        left -= len(message["body"])


class BodyLimit:
    """Refuses bodies over 1 MiB, or of uploads over the largest file.

    By their Content-Length before a byte is read, else as they pass the limit.

    Django would first spool the whole body to disk and then refuse it.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Run the application with a bounded body."""
        length = dict(scope["headers"]).get(b"content-length", b"0")
        left = limit = conf.attachment_bytes + UPLOAD_BYTES if UPLOAD.fullmatch(scope["path"]) else BODY_BYTES
        if not length.isdigit() or int(length) > limit:
            await self.refuse(receive, send, limit)
            return

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise BodyTooLarge
            return message

        try:
            await self.application(scope, bounded, send)
        except BodyTooLarge:  # Django reads the whole body before it answers: nothing has been sent yet
            await self.refuse(receive, send, limit)

    @staticmethod
    async def refuse(receive: Receive, send: Send, limit: int) -> None:
        """Answer 413 at once, let the client finish (within bounds), and close."""
        detail = f"The request is larger than {limit // BODY_BYTES} MiB."
        error = TooLarge(detail, code="request_too_large", max=limit)
        start, body = refusals.start_and_body(error)
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": True})
        with suppress(TimeoutError):
            await asyncio.wait_for(discard(receive), LINGER_SECONDS)
        await send({"type": "http.response.body", "body": b""})


pages = Streams(BodyLimit(RequestGate(ThreadedHandler())))
application = HubMiddleware(EngineMiddleware(ProtocolTypeRouter({"http": pages, "websocket": sockets})))
