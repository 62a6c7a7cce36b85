"""Settings of the server (see :mod:`participants.settings`)."""

from participants.settings import Setting


class Conf:
    """How much HTTP one process takes, and how it ends. Periods are seconds."""

    requests = Setting("CHAT_REQUESTS", 64, "HTTP requests that one process works on at once")
    queued_requests = Setting("CHAT_QUEUED_REQUESTS", 1000, "HTTP requests that may wait for their turn in one process")
    request_seconds = Setting("CHAT_REQUEST_SECONDS", 20.0, "longest an HTTP request waits for its turn and its answer")
    body_seconds = Setting("CHAT_BODY_SECONDS", 60.0, "longest the body of a request may take to come")
    stall_seconds = Setting("CHAT_STALL_SECONDS", 20.0, "longest a client may take for the next 64 KiB of an answer")
    drain_notice_seconds = Setting(
        "CHAT_DRAIN_NOTICE_SECONDS", 1.0, "time between the end of readiness and the end of listening"
    )
    drain_agents_seconds = Setting(
        "CHAT_DRAIN_AGENTS_SECONDS", 2.0, "longest a stopping server waits for runs; others take up what is left"
    )
    drain_seconds = Setting("CHAT_DRAIN_SECONDS", 6.0, "longest a stopping server waits for answers in flight")


conf = Conf()
