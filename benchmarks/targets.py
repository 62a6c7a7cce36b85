"""The servers that are measured: the product and the tutorial app, on the same engines."""

import contextlib
import secrets
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from subprocess import run

from benchmarks.sockets import ChatSocket, ProductSocket, Stream, TutorialSocket
from benchmarks.wire import upgrade_request
from tests.engines import ChildProcess, running_engines
from tests.engines.pair import running_valkey
from tests.servers import DEFECTS_IN_LOG, ROOT, Installations, ServerProcess, base_environment

ENGINES = ("sqlite", "postgres")


@dataclass(frozen=True)
class Crowd:
    """Who talks where: so many conversations, each with so many members of its own.

    ``rate`` is messages a second of all together, where a workload has a pace; ``history`` is messages said before.
    """

    conversations: int = 1
    members: int = 2
    rate: float = 0.0
    history: int = 0

    @property
    def places(self) -> list[tuple[int, int]]:
        """Every member of every conversation, one of each conversation at a time."""
        return [(room, member) for member in range(self.members) for room in range(self.conversations)]

    def names(self, conversation: int) -> list[str]:
        """Members of a conversation, by number."""
        return [f"c{conversation}m{member}" for member in range(self.members)]


class Target(ABC):
    """Running servers with a crowd. Sockets are told apart by conversation and member, both numbers."""

    name: str
    servers: list[ChildProcess]

    @abstractmethod
    def socket(self, conversation: int, member: int, stream: Stream, **options: object) -> Callable[[], ChatSocket]:
        """Return what makes a client's protocol."""

    def log_defects(self) -> int:
        """How many lines of the servers' logs tell of a defect."""
        return sum(len(DEFECTS_IN_LOG.findall(server.log_text())) for server in self.servers)

    @property
    def ports(self) -> list[int]:
        """Where the server processes listen."""
        return [server.port for server in self.servers]


@dataclass
class Product(Target):
    """The product, as it is served: `manage.py serve`."""

    servers: list[ChildProcess]
    crowd: Crowd
    conversations: list[str]
    tokens: list[list[str]]
    as_arrays: bool = False
    name: str = "product"

    def socket(self, conversation: int, member: int, stream: Stream, **options: object) -> Callable[[], ChatSocket]:
        """A socket for one conversation; with ``after`` it resumes behind that number."""
        path = f"/chat/ws/{self.conversations[conversation]}"
        after = options.get("after")
        if after is not None:
            path += f"?last_sequence_id={after}"
        headers = {"Authorization": f"Bearer {self.tokens[conversation][member]}"}
        if self.as_arrays:
            headers["Sec-WebSocket-Protocol"] = "chat.v1"
        request = upgrade_request("127.0.0.1", path, headers)

        def make() -> ChatSocket:
            socket = ProductSocket(request, stream)
            socket.expected = 0 if after is None else int(str(after)) + 1
            return socket

        return make


@dataclass
class Tutorial(Target):
    """The tutorial app on Daphne. It has no accounts: a name in the address is all."""

    servers: list[ChildProcess]
    name: str = "tutorial"

    def socket(self, conversation: int, member: int, stream: Stream, **options: object) -> Callable[[], ChatSocket]:
        """A socket in one room."""
        request = upgrade_request("127.0.0.1", f"/ws/chat/room{conversation}/m{member}/", {})
        return lambda: TutorialSocket(request, stream)


class TutorialServer(ChildProcess):
    """Daphne with the tutorial app."""

    name = "tutorial"

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        super().__init__(directory)
        self._environment = base_environment() | environment

    def command(self) -> list[str]:
        """Daphne as its documentation starts it, without its access log."""
        options = ["-b", "127.0.0.1", "-p", str(self.port), "-v", "0"]
        return [sys.executable, "-m", "daphne", *options, "benchmarks.tutorial.asgi:application"]

    def environment(self) -> Mapping[str, str]:
        """Where its database and Redis are."""
        return self._environment

    def is_ready(self) -> bool:
        """Whether it answers HTTP at all; there are no pages."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status > 0
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


@dataclass
class Engines:
    """The databases and Redis of one set of engines, and servers on them."""

    name: str
    directory: Path
    product: dict[str, str]
    tutorial_redis: str
    execute: Callable[[str], None] | None = None
    processes: dict[str, ChildProcess] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.installations = Installations(self.directory, self.product)

    @contextlib.contextmanager
    def serve_product(self, crowd: Crowd, *, as_arrays: bool = False, processes: int = 1) -> Iterator[Product]:
        """Serve a new installation of the product with this crowd."""
        installation = self.installations.create()
        titles = [f"conversation {number}" for number in range(crowd.conversations)]
        rosters = [crowd.names(number) for number in range(crowd.conversations)]
        made = installation.provision(
            {
                "participants": [{"username": name} for roster in rosters for name in roster],
                "conversations": [
                    {"title": title, "members": dict.fromkeys(roster, "member") | {roster[0]: "owner"}}
                    for title, roster in zip(titles, rosters, strict=True)
                ],
            }
        )
        tokens = [[made["participants"][name]["access"] for name in roster] for roster in rosters]
        ids = [made["conversations"][title] for title in titles]
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(ServerProcess(installation)) for _ in range(processes)]
            yield Product(list(servers), crowd, ids, tokens, as_arrays)

    @contextlib.contextmanager
    def serve_tutorial(self) -> Iterator[Tutorial]:
        """Serve the tutorial app on a new database."""
        name = f"tutorial_{secrets.token_hex(4)}"
        if self.execute is None:
            database_url = f"sqlite:///{self.directory / name}.sqlite3"
        else:
            self.execute(f"CREATE DATABASE {name}")
            database_url = self.product["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
        environment = {
            "DATABASE_URL": database_url,
            "REDIS_URL": self.tutorial_redis,
            "REDIS_PREFIX": name,
            "DJANGO_SETTINGS_MODULE": "benchmarks.tutorial.settings",
        }
        migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
        run(migrate, env=base_environment() | environment, cwd=ROOT, check=True)
        server = TutorialServer(self.directory, environment)
        server.start()
        try:
            yield Tutorial([server])
        finally:
            server.stop()

    def close(self) -> None:
        """Remove the databases."""
        self.installations.close()


@contextlib.contextmanager
def running(name: str) -> Iterator[Engines]:
    """Run the engines of a set: `sqlite` (the product in memory mode, the tutorial app with Redis) or `postgres`."""
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chat-bench-")))
        if name == "sqlite":
            valkey = stack.enter_context(running_valkey())
            engines = Engines(name, directory, {}, valkey.url)
        else:
            both = stack.enter_context(running_engines())
            valkey, database = both.valkeys[0], both.postgresql
            engines = Engines(name, directory, both.environment, valkey.url, database.execute)
            engines.processes["database"] = database
        engines.processes["redis"] = valkey
        stack.callback(engines.close)
        yield engines
