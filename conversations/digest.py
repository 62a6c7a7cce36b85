"""The running digest of a log: what makes later changes of it show. No queries.

Each entry has a *commitment*, the hash of what it says under a salt of its own, and a *digest*, the hash of the digest
before it, its envelope (number, kind, who, when) and its commitment. Taking a text out takes its salt along: what is
left proves that something was said there and cannot be guessed, and the digests behind it still add up. What readers
see of an entry and changes without being said again (reactions) is no part of it. Unkeyed: see docs/decisions/0011 for
what that proves and what not.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import Any

import orjson

from conversations.models import Conversation, Event

NOT_COMMITTED = frozenset({"reactions", "mentions"})
EDITED = "message_edited"
SALT_BYTES = 16
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def commitment(salt: str, content: str, data: dict[str, Any]) -> str:
    """The hash of what an entry says, in hexadecimal like all of them."""
    said = {name: value for name, value in data.items() if name not in NOT_COMMITTED}
    return hashlib.sha256(salt.encode() + orjson.dumps([content, said], option=_OPTIONS)).hexdigest()


def following(before: str, entry: Event) -> str:
    """The digest of ``entry``, whose commitment is set, behind the one before it."""
    envelope = [
        entry.sequence,
        entry.pk,
        entry.type,
        entry.author_id,
        entry.subject_id,
        entry.created_at,
        entry.message_id,
        entry.reply_to_id,
        entry.target_id,
        entry.commitment,
    ]
    return hashlib.sha256(before.encode() + orjson.dumps(envelope, option=_OPTIONS)).hexdigest()


def seal(conversation: Conversation, entries: Sequence[Event]) -> None:
    """Give numbered ``entries`` their commitments and digests behind those of ``conversation``, which moves along."""
    salts = os.urandom(SALT_BYTES * len(entries)).hex()  # one read of the system's randomness for all of them
    width = 2 * SALT_BYTES
    for number, entry in enumerate(entries):
        content = entry.target.content if entry.type == EDITED and entry.target else entry.content
        entry.salt = salts[number * width : (number + 1) * width]
        entry.commitment = commitment(entry.salt, content, entry.data)
        entry.digest = following(conversation.digest, entry)
        conversation.digest = entry.digest
