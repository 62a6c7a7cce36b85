"""PostgreSQL and Valkey for tests, started from installed packages without root and without a system service.

Use `running_engines()` in Python and `python -m tests.engines -- command` in a shell.
"""

from tests.engines.pair import Engines, running_engines
from tests.engines.postgresql import PostgreSQL
from tests.engines.process import ChildProcess, ProcessFailed
from tests.engines.valkey import Valkey

__all__ = ["ChildProcess", "Engines", "PostgreSQL", "ProcessFailed", "Valkey", "running_engines"]
