"""What a server process uses, as the kernel tells it (Linux)."""

import os
from pathlib import Path

from tests.servers import ServerProcess


def resident_mib(process: ServerProcess) -> float:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def descriptors(process: ServerProcess) -> int:
    """Open files and sockets."""
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
