"""Conversations, their members and the log for the staff of the site.

Every change goes through :mod:`conversations.services`, so that it is an entry of the log and reaches the sockets; the
log itself can only be looked at, and what was said only by who may read it.
"""

from conversations.admin import conversations, entries, members

__all__ = ["conversations", "entries", "members"]
