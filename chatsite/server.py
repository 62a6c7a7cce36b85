"""How uvicorn is run here: its configuration, and a WebSocket protocol class with what ASGI lacks: an abort."""

from collections.abc import Callable
from typing import Any

import uvicorn
from django.conf import settings
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.supervisors import Multiprocess
from websockets.protocol import State

APPLICATION = "chatsite.asgi:application"
SOCKET_MESSAGE_BYTES = 128 * 1024
PING_SECONDS = 20
GRACE_SECONDS = 10
HEADERS_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol; offers the ASGI extension ``chat.transport``.

    ``write(frames)`` sends finished frames at once, ``watch(callback)`` tells whether there is room for more (a plain
    ``send`` costs a task switch and builds the frame anew for each reader), ``close(code)`` and ``abort()`` end the
    line. A peer that reads nothing blocks ASGI's ``send`` and then its ``close`` too; only dropping the connection
    frees its memory.
    """

    on_writable: Callable[[bool], None] = staticmethod(lambda is_writable: None)

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

    def pause_writing(self) -> None:
        """Too much waits for the peer."""
        super().pause_writing()
        self.on_writable(False)

    def resume_writing(self) -> None:
        """There is room again."""
        super().resume_writing()
        self.on_writable(True)

    def watch(self, on_writable: Callable[[bool], None]) -> None:
        """Name who is told whether there is room for more."""
        self.on_writable = on_writable

    def write(self, frames: bytes) -> None:
        """Send finished WebSocket frames. Nothing is sent behind a close frame (RFC 6455, section 5.5.1)."""
        if self.conn.state is State.OPEN and not self.transport.is_closing():
            self.transport.write(frames)

    def close(self, code: int) -> None:
        """Close with ``code``, as ASGI's ``websocket.close`` does, but without waiting for the peer to read."""
        if self.conn.state is not State.OPEN or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)

    async def run_asgi(self) -> None:
        """Run the application with the extension in its scope."""
        self.scope["extensions"]["chat.transport"] = {
            "write": self.write,
            "watch": self.watch,
            "close": self.close,
            "abort": self.transport.abort,
        }
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
