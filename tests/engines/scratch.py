"""Temporary directories of engines, removed even after a run that was killed: by the next one."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "chat-engine-"
# Between making a directory and locking it, another run must not take it for an abandoned one.
YOUNG_SECONDS = 60.0


@contextlib.contextmanager
def scratch_directory(parent: Path, owner: int | None = None) -> Iterator[Path]:
    """Make a directory for the user with the id `owner` (None: ours), gone afterwards."""
    remove_abandoned(parent)
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if owner is not None:
            os.chown(directory, owner, -1)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def remove_abandoned(parent: Path) -> None:
    """Remove directories of ours whose makers are gone; their locks went with them."""
    for directory in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - directory.stat().st_mtime > YOUNG_SECONDS and is_unlocked(directory):
                shutil.rmtree(directory, ignore_errors=True)


def is_unlocked(directory: Path) -> bool:
    """Tell whether no process holds the directory; raises OSError when it is not ours to open."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
