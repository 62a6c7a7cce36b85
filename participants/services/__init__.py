"""What changes participants and their sign-ins. One function a command; raises ChatError only.

Callers use the names of this package; which module has them is its own affair.
"""

from participants.services.accounts import (
    account_activate,
    account_close,
    account_closing,
    account_deactivate,
    guest_create,
    guest_upgrade,
    participant_register,
    profile_update,
)
from participants.services.passwords import own_password_check, password_change, password_check, password_set
from participants.services.sign_ins import (
    SIGN_IN_SESSION_KEY,
    access_changed,
    find_live_sign_in,
    ring_access_changed,
    sign_in_end,
    sign_in_end_others,
    sign_in_start,
    token_issue,
)
from participants.services.tickets import ticket_issue, ticket_redeem
from participants.services.tokens import token_logout, token_obtain, token_refresh, token_register

__all__ = [
    "SIGN_IN_SESSION_KEY",
    "access_changed",
    "account_activate",
    "account_close",
    "account_closing",
    "account_deactivate",
    "find_live_sign_in",
    "guest_create",
    "guest_upgrade",
    "own_password_check",
    "participant_register",
    "password_change",
    "password_check",
    "password_set",
    "profile_update",
    "ring_access_changed",
    "sign_in_end",
    "sign_in_end_others",
    "sign_in_start",
    "ticket_issue",
    "ticket_redeem",
    "token_issue",
    "token_logout",
    "token_obtain",
    "token_refresh",
    "token_register",
]
