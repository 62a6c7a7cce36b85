"""A valid body of each command, for tests that spoil or vary it."""

from typing import Any

VALID: dict[str, dict[str, Any]] = {
    "message": {"content": "hello", "message_id": "key"},
    "sync": {"last_sequence_id": 0},
    "subscribe": {},
    "unsubscribe": {},
    "join": {},
    "leave": {},
    "typing": {"is_typing": True},
    "read": {"sequence_id": 1},
    "authenticate": {"access": "token"},
    "ping": {},
}
