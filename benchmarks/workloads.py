"""The workloads. Each takes running servers and a plan, and says what came out; none knows which app it measures."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load import Crew, Meter, Sender, Stretch, settle
from benchmarks.targets import Crowd, Target

WARM_UP_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
MESSAGES_AHEAD = 400  # promised to a conversation and not delivered; an outbox holds about 1,500


@dataclass(frozen=True)
class Plan:
    """How a run is to be done. ``window`` is how many sends each sender keeps on their way; None: as it is defined."""

    seconds: float = 10.0
    window: int | None = None
    scale: float = 1.0
    pids: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What one run showed. ``figures`` are by name with the unit in it; ``faults`` count what should not happen."""

    figures: dict[str, float]
    faults: dict[str, int]
    counts: dict[str, int]
    cpu_share: dict[str, float] = field(default_factory=dict)


Run = Callable[[Target, Crowd, Plan], Coroutine[Any, Any, Outcome]]


@dataclass(frozen=True)
class Workload:
    """A workload by name. ``main`` is the figure that ratios are made of."""

    name: str
    title: str
    crowd: Crowd
    run: Run
    main: str
    modes: tuple[str, ...] = ("single", "arrays")
    on_tutorial: bool = True


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed; NaN if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def cpu_shares(stretch: Stretch) -> dict[str, float]:
    """Cores in use, by process."""
    return {name: used / stretch.seconds for name, used in stretch.cpu.items()}


def outcome(crew: Crew, lost: int, stretch: Stretch, figures: dict[str, float]) -> Outcome:
    """The outcome of a stretch."""
    faults = dict(crew.faults) | ({"lost": lost} if lost else {})
    counts = {
        "acked": crew.acked,
        "delivered": crew.delivered,
        "promised": sum(stream.promised for stream in crew.streams),
    }
    return Outcome(figures, faults, counts, cpu_shares(stretch))


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
    figures = {
        "deliveries/s": stretch.delivered / stretch.seconds,
        "acked sends/s": stretch.acked / stretch.seconds,
        "server CPU µs a delivery": stretch.cpu.get("server", 0.0) / max(1, stretch.delivered) * 1e6,
        "server CPU µs a send": stretch.cpu.get("server", 0.0) / max(1, stretch.acked) * 1e6,
        "ack p50 ms": percentile(waits, 0.5) * 1e3,
        "ack p99 ms": percentile(waits, 0.99) * 1e3,
    }
    await crew.close()
    return outcome(crew, lost, stretch, figures)


async def give_up_what_is_lost(senders: Sequence[Sender]) -> None:
    """Sends without an answer for too long do not hold their senders up; what they promised counts as lost."""
    while True:
        await asyncio.sleep(PATIENCE_SECONDS / 10)
        for sender in senders:
            sender.give_up(PATIENCE_SECONDS)


async def everyone_connected(target: Target, crowd: Crowd) -> Crew:
    """All members of all conversations, one socket each."""
    crew = Crew(target, crowd.conversations)
    await crew.open_all((room, member) for room in range(crowd.conversations) for member in range(crowd.members))
    return crew


async def fan_out(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """One conversation: a few of its members send as much as they can, all of them read."""
    crew = await everyone_connected(target, crowd)
    window = plan.window or 8
    ahead = MESSAGES_AHEAD * crowd.members
    senders = [Sender(socket, window, ahead) for socket in crew.sockets[0][:16]]
    return await closed_loop(crew, senders, plan)


async def everyone_sends(target: Target, crowd: Crowd, plan: Plan) -> Outcome:
    """Many conversations: every member sends and reads."""
    crew = await everyone_connected(target, crowd)
    window = plan.window or 1
    ahead = MESSAGES_AHEAD * crowd.members
    return await closed_loop(crew, [Sender(socket, window, ahead) for socket in crew.everyone], plan)


WORKLOADS = [
    Workload("sends", "acked sends/s, 100 conversations", Crowd(100, 2), everyone_sends, "acked sends/s", ("single",)),
    Workload("sends-one", "acked sends/s, one conversation", Crowd(1, 16), fan_out, "acked sends/s", ("single",)),
    Workload("fanout-50", "one conversation of 50", Crowd(1, 50), fan_out, "deliveries/s"),
    Workload("fanout-200", "one conversation of 200", Crowd(1, 200), fan_out, "deliveries/s"),
    Workload("fanout-1000", "one conversation of 1,000", Crowd(1, 1000), fan_out, "deliveries/s"),
    Workload("rooms", "30 conversations of 10, everyone sends", Crowd(30, 10), everyone_sends, "deliveries/s"),
]
