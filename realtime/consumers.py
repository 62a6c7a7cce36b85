"""The consumer: a socket's life from handshake to end. It parses and answers; what commands do is in handlers."""

import logging
import threading
import time
import uuid
from typing import Any

import structlog
from channels.consumer import AsyncConsumer

from participants import addresses, limits
from participants.authentication import Credential
from participants.errors import ChatError, Unavailable
from participants.presence import ANY, Connection
from realtime import database, frames, handlers, metrics, replay, subscriptions
from realtime.close_codes import CloseCode
from realtime.conf import conf
from realtime.handshake import SUBPROTOCOL, Handshake, refuse
from realtime.hub import hub
from realtime.socket import Socket
from realtime.transport import transport_for

logger = logging.getLogger(__name__)


class ClientLeft(Exception):
    """Whoever asked for a socket has gone before it was open."""


class ChatConsumer(AsyncConsumer):
    """One socket. It owns no channel of the layer, and no database call is made on the way of an event."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Run a socket from its handshake to its end."""
        self.id = scope["connection_id"] = uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(connection_id=self.id)
        addresses.current.set(addresses.of_socket(scope))
        await receive()  # websocket.connect
        try:
            since = hub.controls
            socket, found, cursor = await self.connect(scope, send)
        except ChatError as error:
            logger.info("socket refused", extra={"code": error.code})
            await refuse(scope, send, error)
            return
        except ClientLeft:
            logger.info("client left in its handshake")
            return
        except Exception:
            logger.exception("handshake failed")
            await refuse(scope, send, ChatError())
            return
        try:
            await self.greet(socket, found, cursor, since)
            await self.listen(socket, receive)
        finally:
            hub.remove(socket)
            await socket.end()

    async def connect(self, scope: dict[str, Any], send: Any) -> tuple[Socket, replay.Snapshot | None, int | None]:
        """Let somebody in, or raise the ChatError that says why not."""
        handshake = Handshake(scope)
        cursor = handshake.cursor()
        is_given_up = threading.Event()
        asked: list[Connection] = []

        def admit() -> tuple[Credential, Connection, replay.Snapshot | None]:
            limits.ADDRESSES.consume(addresses.current.get())
            credential = handshake.authenticate()
            limits.CONNECTS.consume(credential.participant.pk)
            conversation = handshake.conversation()
            address = str(conversation) if conversation else ANY
            connection = Connection(hub.process, self.id, credential.participant.pk, address)
            asked.append(connection)
            found = replay.open_socket(connection, credential.participant, conversation)
            if is_given_up.is_set():
                hub.handover.add(hub.presence.release, connection)
            return credential, connection, found

        if not hub.is_open:
            raise Unavailable
        try:
            credential, connection, found = await database.run(admit)
        except Unavailable:  # the thread goes on: whichever of the two is later gives the place back
            is_given_up.set()
            for each in asked:
                hub.presence.release(each)
            raise
        subprotocol = SUBPROTOCOL if handshake.takes_arrays else None
        try:
            if not hub.is_open:  # the server began to end meanwhile
                raise Unavailable
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
        except BaseException as error:  # nobody else would give the lease back
            hub.presence.release(connection)
            if isinstance(error, OSError):  # what servers raise for a line that is gone (ASGI, "Disconnected Client")
                raise ClientLeft from error
            raise
        socket = Socket(
            connection=connection,
            credential=credential,
            conversation=found.conversation if found else None,
            transport=transport_for(scope, send, takes_arrays=handshake.takes_arrays),
        )
        return socket, found, cursor

    async def greet(self, socket: Socket, found: replay.Snapshot | None, cursor: int | None, since: int) -> None:
        """Say ``connected`` and begin delivery."""
        if found is None:
            subscriptions.greet(socket)
            hub.check_if_rung(socket, since)
        else:
            subscriptions.begin(socket, found, cursor, since=since)
        hub.add(socket)

    async def listen(self, socket: Socket, receive: Any) -> None:
        """Take frames one after the other until the socket ends: the next is not read before this one is answered."""
        while not socket.is_closed:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            raw = message.get("text")
            async with socket.in_hand:
                await self.receive(socket, message.get("bytes", b"") if raw is None else raw)

    async def receive(self, socket: Socket, raw: str | bytes) -> None:
        """One frame: parse, carry out, answer a refusal. Whatever happens, the socket lives, or ends with its code."""
        if socket.is_closing or socket.is_retiring:
            return
        try:
            command = frames.parse(raw, conf.frame_bytes)
        except frames.BadFrame as error:
            self.refuse_frame(socket, error)
            return
        if not isinstance(command, frames.Ping):
            hub.presence.note_command(socket)
        about = {
            "message_id": getattr(command, "message_id", None),
            "conversation_id": command.conversation_id or socket.conversation,
        }
        try:
            socket.require_slower()
            await handlers.handle(socket, command)
        except ChatError as error:
            socket.refuse(error, **about)
        except Exception:
            logger.exception("command failed", extra={"command": command.type})
            socket.put_error(ChatError(), **about)

    def refuse_frame(self, socket: Socket, error: frames.BadFrame) -> None:
        """Answer a frame that is no command; too large or too many of them end the socket."""
        socket.put_error(error, **error.about)
        if isinstance(error, frames.FrameTooLarge):
            socket.close(CloseCode.FRAME_TOO_LARGE, "frame_too_large")
        elif socket.patience.malformed(time.monotonic()):
            socket.close(CloseCode.MALFORMED, "malformed")
            metrics.refusals.labels("malformed").inc()
