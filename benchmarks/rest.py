"""Sends over REST, by a client of HTTP that costs little: keep-alive, one request on its way in each connection."""

import asyncio
from functools import partial
from itertools import count
from typing import cast

import orjson

from benchmarks.load import TEXT, Crew, Meter, clock
from benchmarks.outcome import Outcome, Plan, in_milliseconds, outcome
from benchmarks.targets import Crowd, Product, Target

keys = count()


class Poster(asyncio.Protocol):
    """One connection that posts a message, waits for the answer, and posts the next."""

    transport: asyncio.Transport

    def __init__(self, path: str, token: str) -> None:
        self.waits: list[float] = []
        self.refused = 0
        self.numbers: list[int] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        self._is_stopping = False
        self._begun = 0.0
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)
        self._post()

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.done.done():
            self.done.set_result(None)

    def stop(self) -> None:
        """Close after the answer that is waited for."""
        self._is_stopping = True

    def data_received(self, data: bytes) -> None:
        """Take an answer; it may come in parts."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < content_length(head):
            return
        self._received = b""
        if head[9:12] == b"201":
            self.waits.append(clock() - self._begun)
            self.numbers.append(orjson.loads(body)["sequence_id"])
        else:
            self.refused += 1
        if self._is_stopping:
            self.transport.close()
        else:
            self._post()

    def _post(self) -> None:
        body = orjson.dumps({"content": TEXT, "message_id": f"rest-{next(keys)}"})
        fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._begun = clock()
        self.transport.write((self._head + fields).encode() + body)


def content_length(head: bytes) -> int:
    """How long a body will be."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def rest_sends(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """Every member of every conversation posts messages, one after the other."""
    product = cast(Product, target)
    loop = asyncio.get_running_loop()
    posters = []
    for room, conversation in enumerate(product.conversations):
        for token in product.tokens[room]:
            make = partial(Poster, f"/api/v1/conversations/{conversation}/messages", token)
            _, poster = await loop.create_connection(make, "127.0.0.1", target.ports[0])
            posters.append(poster)
    await asyncio.sleep(plan.seconds / 5)
    for poster in posters:
        poster.waits.clear()
    crew = Crew(target, 0)
    stretch = await Meter(crew, plan.pids).watch(plan.seconds)
    waits = [wait for poster in posters for wait in poster.waits]
    for poster in posters:
        poster.stop()
    async with asyncio.timeout(30):
        await asyncio.gather(*(poster.done for poster in posters))
    faults = sum(poster.refused for poster in posters)
    figures = {"REST sends/s": len(waits) / stretch.seconds} | in_milliseconds("answer", waits)
    found = outcome(crew, figures, stretch=stretch)
    found.counts["acked"] = sum(len(poster.numbers) for poster in posters)
    if faults:
        found.faults["refused"] = faults
    return found
