"""The catalogue of the audit log: every action that leaves a row. Pure; closed, so that readers can rely on it."""

from enum import StrEnum


class Action(StrEnum):
    """What was done. The label says what target, conversation and data mean."""

    label: str

    def __new__(cls, value: str, label: str) -> "Action":
        """A word for the database, and what it means for people."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    # --- accounts and sign-ins ---
    ACCOUNT_CREATED = "account_created", "An account or a guest was made (kind)"
    ACCOUNT_CLOSED = "account_closed", "Somebody closed their own account"
    ACCOUNT_DEACTIVATED = "account_deactivated", "Staff deactivated an account"
    ACCOUNT_ACTIVATED = "account_activated", "Staff activated an account again"
    POWERS_CHANGED = "powers_changed", "Staff changed what an account may do here (fields)"
    PASSWORD_CHANGED = "password_changed", "A new password; refused: the old one was wrong"
    GUEST_UPGRADED = "guest_upgraded", "A guest has an account now"
    SECOND_FACTOR_ON = "second_factor_on", "A sign-in takes a code as well"
    SECOND_FACTOR_OFF = "second_factor_off", "A password alone is enough again"
    RECOVERY_CODES_MADE = "recovery_codes_made", "New recovery codes; those from before are void"
    EMAIL_CHANGED = "email_changed", "A new e-mail address"
    SIGNED_IN = "signed_in", "A sign-in began (target: the sign-in)"
    SIGN_IN_FAILED = "sign_in_failed", "Name and password did not fit (target: the account of that name, if any)"
    SIGN_IN_LOCKED = "sign_in_locked", "An account is locked after failures; at most one row a minute"
    SIGNED_OUT = "signed_out", "Somebody signed out (target: the sign-in)"
    SIGN_IN_ENDED = "sign_in_ended", "A sign-in was ended from elsewhere (target: the sign-in)"
    SIGN_INS_ENDED = "sign_ins_ended", "All or all other sign-ins of a participant were ended (ended: how many)"
    REFRESH_REUSED = "refresh_reused", "A spent refresh token came again, and its sign-in ended (target: the sign-in)"
    # --- conversations ---
    CONVERSATION_CREATED = "conversation_created", "A conversation was made"
    CONVERSATION_ARCHIVED = "conversation_archived", "It became read-only"
    CONVERSATION_UNARCHIVED = "conversation_unarchived", "It takes messages again"
    CONVERSATION_LOCKED = "conversation_locked", "Only moderators write"
    CONVERSATION_UNLOCKED = "conversation_unlocked", "Everybody writes again"
    CONVERSATION_DELETED = "conversation_deleted", "It is gone with its log (entries: how many)"
    VISIBILITY_CHANGED = "visibility_changed", "Who can find it (before, after)"
    HISTORY_CHANGED = "history_changed", "What newcomers can read (before, after)"
    SETTINGS_CHANGED = "settings_changed", "Anything else of it (fields)"
    # --- who is in ---
    MEMBER_JOINED = "member_joined", "Somebody came in (role, via: the invitation, if any)"
    MEMBER_ADDED = "member_added", "Somebody was brought in (role, via)"
    MEMBER_LEFT = "member_left", "Somebody left"
    MEMBER_REMOVED = "member_removed", "Somebody was taken out"
    MEMBER_BANNED = "member_banned", "Somebody cannot come back"
    BAN_LIFTED = "ban_lifted", "They can"
    MEMBER_MUTED = "member_muted", "Somebody only reads for a while (until)"
    MUTE_LIFTED = "mute_lifted", "They can write again"
    ROLE_CHANGED = "role_changed", "Another role (before, after)"
    OWNER_CHANGED = "owner_changed", "Somebody became the owner, handed over or as successor (before, after)"
    AGENT_ADDED = "agent_added", "An AI agent was brought in (role, via)"
    AGENT_REMOVED = "agent_removed", "An AI agent was taken out"
    INVITATION_CREATED = "invitation_created", "An invitation was made (role, max_uses, guests)"
    INVITATION_USED = "invitation_used", "It let somebody in (uses: how many so far)"
    INVITATION_REVOKED = "invitation_revoked", "It lets nobody in any more"
    MESSAGE_DELETED = "message_deleted", "Somebody else's message was deleted (target: the entry)"
    ANNOUNCED = "announced", "Staff said something to everybody in a conversation (target: the entry)"
    # --- what staff look at ---
    CONTENT_VIEWED = "content_viewed", "Staff looked at what was said (target: the entry)"
    LOG_EXPORTED = "log_exported", "A member took a log away, as far as they may read it"
    AUDIT_EXPORTED = "audit_exported", "Staff took rows of this log away (format)"
    AUDIT_TRIMMED = "audit_trimmed", "Retention took rows away or shortened addresses (deleted, shortened)"
    # --- refusals, at most one row a key and minute ---
    LIMIT_EXCEEDED = "limit_exceeded", "A limit over time was reached (scope)"
    ORIGIN_REFUSED = "origin_refused", "Another site's page tried to use somebody's session"
    PERMISSION_DENIED = "permission_denied", "Something was refused for want of the right (command, code)"
