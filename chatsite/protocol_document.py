"""The protocol's page from its catalogue: what the code declares is what the page says. Pure: text in, text out.

The template holds what people need around the tables; ``{{name}}`` stands where :func:`render` puts them. A frame
without a docstring is refused, so nothing goes over a socket that the page does not explain.
"""

import inspect
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from conversations import events
from realtime import frames
from realtime.close_codes import MEANING, CloseCode

Frame = type[BaseModel]

NAMES: dict[Any, str] = {
    UUID: "id",
    datetime: "time",
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    Any: "anything",
    dict: "object",
    type(None): "null",
}
# Said once for all of a kind, and left out of the tables.
COMMON = {"type", "conversation_id"}
# Who sends is who opened the socket: these are only compared with it.
CLAIMS = {"sender_id", "participant_id"}
COMMON_OF_ENTRIES = COMMON | {"sequence_id", "created_at"}


class Undocumented(Exception):
    """A frame, or a close code, that nothing explains."""


@dataclass(frozen=True)
class Catalogue:
    """Everything that may go over a socket."""

    commands: tuple[type[frames.Command], ...] = field(default_factory=lambda: tuple(frames.COMMANDS))
    entries: tuple[type[events.Event], ...] = events.ENTRIES
    transient: tuple[Frame, ...] = (*frames.SERVER_FRAMES, *events.TRANSIENT)
    close_codes: Mapping[CloseCode, tuple[str, str]] = field(default_factory=lambda: MEANING)


def render(template: str, catalogue: Catalogue | None = None) -> str:
    """The page. Raises Undocumented, and KeyError for a place in the template that nothing fills."""
    catalogue = catalogue or Catalogue()
    parts = {
        "commands": "\n".join(command_section(command) for command in catalogue.commands),
        "entries": "\n".join(frame_section(entry, COMMON_OF_ENTRIES) for entry in catalogue.entries),
        "transient": "\n".join(frame_section(frame, {"type"}) for frame in catalogue.transient),
        "shapes": "\n".join(shape_section(shape) for shape in shapes_of(catalogue)),
        "close_codes": close_code_table(catalogue.close_codes),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]].strip(), template)


# --- sections ---------------------------------------------------------------------------------------------------------


def command_section(command: type[frames.Command]) -> str:
    """One command: what it does, its fields, its answer."""
    name = frames.name_of(command)
    return section(f"`{name}`", command, COMMON | CLAIMS) + f"\nAnswer: {frames.answer_of(command)}.\n"


def frame_section(frame: Frame, common: set[str]) -> str:
    """One frame of the server."""
    return section(f"`{wire_name(frame)}`", frame, common)


def shape_section(shape: Frame) -> str:
    """One object that frames hold."""
    return section(shape.__name__, shape, set())


def wire_name(frame: Frame) -> str:
    """The ``type`` of a server's frame."""
    return str(frame.model_fields["type"].default)


def section(title: str, frame: Frame, common: set[str]) -> str:
    """Heading, docstring, table of fields."""
    rows = [
        f"| `{name}` | {type_text(field.annotation)} | {note_of(field)} |"
        for name, field in frame.model_fields.items()
        if name not in common
    ]
    table = ["", "| field | type | |", "|---|---|---|", *rows] if rows else []
    return "\n".join([f"### {title}", "", docstring_of(frame), *table, ""])


def docstring_of(frame: Frame) -> str:
    """What the class says of itself; raises Undocumented."""
    text = frame.__dict__.get("__doc__")
    if not text or not text.strip():
        raise Undocumented(f"{frame.__module__}.{frame.__name__} has no docstring: say what it tells, and to whom.")
    return " ".join(inspect.cleandoc(text).split())


def note_of(field: FieldInfo) -> str:
    """Whether it may be left out, within which bounds, and what else was said of it."""
    notes = [] if field.is_required() else ["optional"]
    for bound in field.metadata:
        for word, text in (("ge", "from"), ("le", "to"), ("min_length", "length from"), ("max_length", "length to")):
            if (value := getattr(bound, word, None)) is not None:
                notes.append(f"{text} {value}")
    return "; ".join([*notes, field.description] if field.description else notes)


def close_code_table(meaning: Mapping[CloseCode, tuple[str, str]]) -> str:
    """Every code with its meaning and what a client does; raises Undocumented."""
    if missing := [code.name for code in CloseCode if code not in meaning]:
        raise Undocumented(f"Close codes without a meaning: {', '.join(missing)}.")
    rows = [f"| {int(code)} | {why} | {then} |" for code, (why, then) in sorted(meaning.items())]
    return "\n".join(["| code | meaning | client |", "|---|---|---|", *rows])


# --- types ------------------------------------------------------------------------------------------------------------


def type_text(annotation: Any) -> str:
    """A type as the page says it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in arguments)
    if origin in {Union, types.UnionType}:
        return " or ".join(type_text(argument) for argument in arguments)
    if origin is list:
        return f"list of {type_text(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return NAMES[origin or annotation]


def shapes_of(catalogue: Catalogue) -> list[Frame]:
    """The objects inside of frames, in the order in which they are first met."""
    found: dict[Frame, None] = {}
    for frame in (*catalogue.entries, *catalogue.transient, *catalogue.commands):
        for shape in inside(frame):
            found.setdefault(shape)
    return list(found)


def inside(frame: Frame) -> Iterable[Frame]:
    """The objects that a frame holds, at any depth."""
    for each in frame.model_fields.values():
        for shape in models_in(each.annotation):
            yield shape
            yield from inside(shape)


def models_in(annotation: Any) -> Iterable[Frame]:
    """The classes in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)
