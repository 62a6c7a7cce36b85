"""Workloads of coming and staying: connects, the memory of those who say nothing, catching up."""

import asyncio
from itertools import cycle
from typing import cast

from benchmarks.load import Crew, Meter, clock, resident_bytes
from benchmarks.outcome import Outcome, Plan, in_milliseconds, outcome
from benchmarks.sockets import ProductSocket
from benchmarks.targets import Crowd, Target
from benchmarks.traffic import everyone_connected, fill
from benchmarks.wire import HandshakeRefused

AT_A_TIME = 32
CATCH_UPS = 20
MISSED = 1000
SETTLE_SECONDS = 1.0
SYNC_SECONDS = 30.0


async def connects(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """Some clients connect, wait until they are connected, drop the line and connect again."""
    crew = Crew(target, crowd.conversations)
    places = cycle(crowd.places)
    waits: list[float] = []
    ends = clock() + plan.seconds

    async def come_and_go() -> None:
        while clock() < ends:
            begun = clock()
            socket = await crew.open(*next(places))
            waits.append(clock() - begun)
            crew.let_go(socket)

    watching = asyncio.create_task(Meter(crew, plan.pids).watch(plan.seconds))
    await asyncio.gather(*(come_and_go() for _ in range(AT_A_TIME)))
    stretch = await watching
    figures = {"connects/s": len(waits) / stretch.seconds} | in_milliseconds("connect", waits)
    return outcome(crew, figures, stretch=stretch)


async def connects_at_once(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """Everybody connects at the same moment."""
    crew = Crew(target, crowd.conversations)
    waits: list[float] = []

    async def come(room: int, member: int) -> None:
        begun = clock()
        try:
            await crew.open(room, member)
        except (HandshakeRefused, TimeoutError):
            crew.streams[room].faults["refused"] += 1
        else:
            waits.append(clock() - begun)

    await asyncio.gather(*(come(*place) for place in crowd.places))
    await crew.close()
    return outcome(crew, in_milliseconds("connect", waits))


async def idle_memory(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """What the server's memory grows by while everybody connects and says nothing."""
    warm = Crew(target, crowd.conversations)
    await warm.open_all((room, 0) for room in range(crowd.conversations))
    await warm.close()
    await asyncio.sleep(SETTLE_SECONDS)
    before = sum(map(resident_bytes, plan.pids["server"]))
    crew = await everyone_connected(target, crowd)
    await asyncio.sleep(SETTLE_SECONDS)
    grown = sum(map(resident_bytes, plan.pids["server"])) - before
    sockets = len(crew.everyone)
    await crew.close()
    return outcome(crew, {"kB a socket": grown / sockets / 1000, "sockets": sockets})


async def catch_up(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """A client has missed 1,000 messages: until it has them, on an open socket and from the first SYN on."""
    crew = await everyone_connected(target, crowd)
    await fill(crew, 0, MISSED)
    reader = cast(ProductSocket, crew.sockets[0][-1])
    current = reader.expected - 1
    open_socket = [await synced(reader, current - MISSED) for _ in range(CATCH_UPS)]
    reconnects = []
    for _ in range(CATCH_UPS):
        begun = clock()
        socket = cast(ProductSocket, await crew.open(0, 0, after=current - MISSED))
        await until_expected(socket, current + 1)
        reconnects.append(clock() - begun)
        crew.let_go(socket)
    await crew.close()
    return outcome(crew, in_milliseconds("caught up", open_socket) | in_milliseconds("reconnected", reconnects))


async def synced(socket: ProductSocket, cursor: int) -> float:
    """Ask for what follows ``cursor``; returns the seconds until all of it is here."""
    end = socket.expected
    socket.expected = cursor + 1
    begun = clock()
    socket.write(b'{"type":"sync","last_sequence_id":%d}' % cursor)
    await until_expected(socket, end)
    return clock() - begun


async def until_expected(socket: ProductSocket, number: int) -> None:
    """Wait until the next number is ``number``."""
    caught_up = asyncio.get_running_loop().create_future()

    def note(has_more: bool) -> None:
        if not has_more and socket.expected >= number and not caught_up.done():
            caught_up.set_result(None)

    socket.on_sync = note
    if socket.expected < number:
        async with asyncio.timeout(SYNC_SECONDS):
            await caught_up
