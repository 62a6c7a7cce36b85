"""Where a socket begins to follow a conversation, and how it gets there: ``connected``, what it missed, then live."""

import asyncio
from typing import Any

from conversations.conf import conf as conversation_conf
from participants.errors import ChatError, Gone, LimitExceeded
from participants.presentation import participant_object
from realtime import database, metrics, replay, running
from realtime.conf import conf
from realtime.delivery import Delivery
from realtime.hub import hub
from realtime.room import Room
from realtime.socket import Socket


class SequenceAhead(Gone):
    """The client's cursor is ahead of the log, as after the database was restored."""

    default_code = "sequence_ahead"
    default_detail = "Your position is ahead of this conversation's log. Load the conversation again."


class SequenceTooOld(Gone):
    """The client's cursor is behind what retention kept."""

    default_code = "sequence_too_old"
    default_detail = "What follows your position is no longer kept; going on from the first entry that is."


def limits(capacity: int | None = None) -> dict[str, Any]:
    """What the server takes."""
    return {
        "message_characters": conversation_conf.message_characters,
        "frame_bytes": conf.frame_bytes,
        "metadata_bytes": conversation_conf.metadata_bytes,
        "participants": capacity,
        "typing_seconds": conf.typing_seconds,
        "sync_events": conversation_conf.page_events,
    }


def greet(socket: Socket) -> None:
    """``connected`` of a socket for many conversations."""
    participant = participant_object(socket.credential.participant)
    socket.put_frame({"type": "connected", "conversation_id": None, "participant": participant, "limits": limits()})


def begin(socket: Socket, found: replay.Snapshot, cursor: int | None, *, since: int, presence: bool = False) -> None:
    """``connected`` for a conversation, then delivery: from its end, or from a client's cursor by ``sync`` pages.

    ``since`` is what ``hub.controls`` was before ``found`` was read.
    """
    if len(socket.following) >= conf.subscriptions and found.conversation not in socket.following:
        raise LimitExceeded(
            "This socket follows too many conversations. Unsubscribe from one first.",
            code="too_many_subscriptions",
            limit=conf.subscriptions,
        )
    start = found.current if cursor is None else cursor
    room = hub.follow(socket, found, start, presence=presence)
    socket.put_frame(
        {
            "type": "connected",
            "conversation_id": found.conversation,
            "participant": participant_object(socket.credential.participant),
            "participants": room.as_shown(found.participants, to=socket.participant_id),
            "first_sequence_id": found.first,
            "current_sequence_id": found.current,
            "limits": limits(found.capacity),
            "runs": running.freshen(found.runs),
        }
    )
    room.show_away(socket)
    hub.check_if_rung(socket, since)
    if cursor is not None:
        resume(socket, room, cursor, found)
    elif not _catch_up(socket, room):
        _replay(socket, room, found, as_pages=False)


def resume(socket: Socket, room: Room, cursor: int, found: replay.Snapshot) -> None:
    """Move a subscription to a client's cursor and send from there; a cursor outside of the log is said to be."""
    subscription = socket.following[room.conversation].subscription
    if cursor > found.current and cursor > room.line.position:
        socket.put_error(SequenceAhead(), conversation_id=room.conversation)
        cursor = found.current
    elif cursor < found.retained - 1:
        socket.put_error(SequenceTooOld(first_sequence_id=found.retained), conversation_id=room.conversation)
    subscription.rewind(max(cursor, found.first - 1))
    _replay(socket, room, found, as_pages=socket.takes_pages)


def _catch_up(socket: Socket, room: Room) -> bool:
    """Give what came since the snapshot from memory and go live; False if memory does not reach back that far."""
    subscription = socket.following[room.conversation].subscription
    missed = room.line.since(subscription.cursor)
    if missed is None or any(entry.about or entry.leaver == socket.participant_id for entry in missed):
        return False
    if missed:
        socket.put(Delivery([entry.text for entry in missed], room.conversation))
        subscription.page(missed[-1].sequence)
    return subscription.go_live(room.line)


def _replay(socket: Socket, room: Room, found: replay.Snapshot, *, as_pages: bool) -> None:
    following = socket.following[room.conversation]
    if following.replay is not None:
        following.replay.cancel()
    following.replay = hub.tasks.own(_read_log(socket, room, found, as_pages=as_pages))


async def _read_log(socket: Socket, room: Room, found: replay.Snapshot, *, as_pages: bool) -> None:
    """Send the log from the subscription's cursor until it is live. Waits for the outbox, so never overflows it."""
    conversation = room.conversation
    following = socket.following[conversation]
    participant = socket.credential.participant
    first, has_more = as_pages, True
    while has_more and socket.following.get(conversation) is following and not socket.is_closing:
        try:
            async with socket.replaying:
                await socket.drained()  # first: what a page shows is as it is now, and is sent at once
                cursor = following.subscription.cursor
                members = room.as_shown(found.participants, to=socket.participant_id) if first else None
                page = replay.page_from(room.line, found, cursor, members)
                if page is None:
                    page = await database.run(replay.page, participant, conversation, cursor, with_participants=first)
                if socket.following.get(conversation) is not following:
                    return
                if _send_page(socket, room, page, as_pages=as_pages):
                    has_more, first = not following.subscription.live, False
        except ChatError as error:
            if not error.temporary:
                room.drop(socket, "deleted" if error.http_status == 404 else "removed")
                return
            await asyncio.sleep(error.retry_after or 1)


def _send_page(socket: Socket, room: Room, page: replay.Page, *, as_pages: bool) -> bool:
    """Send a page, and go live if nothing is missing behind it; False if what came meanwhile left no room for it."""
    subscription = socket.following[room.conversation].subscription
    before = subscription.cursor
    subscription.page(page.last)
    has_more = page.has_more or not subscription.go_live(room.line)
    frames = [page.frame(room.conversation, has_more=has_more)] if as_pages else page.entries
    delivery = Delivery(frames, room.conversation)
    if not socket.has_room(delivery):
        subscription.rewind(before)
        return False
    metrics.deliveries.inc(len(page.entries))
    if frames:
        socket.put(delivery)
    return True
