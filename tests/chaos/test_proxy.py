"""The proxy does to a line what it is told, and nothing else."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.delivery import wire
from tests.chaos.proxy import Faults, FrameFilter, Proxy
from tests.engines.process import free_port

HEAD = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
ACK = re.compile(rb'\{"type":"message_ack"')


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """A server that says everything back; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1000):
            writer.write(chunk)
        writer.write(b"end")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_a_plain_proxy_changes_nothing(echo: int) -> None:
    with Proxy(echo, random.Random(1)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        said = bytes(range(256)) * 1000
        writer.write(said)
        assert await asyncio.wait_for(reader.readexactly(len(said)), 20) == said
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 20) == b"end"
        writer.close()


async def test_a_damaged_chunk_has_one_bit_turned(echo: int) -> None:
    with Proxy(echo, random.Random(1)) as proxy:
        proxy.faults = Faults(corrupt=1.0)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"x")
        turned_twice = await asyncio.wait_for(reader.readexactly(1), 20)
        assert (turned_twice, proxy.corrupted) == (b"x", 2)
        writer.close()


async def test_a_cut_ends_open_lines_and_lets_new_ones_in(echo: int) -> None:
    with Proxy(echo, random.Random(1)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"a")
        assert await asyncio.wait_for(reader.readexactly(1), 20) == b"a"
        proxy.cut()
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 20)
        reader, again = await asyncio.open_connection("127.0.0.1", proxy.port)
        again.write(b"b")
        assert await asyncio.wait_for(reader.readexactly(1), 20) == b"b"
        for line in (writer, again):
            line.close()


async def test_a_half_close_is_seen_by_the_server_alone(echo: int) -> None:
    with Proxy(echo, random.Random(1)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"a")
        assert await asyncio.wait_for(reader.readexactly(1), 20) == b"a"
        proxy.half_close()
        assert await asyncio.wait_for(reader.readexactly(3), 20) == b"end"
        writer.close()


async def test_a_line_that_a_blackhole_hit_stays_dead(echo: int) -> None:
    with Proxy(echo, random.Random(1)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"a")
        assert await asyncio.wait_for(reader.readexactly(1), 20) == b"a"
        proxy.faults = Faults(blackhole=True)
        writer.write(b"b")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.5)
        proxy.faults = Faults()
        writer.write(b"c")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.5)
        writer.close()


async def test_nobody_behind_it_is_a_line_that_ends() -> None:
    with Proxy(free_port(), random.Random(1)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 20)
        writer.close()


ACKED, SAID = b'{"type":"message_ack"}', b'{"type":"message"}'
payloads = st.lists(st.sampled_from([ACKED, SAID, b"x" * 200, b"y" * 70_000]), max_size=8)


@settings(deadline=None)
@given(payloads, st.integers(20, 5_000), st.booleans())
def test_frames_are_found_however_they_are_cut_and_only_those_meant_vanish(
    sent: list[bytes], size: int, swallows: bool
) -> None:
    frames = FrameFilter()
    is_swallowed: Callable[[bytes], bool] = lambda payload: swallows and bool(ACK.match(payload))  # noqa: E731
    stream = HEAD + b"".join(map(wire, sent))
    passed = b"".join(frames.passed(stream[at : at + size], is_swallowed) for at in range(0, len(stream), size))
    assert passed == HEAD + b"".join(wire(payload) for payload in sent if not is_swallowed(payload))
