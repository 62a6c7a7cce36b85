"""Tickets: single-use keys that open one socket each."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.utils import timezone

from participants.conf import conf
from participants.errors import NotAuthenticated
from participants.models import SignIn, Ticket
from participants.services.sign_ins import find_live_sign_in


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


def ticket_issue(*, sign_in: SignIn) -> dict[str, Any]:
    """A key that opens one socket once: ``{ticket, expires_in}`` (seconds)."""
    raw = secrets.token_urlsafe(32)
    now = timezone.now()
    Ticket.objects.filter(expires_at__lt=now).delete()
    expires_at = now + timedelta(seconds=conf.ticket_seconds)
    Ticket.objects.create(digest=_digest(raw), sign_in=sign_in, expires_at=expires_at)
    return {"ticket": raw, "expires_in": conf.ticket_seconds}


def ticket_redeem(*, ticket: str) -> SignIn:
    """The sign-in of a ticket, which is spent. Raises NotAuthenticated ``ticket_invalid``."""
    rows = Ticket.objects.filter(digest=_digest(ticket), expires_at__gt=timezone.now())
    sign_in_id = rows.values_list("sign_in_id", flat=True).first()
    # Two sockets may have read it: the one whose delete removes the row has it.
    if sign_in_id is not None and rows.delete()[0] and (sign_in := find_live_sign_in(sign_in_id)):
        return sign_in
    raise NotAuthenticated("This ticket was used or is too old. Get a new one.", code="ticket_invalid")
