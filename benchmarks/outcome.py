"""How a run is asked for, and what it says."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load import Crew, Stretch
from benchmarks.targets import Crowd, Target


@dataclass(frozen=True)
class Plan:
    """How a run is to be done. ``window`` is how many sends each sender keeps on their way; None: as it is defined."""

    seconds: float = 10.0
    window: int | None = None
    pids: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What one run showed. ``figures`` are by name with the unit in it; ``faults`` count what should not happen."""

    figures: dict[str, float]
    faults: dict[str, int]
    counts: dict[str, int]
    cores: dict[str, float] = field(default_factory=dict)


Run = Callable[[Target, Crowd, Plan], Coroutine[Any, Any, Outcome]]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed; NaN if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def in_milliseconds(name: str, seconds: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile, as figures."""
    return {f"{name} p{share} ms": percentile(seconds, share / 100) * 1e3 for share in (50, 99)}


def outcome(crew: Crew, figures: dict[str, float], *, lost: int = 0, stretch: Stretch | None = None) -> Outcome:
    """The outcome of what a crew did."""
    counts = {
        "acked": crew.acked,
        "delivered": crew.delivered,
        "promised": sum(stream.promised for stream in crew.streams),
    }
    faults = dict(crew.faults) | ({"lost": lost} if lost else {})
    return Outcome(figures, faults, counts, stretch.cores if stretch else {})
