"""Refusals made before Django has a request: problem+json with the headers that every answer has."""

import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from chatsite.middleware import PERMISSIONS_POLICY
from participants.encoding import encode
from participants.errors import ChatError
from participants.problems import problem_headers

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]


def start_and_body(error: ChatError) -> tuple[dict[str, Any], bytes]:
    """The two parts of an answer that refuses and closes the connection, which may hold unread bytes."""
    request_id = uuid.uuid4().hex
    logger.info("request refused early", extra={"code": error.code, "request_id": request_id})
    body = encode(error.problem(request_id))
    headers = {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "connection": "close",
        "x-request-id": request_id,
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cross-origin-opener-policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": PERMISSIONS_POLICY,
        "referrer-policy": settings.SECURE_REFERRER_POLICY,
        "x-content-type-options": "nosniff",
        "x-frame-options": settings.X_FRAME_OPTIONS,
        **{name.lower(): value for name, value in problem_headers(error).items()},
    }
    if settings.SECURE:
        headers["strict-transport-security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": error.http_status, "headers": encoded}, body


async def refuse(send: Send, error: ChatError) -> None:
    """Answer with ``error``."""
    start, body = start_and_body(error)
    await send(start)
    await send({"type": "http.response.body", "body": body})
