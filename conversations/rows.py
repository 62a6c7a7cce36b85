"""Statements that the hot path needs and the ORM makes slowly or not at all: many rows in, or on, and rows by tuples.

What the ORM costs is building SQL anew for each batch; the fields still come from the models.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

from participants.encoding import encode


class RowIn(Expression):
    """``(column, …) IN (VALUES (…), …)`` for a queryset's ``filter``: exact pairs, where two ``IN`` would be a product.

    Django's own TupleIn writes a condition for each pair on SQLite.
    """

    conditional = True

    def __init__(self, columns: Sequence[str], rows: Collection[tuple[Any, ...]]) -> None:
        super().__init__(output_field=models.BooleanField())
        self.columns: Sequence[Any] = [models.F(name) for name in columns]
        self.rows = rows

    def get_source_expressions(self) -> list[Any]:
        """The columns."""
        return list(self.columns)

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        """The columns, resolved."""
        self.columns = exprs

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """See :class:`Expression`."""
        columns = ", ".join(compiler.compile(column)[0] for column in self.columns)
        row = f"({', '.join(['%s'] * len(self.columns))})"
        values = ", ".join([row] * len(self.rows))
        native = connection.features.has_native_uuid_field
        parameters = tuple(
            value.hex if isinstance(value, UUID) and not native else value for row in self.rows for value in row
        )
        return f"({columns}) IN (VALUES {values})", parameters


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model with all their columns; whatever has a default must have it already.

    PostgreSQL gets them as one JSON parameter: to bind each value takes longer than to insert it.
    """
    model = type(rows[0])
    names = [field.attname for field in model._meta.concrete_fields]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            values = encode([{name: row.__dict__[name] for name in names} for row in rows])
            cursor.execute(_postgresql_insert(model), [values.decode()])
        else:
            converters = list(zip(names, _sqlite_converters(model), strict=True))
            cursor.executemany(
                _sqlite_insert(model),
                [[convert(row.__dict__[name]) if convert else row.__dict__[name] for name, convert in converters]
                 for row in rows],
            )  # fmt: skip


def advance(ends: Collection[tuple[UUID, int, str]], now: datetime) -> None:
    """Move the ends of conversations by so many entries, and keep the digest of the last, in one statement.

    Relative, so that a caller without the lock would be seen.
    """
    change = "UPDATE conversations_conversation SET last_sequence = last_sequence + "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"{change} step, digest = newest, active_at = %s "
                "FROM unnest(%s::uuid[], %s::bigint[], %s::text[]) AS ends (key, step, newest) WHERE id = key",
                [now, *map(list, zip(*ends, strict=True))],
            )
        else:
            rows = [(step, digest, _naive(now), key.hex) for key, step, digest in ends]
            cursor.executemany(f"{change} %s, digest = %s, active_at = %s WHERE id = %s", rows)


def _columns(model: type[models.Model]) -> str:
    return ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)


@cache
def _postgresql_insert(model: type[models.Model]) -> str:
    fields = model._meta.concrete_fields
    shape = ", ".join(f'"{field.attname}" {field.db_type(connection)}' for field in fields)
    names = ", ".join(f'"{field.attname}"' for field in fields)
    source = f"SELECT {names} FROM json_to_recordset(%s::json) AS entry({shape})"  # noqa: S608 - names of the model
    return f'INSERT INTO "{model._meta.db_table}" ({_columns(model)}) {source}'


@cache
def _sqlite_insert(model: type[models.Model]) -> str:
    places = ", ".join(["%s"] * len(model._meta.concrete_fields))
    return f'INSERT INTO "{model._meta.db_table}" ({_columns(model)}) VALUES ({places})'  # noqa: S608 - as above


@cache
def _sqlite_converters(model: type[models.Model]) -> tuple[Callable[[Any], Any] | None, ...]:
    """How Django stores what SQLite has no type for, column by column; None where nothing is to be done."""
    return tuple(_sqlite_converter(field) for field in model._meta.concrete_fields)


def _sqlite_converter(field: Any) -> Callable[[Any], Any] | None:
    kind = (field.target_field if field.is_relation else field).get_internal_type()
    return _SQLITE.get(kind)


def _hex(value: UUID | None) -> str | None:
    return None if value is None else value.hex


@lru_cache(maxsize=64)  # all rows of a batch have the same time
def _naive(value: datetime | None) -> str | None:
    return None if value is None else connection.ops.adapt_datetimefield_value(value)


def _json(value: Any) -> str:
    return encode(value).decode()


_SQLITE: dict[str, Callable[[Any], Any]] = {"UUIDField": _hex, "DateTimeField": _naive, "JSONField": _json}
