"""The Django secret key: from the environment, else the file that the server made once beside the database."""

import os
import secrets
from pathlib import Path

MINIMUM_LENGTH = 32


def read(path: Path) -> str:
    """The key from ``SECRET_KEY``, else from ``path``, else an empty string."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def ensure(path: Path) -> str:
    """The key as :func:`read` gives it; makes and keeps one at ``path`` (mode 600) when there is none."""
    if key := read(path):
        return key
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was first
        return read(path)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(50))
    return read(path)
