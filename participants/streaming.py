"""Answers that are made as they are sent, so that they take no memory however long they are."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse


async def in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same for an event loop."""
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece


def streamed(request: HttpRequest, pieces: Iterator[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    """A download of ``pieces``, of that type and file name (ASCII)."""
    response = StreamingHttpResponse(
        in_threads(pieces) if isinstance(request, ASGIRequest) else pieces, content_type=content_type
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
