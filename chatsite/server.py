"""How uvicorn is run here: its configuration, a WebSocket protocol with what ASGI lacks, and an orderly end."""

import asyncio
import gc
import os
import socket
import threading
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.supervisors import multiprocess
from websockets.protocol import State

APPLICATION = "chatsite.asgi:application"
SOCKET_MESSAGE_BYTES = 128 * 1024
PING_SECONDS = 20
CLOSE_SECONDS = 1.5
GRACE_SECONDS = 4  # for requests in work, after the sockets
# New objects after which Python looks for cycles among them; its own 700 are less than one batch of sends makes.
COLLECT_AFTER = 10_000
END_SECONDS = 14.0
HEADERS_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol; offers ``abort()`` of the ASGI extension ``chat.transport``, for streams nobody reads."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = {"chat.transport": {"abort": self.transport.abort}}


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
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.end)

    def end(self) -> None:
        """Wait no longer for the answer to the close frame, which who only sends and never reads does not give."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def handle_ping(self) -> None:
        """Answer, unless the peer reads nothing: pongs for it would pile up (RFC 6455, 5.5.3, wants the last only)."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def shutdown(self) -> None:
        """As uvicorn's at the end of the server, but who is still in the handshake is told to come back."""
        if self.handshake_initiated and not self.handshake_complete and self.initial_response is None:
            response = self.conn.reject(503, "The server restarts.")
            response.headers["Retry-After"] = "1"
            self.handshake_complete = self.close_sent = True
            self.conn.send_response(response)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()
            return
        super().shutdown()

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
        "http": HttpProtocol,
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


class Server(uvicorn.Server):
    """uvicorn's server with an orderly end, on SIGTERM or SIGINT: within ``END_SECONDS``, with status 0.

    Readiness goes first, so that a balancer sends nothing more; then it stops listening, what is in flight is answered,
    every socket is told when to come back and closed with 1012, and requests in work are finished.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin: runs of agents that were left over wait for no request."""
        from agents import inline
        from realtime.hub import hub

        await super().startup(sockets)
        collect_rarely()
        hub.start()
        inline.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        from agents import inline
        from chatsite.conf import conf  # not before Django is set up, which in a child is later than this module
        from realtime.hub import hub

        last_resort = threading.Timer(END_SECONDS, os._exit, [1])  # a thread that hangs in a driver holds the exit up
        last_resort.daemon = True
        last_resort.start()
        hub.is_ready = False
        await asyncio.sleep(conf.drain_notice_seconds)
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        await asyncio.gather(hub.drain(conf.drain_seconds), inline.engine.drain(conf.drain_agents_seconds))
        await super().shutdown(sockets)
        self._captured_signals.clear()  # they were obeyed: uvicorn would raise them again and end by signal


def collect_rarely() -> None:
    """Let the collector of cycles alone what lasts as long as the process, and look less often at what is new.

    It took a tenth of what a send costs, and each of its walks over all modules stopped everybody for 60 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


class Process(multiprocess.Process):
    """A child of the supervisor with our server in it."""

    @property
    def server(self) -> Server:
        """Made in the child, on first use."""
        if self._server is None:
            self._server = Server(config=self.config)
        return cast("Server", self._server)


class Supervisor(multiprocess.Multiprocess):
    """uvicorn's supervisor, whose children end in order."""

    def terminate_all(self) -> None:
        """Stop listening here too, or who connects while the children end would wait for nobody."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def run() -> None:
    """Serve until told to stop; with more than one process, under a supervisor."""
    config = configuration()
    if config.workers > 1:
        multiprocess.Process = Process  # type: ignore[misc]  # the supervisor finds its children's class by this name
        Supervisor(config, sockets=[config.bind_socket()]).run()
    else:
        Server(config).run()
