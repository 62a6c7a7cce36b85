"""What each command does: a table from frame class to function. Each calls one service and says how it is answered."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from conversations import markdown, policy, publish
from conversations.policy import Action
from conversations.services import invitations, memberships, messages, sends
from participants import authentication
from participants.encoding import encode
from participants.errors import ChatError, Forbidden, InvalidInput
from participants.presentation import participant_object
from realtime import database, frames, metrics, replay
from realtime.conf import conf
from realtime.frames import Command
from realtime.hub import hub
from realtime.socket import Socket
from realtime.subscriptions import begin, resume

Handler = Callable[[Socket, Any, UUID], Awaitable[None]]


# --- commands ---------------------------------------------------------------------------------------------------------


async def send_message(socket: Socket, command: frames.SendMessage, conversation: UUID) -> None:
    """Give a message to the writer; its ack follows the commit, and the next frame need not wait for that."""
    participant = socket.credential.participant
    if command.sender_id is not None:
        authentication.require_self({"sender_id": command.sender_id}, participant)
    prepare = partial(
        sends.message_prepare,
        author=participant,
        conversation_id=conversation,
        content=command.content,
        message_id=command.message_id,
        reply_to=command.reply_to,
        metadata=command.metadata,
        attachments=command.attachments,
    )
    # Rendering Markdown takes up to 0.1 s: not on the loop.
    send = prepare() if markdown.is_plain(command.content) else await database.run(prepare)
    await socket.sending.fewer_than(conf.sends_in_flight)
    sends.message_submit(send, partial(hub.handover.add, _answer_send, socket, send))
    socket.sending.begin(send, {"conversation_id": conversation, "message_id": command.message_id})


def _answer_send(socket: Socket, send: sends.Send, outcome: sends.Sent | ChatError) -> None:
    """Ack what was stored, say what was refused."""
    socket.sending.finish(send)
    if isinstance(outcome, ChatError):
        socket.refuse(outcome, conversation_id=send.conversation_id, message_id=send.message_id)
        return
    event, duplicate = outcome
    metrics.acks.inc()
    socket.put_frame(
        {
            "type": "message_ack",
            "conversation_id": send.conversation_id,
            "message_id": event.message_id,
            "id": event.pk,
            "sequence_id": event.sequence,
            "created_at": event.created_at,
            "duplicate": duplicate,
        }
    )


async def sync(socket: Socket, command: frames.Sync, conversation: UUID) -> None:
    """Send again from a cursor."""
    room = hub.rooms.get(conversation)
    if room is None or conversation not in socket.following:
        raise InvalidInput("Subscribe to this conversation first.", code="not_subscribed")
    found = await database.run(replay.snapshot, socket.credential.participant, conversation)
    if conversation in socket.following:
        resume(socket, room, command.last_sequence_id, found)


async def subscribe(socket: Socket, command: frames.Subscribe, conversation: UUID) -> None:
    """Follow a conversation."""
    since = hub.controls
    found = await database.run(replay.snapshot, socket.credential.participant, conversation)
    begin(socket, found, command.last_sequence_id, since=since, presence=command.presence)


async def unsubscribe(socket: Socket, command: frames.Unsubscribe, conversation: UUID) -> None:
    """Stop following a conversation."""
    if socket.conversation is not None:
        raise InvalidInput("This socket is for one conversation: close it instead.", code="not_for_this_socket")
    if conversation not in socket.following:
        raise InvalidInput("You do not follow this conversation.", code="not_subscribed")
    hub.unfollow(socket, conversation)
    socket.put_frame({"type": "unsubscribed", "conversation_id": conversation, "reason": "unsubscribed"})


async def join(socket: Socket, command: frames.Join, conversation: UUID) -> None:
    """Become a member and follow."""
    participant = socket.credential.participant
    authentication.require_self({"participant_id": command.participant_id}, participant)
    await database.run(
        invitations.conversation_join,
        participant=participant,
        conversation_id=conversation,
        invitation=command.invitation,
    )
    since = hub.controls
    begin(socket, await database.run(replay.snapshot, participant, conversation), None, since=since)


async def leave(socket: Socket, command: frames.Leave, conversation: UUID) -> None:
    """Stop being a member; the entry of the log ends the subscription, and who had none is told here."""
    is_told = conversation in socket.following or hub.unread.knows(socket, conversation)
    await database.run(
        memberships.conversation_leave, participant=socket.credential.participant, conversation_id=conversation
    )
    if not is_told:
        socket.put_frame({"type": "unsubscribed", "conversation_id": conversation, "reason": "left"})


async def typing(socket: Socket, command: frames.Typing, conversation: UUID) -> None:
    """Tell the others that one types."""
    following = socket.following.get(conversation)
    if following is None:
        raise Forbidden("Subscribe to this conversation first.", code="not_subscribed")
    policy.require(Action.TYPE, following.reading.situation)
    if not socket.patience.typing(conversation, command.is_typing, time.monotonic()):
        return
    frame = {
        "type": "typing",
        "conversation_id": conversation,
        "participant": participant_object(socket.credential.participant),
        "is_typing": command.is_typing,
    }
    publish.publish_now_unsafe(publish.Transient(conversation, encode(frame), but_not=socket.participant_id))


async def mark_read(socket: Socket, command: frames.MarkRead, conversation: UUID) -> None:
    """Move the read marker."""
    await database.run(
        messages.read_mark,
        participant=socket.credential.participant,
        conversation_id=conversation,
        sequence=command.sequence_id,
    )


HANDLERS: dict[type[Command], Handler] = {
    frames.Sync: sync,
    frames.Subscribe: subscribe,
    frames.Unsubscribe: unsubscribe,
    frames.Join: join,
    frames.Leave: leave,
    frames.Typing: typing,
    frames.MarkRead: mark_read,
}


def register(command: type[Command], handler: Handler, *, answer: str) -> None:
    """Add a command of another app; ``answer`` says for the documentation what it is answered with."""
    frames.register(command, answer)
    HANDLERS[command] = handler


async def authenticate(socket: Socket, command: frames.Authenticate) -> None:
    """Go on under a newer token of the same participant."""
    credential = await database.run(authentication.authenticate_access, command.access)
    if credential.participant.pk != socket.participant_id:
        raise Forbidden("This token is somebody else's.", code="sender_mismatch")
    socket.credential = credential
    socket.expiry.renew(credential.expires_at)
    expires_at = datetime.fromtimestamp(credential.expires_at, UTC)
    socket.put_frame({"type": "authenticated", "expires_at": expires_at})


async def handle(socket: Socket, command: Command) -> None:
    """Carry out a command; raises ChatError as its answer."""
    match command:
        case frames.Ping(nonce=nonce):
            socket.put_frame({"type": "pong"} | ({} if nonce is None else {"nonce": nonce}))
        case frames.Authenticate():
            await authenticate(socket, command)
        case frames.SendMessage():
            await send_message(socket, command, _conversation(socket, command))
        case _:
            await socket.sending.fewer_than(1)  # commands take effect in the order they were sent
            await HANDLERS[type(command)](socket, command, _conversation(socket, command))


def _conversation(socket: Socket, command: Command) -> UUID:
    """The conversation that a command is about."""
    named, own = command.conversation_id, socket.conversation
    if own is not None and named not in {None, own}:
        raise InvalidInput("This socket is for another conversation.", code="wrong_conversation")
    if (found := own or named) is None:
        raise InvalidInput.field("conversation_id", "Say which conversation this is about.", "required")
    return found
