"""Rows for the hot path: read and written by statements that are ready, where the ORM would build them anew each time.

To build the SELECT of a membership with its participant takes the ORM 0.5 ms, as long as many sends may take.
Tables, columns and how values are stored still come from the models, and what is read are their instances.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import cache, cached_property, lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.base import ModelState

from participants.encoding import encode

Row = TypeVar("Row", bound=models.Model)


class Shape:
    """The columns of a model (or those named) under an alias, to be selected."""

    def __init__(self, model: type[models.Model], alias: str, only: Collection[str] = ()) -> None:
        fields = [field for field in model._meta.concrete_fields if not only or field.attname in only]
        self.model = model
        self.table = f'"{model._meta.db_table}" {alias}'
        self.columns = ", ".join(f'{alias}."{field.column}"' for field in fields)
        self.names = [field.attname for field in fields]
        self._columns = [field.get_col(alias) for field in fields]

    @cached_property
    def _readers(self) -> list[tuple[int, Callable[[Any], Any]]]:
        """What makes the value of each column whose type the database does not have."""
        readers = ((place, _reader(column)) for place, column in enumerate(self._columns))
        return [(place, reader) for place, reader in readers if reader is not None]

    def instance(self, values: Sequence[Any]) -> Any:
        """A row of the model from what the database gave for these columns."""
        made = list(values)
        for place, read in self._readers:
            if made[place] is not None:
                made[place] = read(made[place])
        return instance_of(self.model, dict(zip(self.names, made, strict=True)))


def _reader(column: Any) -> Callable[[Any], Any] | None:
    """Django's converters of a column as one; its JSON and UUIDs take half the time of a page in what they repeat."""
    converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
    if not converters:
        return None

    def read(value: Any) -> Any:
        for convert in converters:
            value = convert(value, column, connection)
        return value

    match column.output_field.get_internal_type():
        case "JSONField":
            return lambda value: {} if value == "{}" else read(value)
        case "UUIDField":
            return _uuid
        case _:
            return read


@lru_cache(maxsize=10_000)  # who and where are the same in most rows of a page
def _uuid(value: str) -> UUID:
    return UUID(value)


def instance_of(model: type[Row], values: dict[str, Any], **related: models.Model) -> Row:
    """A stored row as ``from_db`` makes it, with the rows that its foreign keys name.

    Without ``__init__``, whose signals and descriptors take 10 microseconds; no model here listens to either.
    """
    row = model.__new__(model)
    state = ModelState()
    state.db = DEFAULT_DB_ALIAS
    state.adding = False
    state.fields_cache.update(related)
    row.__dict__.update(values, _state=state)
    return row


def fetch(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a SELECT as the database gives them."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def select(statement: str, parameters: Sequence[Any], *shapes: Shape) -> Iterator[tuple[Any, ...]]:
    """The rows of a SELECT of all columns of ``shapes``, in their order, as instances of their models."""
    for row in fetch(statement, parameters):
        yield instances(row, *shapes)


def instances(row: Sequence[Any], *shapes: Shape) -> tuple[Any, ...]:
    """One fetched row as an instance of each shape."""
    made, start = [], 0
    for shape in shapes:
        end = start + len(shape.names)
        made.append(shape.instance(row[start:end]))
        start = end
    return tuple(made)


def places(count: int) -> str:
    """So many placeholders, with commas."""
    return ", ".join(["%s"] * count)


def wanted(names: str, rows: Collection[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """``WITH wanted (names) AS (VALUES …)`` and its parameters, to find tuples of columns by their index.

    To be CROSS JOINed ahead of the table: for a tuple ``IN (VALUES …)`` SQLite reads the whole of it.
    """
    row = f"({places(len(next(iter(rows))))})"
    values = [value for row in rows for value in row]
    if connection.vendor != "postgresql":
        values = [_stored(value) for value in values]
    return f"WITH wanted ({names}) AS (VALUES {', '.join([row] * len(rows))}) ", values


def parameter(value: Any) -> Any:
    """A value of a UUID, time or plain column, as the database takes it."""
    return value if connection.vendor == "postgresql" else _stored(value)


def _stored(value: Any) -> Any:
    """As SQLite has it."""
    if isinstance(value, UUID):
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


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
    values = places(len(model._meta.concrete_fields))
    return f'INSERT INTO "{model._meta.db_table}" ({_columns(model)}) VALUES ({values})'  # noqa: S608 - as above


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
