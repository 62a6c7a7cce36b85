"""Settings of this app (see :mod:`participants.settings`)."""

from participants.settings import Setting


class Conf:
    """Who may come in, and how long what they hold is good for."""

    registration = Setting("CHAT_REGISTRATION", True, "anyone may register")
    email_verification = Setting(
        "CHAT_EMAIL_VERIFICATION",
        "optional",
        "a new address gets a link to confirm it (optional), and has to be confirmed to sign in (mandatory); or none",
    )
    rate_limits = Setting("CHAT_RATE_LIMITS", True, "limits over time are in force; off for measurements only")
    limit_messages = Setting("CHAT_LIMIT_MESSAGES", "60/60 10", "messages of one participant in one conversation")
    limit_changes = Setting("CHAT_LIMIT_CHANGES", "120/60 30", "edits, reactions and pins of one participant")
    limit_uploads = Setting("CHAT_LIMIT_UPLOADS", "30/60 10", "files one participant uploads")
    limit_sign_ins = Setting("CHAT_LIMIT_SIGN_INS", "10/60", "sign-ins from one address")
    limit_failures = Setting("CHAT_LIMIT_FAILURES", "5/1800", "failed sign-ins of one account")
    limit_joins = Setting("CHAT_LIMIT_JOINS", "30/60", "conversations one participant joins")
    limit_invitations = Setting("CHAT_LIMIT_INVITATIONS", "20/3600", "invitations one participant makes")
    limit_conversations = Setting("CHAT_LIMIT_CONVERSATIONS", "60/3600", "conversations one participant starts")
    limit_connects = Setting("CHAT_LIMIT_CONNECTS", "120/60", "sockets one participant opens")
    limit_addresses = Setting("CHAT_LIMIT_ADDRESSES", "300/60", "sockets opened from one address, by whomever")
    limit_requests = Setting("CHAT_LIMIT_REQUESTS", "600/60", "REST requests of one participant")
    limit_anonymous = Setting("CHAT_LIMIT_ANONYMOUS", "100/60", "REST requests without sign-in from one address")
    proxies = Setting("CHAT_PROXIES", 0, "reverse proxies in front, whose X-Forwarded-For is believed")
    audit_days = Setting("CHAT_AUDIT_DAYS", 365, "days that a row of the audit log is kept")
    audit_address_days = Setting("CHAT_AUDIT_ADDRESS_DAYS", 30, "days until an address in the audit log is shortened")
    ticket_seconds = Setting("CHAT_TICKET_SECONDS", 30, "how long a socket ticket can be used")
    sockets_per_conversation = Setting(
        "CHAT_SOCKETS_PER_CONVERSATION", 10, "open sockets of one participant on one conversation"
    )
    sockets_per_participant = Setting("CHAT_SOCKETS_PER_PARTICIPANT", 50, "open sockets of one participant")
    lease_seconds = Setting("CHAT_LEASE_SECONDS", 5.0, "a process that does not renew its lease for this long is gone")
    away_seconds = Setting("CHAT_AWAY_SECONDS", 300.0, "connected without a command for this long is away")
    presence_timeout_seconds = Setting("CHAT_PRESENCE_TIMEOUT_SECONDS", 1.0, "longest wait for one presence call")


conf = Conf()
