"""Socket routes, and a last one that denies: an unmatched path would otherwise be a server error."""

from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from participants.errors import NotFound
from realtime.consumers import ChatConsumer
from realtime.handshake import refuse


async def unknown(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """404."""
    await receive()
    scope["connection_id"] = None
    await refuse(scope, send, NotFound())


consumer: Any = ChatConsumer.as_asgi()
nowhere: Any = unknown  # ASGI applications where Django's annotations know views only

sockets = URLRouter(
    [
        re_path(r"^chat/ws/?$", consumer),
        re_path(r"^chat/ws/(?P<conversation_id>[^/]+)/?$", consumer),
        re_path(r"", nowhere),
    ]
)
