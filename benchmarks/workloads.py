"""The workloads by name."""

from dataclasses import dataclass

from benchmarks import arrivals, rest, traffic
from benchmarks.outcome import Run
from benchmarks.targets import ENGINES, Crowd

SINGLE = ("single",)


@dataclass(frozen=True)
class Workload:
    """One workload. ``main`` is the figure that ratios are made of, ``window`` what each sender keeps on its way."""

    name: str
    title: str
    crowd: Crowd
    run: Run
    main: str
    modes: tuple[str, ...] = ("single", "arrays")
    on_tutorial: bool = True
    engines: tuple[str, ...] = ENGINES
    processes: int = 1
    window: int | None = None


TO_CONNECTED, TO_NEWEST = "connect p99 ms", "caught up p50 ms"
ACKED, DELIVERED, COST = "acked sends/s", "deliveries/s", "server CPU µs a delivery"

WORKLOADS = [
    Workload("fanout-50", "one conversation of 50", Crowd(1, 50), traffic.fan_out, DELIVERED),
    Workload("fanout-200", "one conversation of 200", Crowd(1, 200), traffic.fan_out, DELIVERED),
    Workload("fanout-1000", "one conversation of 1,000", Crowd(1, 1000), traffic.fan_out, DELIVERED),
    Workload(
        "rooms", "30 conversations of 10, everyone sends", Crowd(30, 10), traffic.everyone_sends, DELIVERED, window=3
    ),
    Workload("latency", "30 people, 5 messages/s each", Crowd(1, 30, rate=150), traffic.paced, "delivery p99 ms"),
    Workload(
        "latency-busy",
        "one conversation of 50 at 20,000 deliveries/s",
        Crowd(1, 50, rate=400),
        traffic.paced,
        "delivery p99 ms",
        on_tutorial=False,
    ),
    Workload(
        "sends",
        "100 conversations of 2, everyone sends",
        Crowd(100, 2),
        traffic.everyone_sends,
        ACKED,
        SINGLE,
        window=4,
    ),
    Workload("sends-one", "one conversation of 16, everyone sends", Crowd(1, 16), traffic.fan_out, ACKED, SINGLE),
    Workload(
        "rest", "16 conversations of 2, everyone posts", Crowd(16, 2), rest.rest_sends, "REST sends/s", SINGLE, False
    ),
    Workload("connects", "32 clients come and go", Crowd(10, 50), arrivals.connects, "connects/s", SINGLE),
    Workload(
        "connects-at-once", "500 connect at once", Crowd(10, 50), arrivals.connects_at_once, "connect p99 ms", SINGLE
    ),
    Workload("memory", "1,000 idle sockets", Crowd(20, 50), arrivals.idle_memory, "kB a socket", SINGLE),
    Workload(
        "catch-up", "1,000 missed messages", Crowd(1, 16), arrivals.catch_up, "caught up p50 ms", on_tutorial=False
    ),
    Workload("receivers-30", "one conversation of 30", Crowd(1, 30), traffic.fan_out, COST, on_tutorial=False),
    Workload("receivers-300", "one conversation of 300", Crowd(1, 300), traffic.fan_out, COST, on_tutorial=False),
    Workload("rooms-15", "15 conversations of 10", Crowd(15, 10), traffic.everyone_sends, COST, on_tutorial=False),
    Workload("rooms-150", "150 conversations of 10", Crowd(150, 10), traffic.everyone_sends, COST, on_tutorial=False),
    Workload(
        "history-2000", "2,000 stored", Crowd(1, 50, history=2_000), traffic.with_history, COST, on_tutorial=False
    ),
    Workload(
        "history-20000", "20,000 stored", Crowd(1, 50, history=20_000), traffic.with_history, COST, on_tutorial=False
    ),
    Workload(
        "rooms-two-processes",
        "30 conversations of 10 over two processes",
        Crowd(30, 10),
        traffic.everyone_sends,
        DELIVERED,
        on_tutorial=False,
        engines=("postgres",),
        processes=2,
        window=3,
    ),
    Workload(
        "sends-two-processes",
        "100 conversations of 2 over two processes",
        Crowd(100, 2),
        traffic.everyone_sends,
        ACKED,
        SINGLE,
        on_tutorial=False,
        engines=("postgres",),
        processes=2,
        window=4,
    ),
]
