"""What the load client can take: measured on a server that does nothing but send (:mod:`benchmarks.blaster`).

A figure of the product that came near these would be a figure of the load client.
"""

import asyncio
import socket as sockets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import Crew, Meter, Sender
from benchmarks.outcome import Outcome, outcome
from benchmarks.sockets import ChatSocket, ProductSocket, Stream
from benchmarks.targets import Target
from benchmarks.wire import upgrade_request
from tests.engines import ChildProcess

RECEIVERS = 50
KINDS = ("lone", "coalesced", "arrays", "echo")


class BlasterServer(ChildProcess):
    """The blaster in a process of its own."""

    name = "blaster"

    def __init__(self, directory: Path, kind: str) -> None:
        super().__init__(directory)
        self._kind = kind

    def command(self) -> list[str]:
        """See the module."""
        return [sys.executable, "-m", "benchmarks.blaster", str(self.port), self._kind]

    def is_ready(self) -> bool:
        """Whether it listens."""
        with sockets.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass
class Blasted(Target):
    """The blaster as a target."""

    servers: list[ChildProcess]
    name: str = "blaster"
    request: bytes = field(default_factory=lambda: upgrade_request("127.0.0.1", "/", {}))

    def socket(self, conversation: int, member: int, stream: Stream, **options: object) -> Callable[[], ChatSocket]:
        """A socket as for the product."""
        return lambda: ProductSocket(self.request, stream)


async def blasted(target: Target, seconds: float, *, echo: bool) -> Outcome:
    """Take what comes for a while, or send as fast as acks come."""
    crew = Crew(target, 1)
    await crew.open_all((0, member) for member in range(RECEIVERS))
    if echo:
        for socket in crew.everyone:
            Sender(socket, 4).start()
    else:
        crew.everyone[0].say("go", "go")
    await asyncio.sleep(seconds / 5)
    stretch = await Meter(crew, {"server": [server.pid for server in target.servers]}).watch(seconds)
    await crew.close()
    figures = {
        "deliveries/s": stretch.delivered / stretch.seconds,
        "acked sends/s": stretch.acked / stretch.seconds,
        "load CPU µs each": stretch.cpu["load"] / max(1, stretch.delivered + stretch.acked) * 1e6,
    }
    return outcome(crew, figures, stretch=stretch)


def calibrate(kind: str, run: Callable[..., Outcome], seconds: float) -> Outcome:
    """Start a blaster of this kind and let ``run`` (an event loop's) measure it."""
    with tempfile.TemporaryDirectory(prefix="chat-bench-") as directory:
        server = BlasterServer(Path(directory), kind)
        server.start()
        try:
            return run(blasted(Blasted([server]), seconds, echo=kind == "echo"))
        finally:
            server.stop()
