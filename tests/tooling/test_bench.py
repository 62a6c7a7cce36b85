"""The benchmark measures what it says: every delivery is counted and checked, on both apps. No times are asserted."""

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import uvloop

from benchmarks import calibration, report, targets, traffic
from benchmarks.outcome import Plan
from benchmarks.sockets import ProductSocket, Stream
from benchmarks.targets import Crowd, Engines
from benchmarks.wire import client_frame, header
from realtime.delivery import wire

pytestmark = pytest.mark.xdist_group("bench")

CROWD = Crowd(conversations=2, members=3)
PLAN = Plan(seconds=0.5)
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with targets.running("sqlite") as started:
        yield started


@pytest.mark.parametrize("as_arrays", [False, True])
def test_everything_the_product_acks_is_delivered_to_everyone(engines: Engines, as_arrays: bool) -> None:
    with engines.serve_product(CROWD, as_arrays=as_arrays) as product:
        found = uvloop.run(traffic.everyone_sends(product, CROWD, PLAN))
    assert found.counts["acked"] > 0
    assert found.counts["delivered"] == found.counts["promised"] == found.counts["acked"] * CROWD.members
    assert not found.faults


def test_the_tutorial_app_is_measured_by_the_same_load(engines: Engines) -> None:
    with engines.serve_tutorial() as tutorial:
        found = uvloop.run(traffic.everyone_sends(tutorial, CROWD, PLAN))
    lost = found.faults.get("lost", 0)
    assert found.counts["acked"] > 0
    assert found.counts["delivered"] + lost == found.counts["promised"]


@pytest.mark.parametrize("kind", calibration.KINDS)
def test_the_load_is_calibrated_against_a_server_that_only_sends(kind: str) -> None:
    found = calibration.calibrate(kind, uvloop.run, 0.2)
    assert found.counts["acked" if kind == "echo" else "delivered"] > 0
    assert not found.faults


def entry(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "message", "sequence_id": number, "message_id": f"m{number}", "content": "x" * 300, **more}


class Line(asyncio.Transport):
    """A transport that takes everything."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Forget it."""


async def fed(stream: Stream, chunks: list[bytes]) -> ProductSocket:
    socket = ProductSocket(b"", stream)
    socket.connection_made(Line())
    for chunk in [ACCEPTED, wire(orjson.dumps({"type": "connected", "current_sequence_id": 0})), *chunks]:
        socket.data_received(chunk)
    return socket


def texts(*frames: Any) -> bytes:
    return b"".join(wire(orjson.dumps(frame)) for frame in frames)


async def test_a_stream_is_read_however_it_is_cut() -> None:
    data = texts(entry(1), [entry(2), entry(3)], {"type": "message_ack", "message_id": "m1"}, entry(4))
    for size in (1, 7, 400, len(data)):
        stream = Stream(lambda: 0.0)
        for _ in range(2):
            socket = await fed(stream, [data[start : start + size] for start in range(0, len(data), size)])
            assert (socket.delivered, socket.acked, socket.expected) == (4, 1, 5)
        assert not stream.faults


@pytest.mark.parametrize(
    ("numbers", "fault"), [([1, 2, 4], "hole"), ([1, 2, 2, 3], "repeat"), ([1, 3, 2], "repeat")], ids=str
)
async def test_what_is_not_whole_and_in_order_is_told(numbers: list[int], fault: str) -> None:
    stream = Stream(lambda: 0.0)
    await fed(stream, [texts(*map(entry, [1, 2, 3, 4]))])
    assert not stream.faults
    await fed(stream, [texts(*map(entry, numbers))])
    assert stream.faults[fault] >= 1


def test_frames_of_every_size_have_their_header_read() -> None:
    for size in (0, 125, 126, 65_535, 65_536):
        assert header(wire(b"x" * size), 0)[1] == len(wire(b"x" * size))
    for size in (1, 126, 60_000):
        frame = client_frame(b"x" * size)
        assert header(frame, 0)[1] + 4 == len(frame)


def test_ratios_are_of_the_same_run_and_losses_are_shown() -> None:
    def result(mode: str, run: int, rate: float, **faults: int) -> dict[str, Any]:
        figures = {"deliveries/s": rate}
        return {
            "workload": "rooms",
            "engine": "sqlite",
            "mode": mode,
            "run": run,
            "figures": figures,
            "cores": {"load": 0.1},
            "faults": faults,
        }

    results = [result("single", run, 100.0 * (run + 1)) for run in range(3)]
    results += [result("tutorial", run, 10.0, lost=7) for run in range(3)]
    product, tutorial = report.rows(results)
    assert (product.main, product.ratio) == (200.0, 20.0)
    assert tutorial.faults == {"lost": 21}
    page = report.page({"results": results, "machine": {"cores": "2"}, "runs": 3, "seconds": 1.0})
    assert "200 (20 x)" in page
    assert "10, with losses" in page
    assert "{{" not in page
