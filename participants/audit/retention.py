"""How long the audit log keeps what: the one sanctioned way to change its rows.

The database refuses every UPDATE, DELETE and TRUNCATE of the table. :func:`maintenance` opens it for the transaction in
hand: on PostgreSQL by a variable of the transaction, on SQLite by a row that no other connection ever sees, as it goes
before the commit. The tests' cleanup, which empties all tables, goes through it too (``tests/conftest.py``).
"""

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import QuerySet
from django.utils import timezone

from participants.audit.actions import Action
from participants.audit.recording import record
from participants.conf import conf
from participants.models import AuditEvent

Change = Callable[[dict[int, str]], None]

BATCH = 2_000  # rows a transaction: well within the time that one SQL statement has

_SWITCH = {
    "postgresql": ("SET LOCAL chat.audit_maintenance = 'on'", "SET LOCAL chat.audit_maintenance = 'off'"),
    "sqlite": (
        "INSERT INTO participants_auditmaintenance (allowed) VALUES (1)",
        "DELETE FROM participants_auditmaintenance",
    ),
}


@contextmanager
def maintenance(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """A transaction, or a part of one, in which rows of the audit log may be changed."""
    connection = connections[using]
    on, off = _SWITCH[connection.vendor]
    with transaction.atomic(using), connection.cursor() as cursor:
        cursor.execute(on)
        yield
        cursor.execute(off)


def retention_apply() -> tuple[int, int]:
    """Delete rows past their time, shorten addresses past theirs; how many of each. Leaves a row of its own."""
    now = timezone.now()
    old = _rows().filter(at__lt=now - timedelta(days=conf.audit_days))
    exact = _rows().filter(at__lt=now - timedelta(days=conf.audit_address_days))
    exact = exact.exclude(address="").exclude(address__contains="/")
    deleted, shortened = _in_batches(old, _delete), _in_batches(exact, _shorten)
    if deleted or shortened:
        record(Action.AUDIT_TRIMMED, actor=None, deleted=deleted, shortened=shortened)
    return deleted, shortened


def _rows() -> "QuerySet[AuditEvent]":
    """The rows by a plain queryset: the model's own refuses to change anything."""
    return QuerySet(model=AuditEvent)


def _in_batches(rows: "QuerySet[AuditEvent]", change: Change) -> int:
    count = 0
    while batch := dict(rows.order_by("pk").values_list("pk", "address")[:BATCH]):
        with maintenance():
            change(batch)
        count += len(batch)
    return count


def _delete(batch: dict[int, str]) -> None:
    chosen = _rows().filter(pk__in=batch)
    chosen._raw_delete(chosen.db)


def _shorten(batch: dict[int, str]) -> None:
    for address in set(batch.values()):
        keys = [key for key, value in batch.items() if value == address]
        _rows().filter(pk__in=keys).update(address=shortened(address))


def shortened(address: str) -> str:
    """The network that an address is in: /24 of IPv4, /48 of IPv6."""
    length = 24 if ipaddress.ip_address(address).version == 4 else 48
    return str(ipaddress.ip_network((address, length), strict=False))
