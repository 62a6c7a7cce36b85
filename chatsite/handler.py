"""Django over ASGI with one hop a request: all of it, middleware and view, on one thread of a pool."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from functools import cached_property
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http.response import FileResponse, HttpResponseBase
from django.urls import set_script_prefix

from chatsite.conf import conf

SPARE_THREADS = 8  # for what the gate always lets through: health, metrics, the rest of answers that are streamed


class ThreadedHandler(ASGIHandler):
    """Views and middleware here are synchronous, so Django's own handler would start an executor for each request and
    hop to it and back a dozen times: 27 % of the loop's time went into starting threads.

    The threads last, and so may their database connections. When a client goes nothing is cancelled: no thread can be.
    """

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(conf.requests + SPARE_THREADS, thread_name_prefix="request")

    async def _run(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work, *args)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Read the request, answer it in a thread, send the answer."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        try:
            response = await self._run(self._respond, scope, body)
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    def _respond(self, scope: dict[str, Any], body: Any) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = type(self)
        if not response.streaming:
            response.close()  # what it holds; its content stays. With it the database connection is given back
        elif not response.is_async:
            if isinstance(response, FileResponse):
                response.block_size = self.chunk_size
            response.streaming_content = self._pulled(iter(response.streaming_content), copy_context())
        return response

    async def _stream(self, response: Any, receive: Any, send: Any) -> None:
        """Send a stream, until its end or its reader's."""
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            await asyncio.wait({sending, leaving})
            await self._run(response.close)
        if not sending.cancelled():
            sending.result()

    async def _pulled(self, pieces: Iterator[bytes], context: Context) -> AsyncIterator[bytes]:
        """A synchronous stream read piece by piece in threads, never as a whole."""
        loop = asyncio.get_running_loop()
        while (piece := await loop.run_in_executor(self._threads, context.run, _next, pieces)) is not None:
            yield piece


def _next(pieces: Iterator[bytes]) -> bytes | None:
    """The next piece. As at the end of a request, the database connection goes back: this thread may come to rest."""
    try:
        return next(pieces, None)
    finally:
        close_old_connections()


async def _gone(receive: Any) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
