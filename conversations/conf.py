"""Settings of this app (see :mod:`participants.settings`)."""

from participants.settings import Setting


class Conf:
    """Sizes of what is said, and of conversations."""

    message_characters = Setting("CHAT_MESSAGE_CHARACTERS", 10_000, "longest message, in code points")
    cut_bytes = Setting("CHAT_CUT_BYTES", 32 * 1024, "content over this many bytes comes cut in lists and frames")
    metadata_bytes = Setting("CHAT_METADATA_BYTES", 4096, "largest metadata, as JSON in bytes")
    metadata_depth = Setting("CHAT_METADATA_DEPTH", 5, "deepest nesting of metadata")
    participants = Setting("CHAT_PARTICIPANTS", 100, "participants a conversation takes unless it says otherwise")
    participants_ceiling = Setting("CHAT_PARTICIPANTS_CEILING", 10_000, "highest max_participants one can set")
    initial_participants = Setting("CHAT_INITIAL_PARTICIPANTS", 10, "participants that can be named when creating")
    participants_shown = Setting("CHAT_PARTICIPANTS_SHOWN", 100, "participants in a conversation's object")
    messages_shown = Setting("CHAT_MESSAGES_SHOWN", 50, "newest messages in a conversation's object")
    page_events = Setting("CHAT_PAGE_EVENTS", 300, "most events in one page of the log")
    page_bytes = Setting("CHAT_PAGE_BYTES", 512 * 1024, "most bytes in one page of the log")
    queued_sends = Setting("CHAT_QUEUED_SENDS", 1000, "messages that may wait to be stored in one process")
    send_seconds = Setting("CHAT_STORE_SECONDS", 8.0, "longest a message may wait before its outcome is called unknown")
    members_invite = Setting("CHAT_MEMBERS_INVITE", False, "members may invite too, not only moderators")
    unread_counted = Setting("CHAT_UNREAD_COUNTED", 1000, "unread counts are exact up to this; one more means more")
    mentions_shown = Setting("CHAT_MENTIONS_SHOWN", 500, "participants that a message calling everybody lists")
    reactions_shown = Setting("CHAT_REACTIONS", 50, "different emojis on one message")
    pins = Setting("CHAT_PINS", 100, "pinned messages in one conversation")
    attachment_bytes = Setting("CHAT_ATTACHMENT_BYTES", 10 * 1024 * 1024, "largest file")
    attachment_pixels = Setting("CHAT_ATTACHMENT_PIXELS", 40_000_000, "largest picture, all its frames together")
    thumbnail_pixels = Setting("CHAT_THUMBNAIL_PIXELS", 320, "longer side of a thumbnail")
    attachments = Setting("CHAT_ATTACHMENTS", 10, "files of one message")
    loose_attachments = Setting("CHAT_LOOSE_ATTACHMENTS", 50, "files of one participant that are in no message yet")
    loose_attachment_hours = Setting("CHAT_LOOSE_ATTACHMENT_HOURS", 24, "hours after which those are deleted")
    retention_days = Setting("CHAT_RETENTION_DAYS", 0, "days that entries are kept in any conversation; 0 is for ever")
    retention_entries = Setting("CHAT_RETENTION_ENTRIES", 1000, "entries that retention deletes in one transaction")
    default_agent = Setting("CHAT_DEFAULT_AGENT", "assistant", "username of the agent that enable_ai adds")


conf = Conf()
