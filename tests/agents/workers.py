"""Workers (``manage.py run_agents``) in processes of their own."""

import sys

from tests.engines.process import ChildProcess
from tests.servers import ROOT, Installation


class WorkerProcess(ChildProcess):
    """One worker of an installation."""

    name = "worker"

    def __init__(self, installation: Installation, **environment: str) -> None:
        super().__init__(installation.directory)
        self.installation = installation
        self._own = environment

    def command(self) -> list[str]:
        """The product's own."""
        return [sys.executable, str(ROOT / "manage.py"), "run_agents"]

    def environment(self) -> dict[str, str]:
        """The installation's, with its own."""
        return self.installation.environment | self._own

    def is_ready(self) -> bool:
        """Whether it has said so."""
        return "Executing runs" in self.log_text()
