"""The audit log: who did what to whom, when and from where, in rows that are never changed.

Services call :func:`record` inside the transaction that does it, so that there is neither a deed without its row nor a
row without its deed. What is refused rolls back: its row is written afterwards, by :func:`refused` or by a service
marked with :func:`watched`, and failing to write it never hides the refusal.
"""

from participants.audit.actions import Action
from participants.audit.recording import denied, limit_exceeded, record, refused, watched, watching

__all__ = ["Action", "denied", "limit_exceeded", "record", "refused", "watched", "watching"]
