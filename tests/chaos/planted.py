"""A server with a fault planted in it: ``PLANTED=name python -m tests.chaos.planted serve``.

The faults are those that chat servers are known to be written with. Each replaces a few lines of the product in the
process that is about to serve, and nothing of it is reachable from the product. A suite that stays green on one of them
proves nothing. What runs the tests may not be imported here: it takes the product's variables out of the environment.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

VARIABLE = "PLANTED"
DAY = 86_400.0


@dataclass(frozen=True)
class Fault:
    """``rule`` is the checker's rule that it must break."""

    name: str
    rule: str
    what: str
    plant: Callable[[], None]


def sql(*statements: str) -> None:
    """Change the schema, as it would be if the author had not thought of it."""
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def without_unique_numbers() -> None:
    """The log's own guard is gone."""
    sql("ALTER TABLE conversations_event DROP CONSTRAINT IF EXISTS event_sequence_unique")


def without_unique_keys() -> None:
    """The guard of message_id is gone."""
    sql("ALTER TABLE conversations_event DROP CONSTRAINT IF EXISTS event_message_id_unique")


def ack_before_commit() -> None:
    from django.db import transaction

    from conversations.writer import Writer

    def run(self: Any) -> None:
        while True:
            batch = self._next()
            with transaction.atomic():
                outcomes = self._commit([item for item, _ in batch]) if batch else []
                for (_, done), outcome in zip(batch, outcomes, strict=True):
                    done(outcome)
                time.sleep(0.5 if batch else 0)

    Writer._run = run  # type: ignore[method-assign]


def max_plus_one() -> None:
    from django.db.models import Max

    from conversations import log
    from conversations.models import Conversation, Event

    without_unique_numbers()

    def lock_all(conversation_ids: Any) -> Any:
        rows = {row.pk: row for row in Conversation.objects.filter(pk__in=set(conversation_ids))}
        for row in rows.values():
            newest = Event.objects.filter(conversation=row).aggregate(newest=Max("sequence"))["newest"]
            row.last_sequence = newest or 0
        time.sleep(0.05)
        return rows

    log.lock_all = lock_all


def number_from_a_sequence() -> None:
    from django.db import connection

    from conversations import log
    from participants.errors import Unavailable

    append_all = log.append_all
    sql("CREATE SEQUENCE IF NOT EXISTS planted_numbers START 1000")

    def append(entries: Any) -> None:
        with connection.cursor() as cursor:
            for conversation in entries:
                cursor.execute("SELECT nextval('planted_numbers')")
                conversation.last_sequence = max(conversation.last_sequence, cursor.fetchone()[0] - 1)
        if time.monotonic() % 1 < 0.2:
            raise Unavailable  # rolled back: the number is gone for good
        append_all(entries)

    log.append_all = append


def replay_off_by_one() -> None:
    from realtime import replay

    page = replay.page
    replay.page = lambda participant, conversation, after, **options: page(  # type: ignore[assignment]
        participant, conversation, after + 1, **options
    )


def read_then_subscribe() -> None:
    from realtime import replay
    from realtime.session import Subscription

    page = replay.page

    def slow_page(*args: Any, **options: Any) -> Any:
        found = page(*args, **options)
        time.sleep(0.5)
        return found

    def go_live(self: Any, line: Any) -> bool:
        self.cursor, self.live = max(self.cursor, line.position), True
        return True

    replay.page = slow_page
    Subscription.go_live = go_live  # type: ignore[method-assign]


def doorbell_only() -> None:
    from realtime.hub import Hub

    async def nothing(self: Any) -> None:
        """No look at the log."""

    Hub._check_positions = nothing  # type: ignore[method-assign]
    Hub._fill = lambda self, room: None  # type: ignore[method-assign]


def cursor_before_send() -> None:
    from realtime.socket import Socket

    put = Socket.put
    count = 0

    def failing(self: Any, delivery: Any) -> None:
        nonlocal count
        count += 1
        if b'"message"' not in delivery.payloads[0] or count % 20:
            put(self, delivery)

    Socket.put = failing  # type: ignore[method-assign]


def dedupe_in_memory() -> None:
    from conversations import selectors

    without_unique_keys()
    seen: dict[Any, Any] = {}
    look_up = selectors.sent_messages

    def sent_messages(keys: Any) -> Any:
        mine = {key: seen[key] for key in keys if key in seen}
        seen.update(dict.fromkeys(keys))
        return {key: row for key, row in look_up(set(mine)).items() if key in mine}

    selectors.sent_messages = sent_messages


def no_unique_key() -> None:
    from conversations import selectors
    from conversations.services import sends

    without_unique_keys()
    batch = sends._Batch.__init__
    look_up = selectors.sent_messages

    def look_first(self: Any, items: Any) -> None:
        known = look_up({send.key for send in items if send.message_id is not None})
        time.sleep(0.1)  # the other process has looked too by now
        batch(self, items)
        self.known = known

    sends._Batch.__init__ = look_first  # type: ignore[method-assign, assignment]


def publish_before_commit() -> None:
    from conversations import log, publish
    from participants.errors import Unavailable

    publish.publish_on_commit = publish.publish_now_unsafe
    append_all = log.append_all

    def append(entries: Any) -> None:
        append_all(entries)
        if entries and time.monotonic() % 1 < 0.2:
            raise Unavailable

    log.append_all = append


def order_of_arrival() -> None:
    from realtime.session import Line, Subscription

    def accept(self: Any, entries: Any) -> list[Any]:
        ready = list(entries)
        self.position = max([self.position, *(entry.sequence for entry in ready)])
        return ready

    def take(self: Any, entries: Any) -> Any:
        self.cursor = max([self.cursor, *(entry.sequence for entry in entries)])
        return entries

    Line.accept = accept  # type: ignore[method-assign]
    Subscription.take = take  # type: ignore[method-assign]


def presence_by_disconnect() -> None:
    from participants.conf import Conf

    Conf.lease_seconds = DAY  # type: ignore[assignment] # listed until somebody takes it off the list


def role_cached_at_connect() -> None:
    from realtime.hub import Hub
    from realtime.room import Room

    async def nothing(self: Any, *args: Any) -> None:
        """No second look."""

    Hub._check_access = nothing  # type: ignore[method-assign]
    Hub._check_access_of = nothing  # type: ignore[method-assign, assignment]
    Room._see_off = lambda self, entry: None  # type: ignore[method-assign]


def origin_by_suffix() -> None:
    from urllib.parse import urlsplit

    from realtime.handshake import Handshake

    def require(self: Any, participant: Any) -> None:
        from participants.errors import Forbidden

        if not self.headers.get(b"origin", "").endswith(urlsplit(f"//{self.headers[b'host']}").netloc):
            raise Forbidden("This page may not open a socket here.", code="origin_not_allowed")

    Handshake._require_own_origin = require  # type: ignore[method-assign]


def limiter_per_process() -> None:
    from participants import limits

    store = limits.MemoryStore()
    limits._store = lambda: store  # type: ignore[assignment]


def clock_ahead() -> None:
    """Not a fault to be found but one to be borne: the clock of this process is a day ahead."""
    from datetime import timedelta

    from django.utils import timezone

    now, seconds = timezone.now, time.time
    timezone.now = lambda: now() + timedelta(days=1)
    time.time = lambda: seconds() + DAY


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("ack-before-commit", "stale", "the ack goes out inside the transaction", ack_before_commit),
        Fault("max-plus-one", "hole", "a number is MAX + 1, and no row is locked", max_plus_one),
        Fault(
            "database-sequence", "hole", "a number is given for good, whatever becomes of it", number_from_a_sequence
        ),
        Fault("replay-off-by-one", "order", "replay begins one too late", replay_off_by_one),
        Fault(
            "read-then-subscribe", "order", "what comes between reading and going live is nobody's", read_then_subscribe
        ),
        Fault("doorbell-only", "missing", "delivery depends on the channel layer alone", doorbell_only),
        Fault("cursor-before-send", "order", "a frame that fails to go out counts as sent", cursor_before_send),
        Fault("dedupe-in-memory", "twice", "a repeated message_id is known to the process alone", dedupe_in_memory),
        Fault("no-unique-key", "twice", "a repeated message_id is looked for ahead of the lock", no_unique_key),
        Fault("publish-before-commit", "disagree", "the doorbell rings for what is rolled back", publish_before_commit),
        Fault("order-of-arrival", "order", "entries are handed out as they come", order_of_arrival),
        Fault("presence-by-disconnect", "ghost", "who is online stays so until disconnect", presence_by_disconnect),
        Fault("role-cached", "leak", "what a socket may read is looked up once", role_cached_at_connect),
        Fault("origin-by-suffix", "stranger", "an Origin is compared by its end", origin_by_suffix),
        Fault("limiter-per-process", "excess", "each process has limits of its own", limiter_per_process),
    )
}
BORNE = {"clock-ahead": clock_ahead}


def main() -> None:
    """Plant, then do what ``manage.py`` does."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    if name := os.environ.get(VARIABLE):
        (BORNE.get(name) or FAULTS[name].plant)()
    execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
