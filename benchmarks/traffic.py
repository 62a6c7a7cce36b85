"""Workloads of talk: as much as the server takes, or at a given pace."""

import asyncio
import math
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from benchmarks.load import Crew, Meter, Sender, clock, settle
from benchmarks.outcome import Outcome, Plan, in_milliseconds, outcome
from benchmarks.targets import Crowd, Target

WARM_UP_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
MESSAGES_AHEAD = 400  # promised to a conversation and not delivered; an outbox holds about 1,500
SENDERS = 16
LEAD_SECONDS = 0.05
UNDER_WAY = 900  # sends at once: a process lets 1,000 wait


async def closed_loop(crew: Crew, senders: Sequence[Sender], plan: Plan) -> Outcome:
    """Senders with windows, for a while; deliveries and acks a second, and what they cost the server."""
    for sender in senders:
        sender.start()
    patience = asyncio.create_task(give_up_what_is_lost(senders))
    await asyncio.sleep(min(WARM_UP_SECONDS, plan.seconds / 2))
    for sender in senders:
        sender.ack_times.clear()
    stretch = await Meter(crew, plan.pids).watch(plan.seconds)
    for sender in senders:
        sender.stop()
    waits = [wait for sender in senders for wait in sender.ack_times]
    lost = await settle(crew, senders)
    patience.cancel()
    await crew.close()
    microseconds = stretch.cpu.get("server", 0.0) * 1e6
    figures = {
        "deliveries/s": stretch.delivered / stretch.seconds,
        "acked sends/s": stretch.acked / stretch.seconds,
        "server CPU µs a delivery": microseconds / max(1, stretch.delivered),
        "server CPU µs a send": microseconds / max(1, stretch.acked),
    }
    return outcome(crew, figures | in_milliseconds("ack", waits), lost=lost, stretch=stretch)


async def give_up_what_is_lost(senders: Sequence[Sender]) -> None:
    """Sends without an answer for too long do not hold their senders up; what they promised counts as lost."""
    while True:
        await asyncio.sleep(PATIENCE_SECONDS / 10)
        for sender in senders:
            sender.give_up(PATIENCE_SECONDS)


async def everyone_connected(target: Target, crowd: Crowd) -> Crew:
    """All members of all conversations, one socket each."""
    crew = Crew(target, crowd.conversations)
    await crew.open_all(crowd.places)
    return crew


async def fan_out(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """One conversation: a few of its members send as much as they can, all of them read."""
    crew = await everyone_connected(target, crowd)
    return await closed_loop(crew, some_senders(crew, plan.window or 8), plan)


async def everyone_sends(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """Many conversations: every member reads and sends, or as many as a process lets wait."""
    crew = await everyone_connected(target, crowd)
    ahead, window = MESSAGES_AHEAD * crowd.members, plan.window or 1
    one_of_each = chain.from_iterable(zip(*crew.sockets, strict=True))
    senders = [Sender(socket, window, ahead) for socket in islice(one_of_each, UNDER_WAY // window)]
    return await closed_loop(crew, senders, plan)


def some_senders(crew: Crew, window: int, conversation: int = 0) -> list[Sender]:
    """Senders for the first sockets of a conversation."""
    sockets = crew.sockets[conversation]
    return [Sender(socket, window, MESSAGES_AHEAD * len(sockets)) for socket in sockets[:SENDERS]]


async def fill(crew: Crew, conversation: int, messages: int) -> None:
    """Say at least so many messages in a conversation, so that it has a history."""
    senders = some_senders(crew, 8, conversation)
    for sender in senders:
        sender.start(limit=math.ceil(messages / len(senders)))
    await settle(crew, senders, quiet_seconds=PATIENCE_SECONDS)


async def with_history(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """One conversation that has a history: everybody in it talks on."""
    crew = await everyone_connected(target, crowd)
    await fill(crew, 0, crowd.history)
    return await closed_loop(crew, some_senders(crew, plan.window or 8), plan)


async def pace(senders: Iterable[Sender], rate: float, seconds: float) -> None:
    """Send ``rate`` messages a second, by turns and evenly, whatever comes back."""
    loop = asyncio.get_running_loop()
    line = list(senders)
    begin = loop.time() + LEAD_SECONDS
    done = loop.create_future()
    total = int(rate * seconds)
    for number in range(total):
        loop.call_at(begin + number / rate, line[number % len(line)].send_timed)
    loop.call_at(begin + total / rate, done.set_result, None)
    await done


async def paced(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """Members send at a pace; the time from a message's first byte to each of its readers is measured."""
    crew = await everyone_connected(target, crowd)
    senders = [Sender(socket, 1) for socket in crew.everyone]
    await pace(senders, crowd.rate, min(WARM_UP_SECONDS, plan.seconds / 2))
    await settle(crew, senders)
    for stream in crew.streams:
        stream.forget_latencies()
    meter = Meter(crew, plan.pids)
    watching = asyncio.create_task(meter.watch(plan.seconds))
    begun = clock()
    await pace(senders, crowd.rate, plan.seconds)
    lateness = clock() - begun - plan.seconds - LEAD_SECONDS
    stretch = await watching
    lost = await settle(crew, senders)
    await crew.close()
    latencies = [seconds for stream in crew.streams for seconds in stream.latencies]
    figures = in_milliseconds("delivery", latencies) | {
        "deliveries/s": stretch.delivered / stretch.seconds,
        "load late ms": lateness * 1e3,
    }
    return outcome(crew, figures, lost=lost, stretch=stretch)
