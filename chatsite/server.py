"""How uvicorn is run here: its configuration, and a WebSocket protocol class with what ASGI lacks: an abort."""

from typing import Any

import uvicorn
from django.conf import settings
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.supervisors import Multiprocess

APPLICATION = "chatsite.asgi:application"
SOCKET_MESSAGE_BYTES = 128 * 1024
PING_SECONDS = 20
GRACE_SECONDS = 10
HEADERS_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol; offers the ASGI extension ``chat.transport`` with ``abort()``.

    A peer that reads nothing blocks ``send`` and then ``close`` too; only dropping the connection frees its memory.
    """

    def data_received(self, data: bytes) -> None:
        """Answer what is no handshake (a header line over 8 KiB), where uvicorn leaves the peer waiting."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_complete:
            self.handshake_complete = True
            self.transport.write(HEADERS_TOO_LARGE)
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        """Close 1007 for invalid UTF-8 without the traceback that uvicorn logs."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(1007)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """A refusal by a response completes the handshake too; uvicorn would log each as an error."""
        await super().send(message)
        self.handshake_complete = self.handshake_complete or self.close_sent

    async def run_asgi(self) -> None:
        """Run the application with the extension in its scope."""
        self.scope["extensions"]["chat.transport"] = {"abort": self.transport.abort}
        await super().run_asgi()


def configuration(**changes: Any) -> uvicorn.Config:
    """The configuration of the product's server."""
    options: dict[str, Any] = {
        "host": settings.BIND,
        "port": settings.PORT,
        "workers": settings.WEB_CONCURRENCY,
        "loop": "uvloop",
        "http": "httptools",
        "ws": WebSocketProtocol,
        "ws_max_size": SOCKET_MESSAGE_BYTES,
        "ws_per_message_deflate": False,
        "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PING_SECONDS,
        "lifespan": "off",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "backlog": 2048,
    }
    return uvicorn.Config(APPLICATION, **(options | changes))


def run() -> None:
    """Serve until told to stop; with more than one process, under uvicorn's supervisor."""
    config = configuration()
    if config.workers > 1:
        Multiprocess(config, sockets=[config.bind_socket()]).run()
    else:
        uvicorn.Server(config).run()
