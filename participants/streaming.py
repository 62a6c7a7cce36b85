"""Answers that are made as they are sent, so that they take no memory however long they are."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse

PIECE_BYTES = 64 * 1024


def streamed(pieces: Iterator[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    """A download of ``pieces``, of that type and file name (ASCII).

    Each piece may be made in another thread: nothing of the database may stay open between two of them.
    """
    response = StreamingHttpResponse(_cut(pieces), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _cut(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """In parts that a slow reader takes in time."""
    for piece in pieces:
        for start in range(0, len(piece), PIECE_BYTES):
            yield piece[start : start + PIECE_BYTES]
