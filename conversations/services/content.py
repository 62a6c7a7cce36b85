"""Rules for what people write, the same on every way in."""

from typing import Any

from conversations.conf import conf
from participants.encoding import encode
from participants.errors import InvalidInput, TooLarge
from participants.text import refuse_unstorable

MESSAGE_ID_LENGTH = 64


def check_content(content: str, *, may_be_empty: bool = False) -> None:
    """Raise InvalidInput for nothing or for what cannot be stored, TooLarge ``message_too_large`` over the limit."""
    maximum = conf.message_characters
    if len(content) > maximum:
        raise TooLarge(
            f"A message takes {maximum:,} characters; this one has {len(content):,}. Split it, or attach a file.",
            actual=len(content),
            max=maximum,
        )
    if not (may_be_empty or content.strip()):
        raise InvalidInput.field("content", "Write something first.", "blank")
    check_storable("content", content)


def check_storable(field: str, value: str) -> None:
    """Raise InvalidInput for text that one of the databases cannot hold."""
    try:
        refuse_unstorable(value)
    except ValueError as error:
        raise InvalidInput.field(field, str(error), "unstorable") from error


def check_message_id(message_id: str) -> None:
    """Raise InvalidInput unless it is the client's own key of 1 to 64 characters."""
    if not 1 <= len(message_id) <= MESSAGE_ID_LENGTH:
        raise InvalidInput.field("message_id", f"Use 1 to {MESSAGE_ID_LENGTH} characters.")
    check_storable("message_id", message_id)


def check_metadata(metadata: dict[str, Any]) -> None:
    """Raise InvalidInput for metadata that is too large or too deep."""
    size = len(encode(metadata))
    if size > conf.metadata_bytes:
        raise InvalidInput.field("metadata", f"Metadata takes {conf.metadata_bytes:,} bytes; this has {size:,}.")
    if _depth(metadata) > conf.metadata_depth:
        raise InvalidInput.field("metadata", f"Metadata nests {conf.metadata_depth} levels deep at most.")


def _depth(value: Any) -> int:
    # Recursion is safe: what comes in is at most 16 deep (json_guard).
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
