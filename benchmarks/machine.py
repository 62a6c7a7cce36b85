"""What the figures were measured on."""

import os
import platform
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

PACKAGES = ("Django", "channels", "channels-redis", "daphne", "uvicorn", "uvloop", "websockets", "psycopg", "orjson")
FLUSHES = 50


def description() -> dict[str, str]:
    """Date, machine and versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{processor()}, {os.cpu_count()} cores, shared by servers, engines and load",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "flush to disk": f"{flush_microseconds():,.0f} µs (4 KiB appended and fsynced where SQLite's file is)",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        **{package: version(package) for package in PACKAGES},
    }


def processor() -> str:
    """The model, as the system names it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def flush_microseconds() -> float:
    """The median of some appends that are flushed, in the directory for temporary files."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(FLUSHES):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return median(times) * 1e6
