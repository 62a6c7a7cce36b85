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
    "cancel_run": {"run_id": "0f7e6f0c-7d0f-4a53-9d0b-6f6f5f0d9a12"},
    "authenticate": {"access": "token"},
    "ping": {},
}
