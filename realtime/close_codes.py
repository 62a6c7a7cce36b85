"""Why a socket ends, and what its client should do. Nothing else closes a socket."""

from enum import IntEnum


class CloseCode(IntEnum):
    """The codes the application sends (RFC 6455 leaves 4000-4999 to applications; 1012 is in its registry)."""

    DONE = 1000
    RESTARTING = 1012
    MALFORMED = 4400
    SIGN_IN_ENDED = 4401
    NOT_A_PARTICIPANT = 4403
    CONVERSATION_GONE = 4404
    TOO_SLOW = 4408
    FRAME_TOO_LARGE = 4413
    FLOODING = 4429


MEANING: dict[CloseCode, tuple[str, str]] = {
    CloseCode.DONE: ("left, or done", "stop"),
    CloseCode.RESTARTING: ("the server restarts", "reconnect after reconnect_in, resume"),
    CloseCode.MALFORMED: ("10 malformed frames in a minute", "stop"),
    CloseCode.SIGN_IN_ENDED: ("token expired or revoked", "get a new token, resume"),
    CloseCode.NOT_A_PARTICIPANT: ("no longer a participant", "stop"),
    CloseCode.CONVERSATION_GONE: ("conversation gone", "stop"),
    CloseCode.TOO_SLOW: ("too slow", "reconnect, resume"),
    CloseCode.FRAME_TOO_LARGE: ("frame over 64 KiB (longer texts go by REST)", "stop, shorten"),
    CloseCode.FLOODING: ("flooding after warnings", "reconnect after retry_after"),
}

# How a lost conversation ends a socket that is about that conversation alone.
OF_REASON = {
    "left": CloseCode.DONE,
    "removed": CloseCode.NOT_A_PARTICIPANT,
    "banned": CloseCode.NOT_A_PARTICIPANT,
    "deleted": CloseCode.CONVERSATION_GONE,
}
