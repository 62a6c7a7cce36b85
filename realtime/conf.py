"""Settings of this app (see :mod:`participants.settings`)."""

from participants.settings import Setting


class Conf:
    """Bounds and periods of live delivery. Periods are seconds."""

    frame_bytes = Setting("CHAT_FRAME_BYTES", 64 * 1024, "largest frame a client may send")
    frames_per_second = Setting("CHAT_FRAMES_PER_SECOND", 50.0, "frames one socket may send, over time")
    frames_burst = Setting("CHAT_FRAMES_BURST", 600, "frames one socket may send at once")
    outbox_bytes = Setting("CHAT_OUTBOX_BYTES", 1024 * 1024, "most that waits for one slow reader")
    send_seconds = Setting("CHAT_SEND_SECONDS", 20.0, "longest a single write to a socket may take")
    close_seconds = Setting("CHAT_CLOSE_SECONDS", 2.0, "longest a goodbye may take before the line is cut")
    reconnect_seconds = Setting("CHAT_RECONNECT_SECONDS", 2.0, "sockets of a stopping server come back in this")
    command_seconds = Setting("CHAT_COMMAND_SECONDS", 8.0, "longest a command may take before it is called unknown")
    queued_commands = Setting("CHAT_QUEUED_COMMANDS", 1000, "commands that may wait for the database in one process")
    sends_in_flight = Setting("CHAT_SENDS_IN_FLIGHT", 16, "messages of one socket that may wait for their ack")
    database_threads = Setting("CHAT_DATABASE_THREADS", 8, "threads for database work of sockets")
    publish_queue = Setting("CHAT_PUBLISH_QUEUE", 10_000, "news that may wait for the channel layer")
    layer_seconds = Setting("CHAT_LAYER_SECONDS", 2.0, "longest one call of the channel layer may take")
    probe_seconds = Setting("CHAT_PROBE_SECONDS", 2.0, "how often a process listens for itself through each Redis")
    position_seconds = Setting("CHAT_POSITION_SECONDS", 2.0, "how often positions are compared with the database")
    access_seconds = Setting("CHAT_ACCESS_SECONDS", 3.0, "how often what sockets may read is looked up again")
    lease_renewal_seconds = Setting("CHAT_LEASE_RENEWAL_SECONDS", 1.5, "how often the process's lease is renewed")
    presence_seconds = Setting("CHAT_PRESENCE_SECONDS", 5.0, "how often presence is compared with the leases")
    presence_grace_seconds = Setting("CHAT_PRESENCE_GRACE_SECONDS", 2.0, "a reload of a page is no going away")
    presence_window_seconds = Setting("CHAT_PRESENCE_WINDOW_SECONDS", 0.25, "changes of presence are shown together")
    presence_members = Setting("CHAT_PRESENCE_MEMBERS", 500, "larger conversations get presence frames on demand")
    hole_seconds = Setting("CHAT_HOLE_SECONDS", 0.02, "how long a hole may fill itself before the log is read")
    recent_entries = Setting("CHAT_RECENT_ENTRIES", 1024, "newest entries of a followed conversation kept in memory")
    recent_bytes = Setting("CHAT_RECENT_BYTES", 1024 * 1024, "most that these take, in each followed conversation")
    typing_seconds = Setting("CHAT_TYPING_SECONDS", 3.0, "typing is passed on once in this time")
    malformed_frames = Setting("CHAT_MALFORMED_FRAMES", 10, "bad frames in a minute that end a socket")
    flood_warnings = Setting("CHAT_FLOOD_WARNINGS", 30, "commands refused as too fast in a minute that end a socket")
    expiry_notice_seconds = Setting(
        "CHAT_EXPIRY_NOTICE_SECONDS", 11.0, "notice ahead of a token's end; it is looked at once a second"
    )
    stream_heartbeat_seconds = Setting(
        "CHAT_STREAM_HEARTBEAT_SECONDS", 15.0, "a comment goes out on a stream this often"
    )
    unread_seconds = Setting("CHAT_UNREAD_SECONDS", 0.25, "changes of unread counts are told together")
    subscriptions = Setting("CHAT_SUBSCRIPTIONS", 500, "conversations one socket may follow")


conf = Conf()
