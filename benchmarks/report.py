"""Figures as tables: medians over the runs, and ratios to the tutorial app of the same run."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks import plots
from benchmarks.targets import ENGINES
from benchmarks.workloads import WORKLOADS, Workload

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "docs/templates/benchmarks.md"
PAGE = ROOT / "docs/benchmarks.md"
IMAGES = ROOT / "docs/images/benchmarks"
MODES = ("single", "arrays", "tutorial")
MODE_TITLES = {"single": "single frames", "arrays": "`chat.v1`", "tutorial": "tutorial app"}
ENGINE_TITLES = {"sqlite": "SQLite, in memory", "postgres": "PostgreSQL, Redis"}

Result = Mapping[str, Any]


class Row(NamedTuple):
    """All runs of one workload in one mode on one set of engines."""

    workload: Workload
    engine: str
    mode: str
    figures: dict[str, float]
    cores: dict[str, float]
    faults: dict[str, int]
    ratio: float | None

    @property
    def main(self) -> float:
        """The figure that counts."""
        return self.figures[self.workload.main]


def rows(results: Iterable[Result]) -> list[Row]:
    """Medians, in the order of the workloads."""
    grouped: dict[tuple[str, str, str], list[Result]] = defaultdict(list)
    for result in results:
        grouped[result["workload"], result["engine"], result["mode"]].append(result)
    return [
        _row(workload, engine, mode, grouped)
        for engine in ENGINES
        for workload in WORKLOADS
        for mode in MODES
        if (workload.name, engine, mode) in grouped
    ]


def _row(workload: Workload, engine: str, mode: str, grouped: Mapping[tuple[str, str, str], Sequence[Result]]) -> Row:
    runs = grouped[workload.name, engine, mode]
    yardsticks = {run["run"]: run["figures"] for run in grouped.get((workload.name, engine, "tutorial"), ())}
    ratios = [
        run["figures"][workload.main] / yardsticks[run["run"]][workload.main]
        for run in runs
        if mode != "tutorial" and yardsticks.get(run["run"], {}).get(workload.main)
    ]
    faults: dict[str, int] = defaultdict(int)
    for run in runs:
        for name, times in run["faults"].items():
            faults[name] += times
    return Row(
        workload,
        engine,
        mode,
        _medians([run["figures"] for run in runs]),
        _medians([run["cores"] for run in runs]),
        dict(faults),
        median(ratios) if ratios else None,
    )


def _medians(dictionaries: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: median(one[name] for one in dictionaries) for name in dictionaries[0]}


# --- Markdown ---------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Three digits that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


def main_table(found: Sequence[Row], engine: str) -> str:
    """A line a workload: the figure that counts, by mode, and ratios."""
    lines = []
    for workload in WORKLOADS:
        by_mode = {row.mode: row for row in found if row.engine == engine and row.workload is workload}
        if by_mode:
            cells = [_cell(by_mode.get(mode)) for mode in MODES]
            lines.append([workload.title, workload.main, *cells])
    return table(["workload", "figure", *(MODE_TITLES[mode] for mode in MODES)], lines)


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    ratio = f" ({number(row.ratio)} x)" if row.ratio is not None else ""
    lost = ", with losses" if row.faults.get("lost") else ""
    return f"{number(row.main)}{ratio}{lost}"


def detail_table(found: Sequence[Row]) -> str:
    """Every figure of every workload, with cores in use and what went wrong."""
    lines = []
    for row in found:
        figures = ", ".join(f"{name} {number(value)}" for name, value in row.figures.items())
        cores = ", ".join(f"{name} {share:.2f}" for name, share in row.cores.items()) or "-"
        faults = ", ".join(f"{name} {times:,}" for name, times in row.faults.items()) or "none"
        lines.append([row.workload.name, row.engine, MODE_TITLES[row.mode], figures, cores, faults])
    return table(["workload", "engines", "client", "medians", "cores in use", "lost or refused, all runs"], lines)


def calibration_table(results: Iterable[Result]) -> str:
    """What the load client takes from a server that only sends."""
    grouped: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result["workload"] == "calibration":
            grouped[result["mode"]].append(result)
    lines = []
    for kind, runs in grouped.items():
        figures, cores = _medians([run["figures"] for run in runs]), _medians([run["cores"] for run in runs])
        main = figures["acked sends/s" if kind == "echo" else "deliveries/s"]
        cells = [number(main), number(figures["load CPU µs each"]), f"{cores['load']:.2f}", f"{cores['server']:.2f}"]
        lines.append([plots.KINDS[kind], *cells])
    head = ["what the blaster does", "a second", "load CPU µs each", "cores of the load", "cores of the blaster"]
    return table(head, lines)


def page(report: Mapping[str, Any]) -> str:
    """The whole page."""
    found = rows(report["results"])
    machine = table(["", ""], [[name, value] for name, value in report["machine"].items()])
    parts = {
        "machine": machine,
        "method": f"{report['runs']} runs, {number(report['seconds'])} s a measurement",
        "tables": "\n\n".join(
            f"### {ENGINE_TITLES[engine]}\n\n{main_table(found, engine)}"
            for engine in ENGINES
            if any(row.engine == engine for row in found)
        ),
        "plots": "\n\n".join(f"![{title}](images/benchmarks/{name})" for name, title in plots.titles(found)),
        "calibration": calibration_table(report["results"]),
        "details": detail_table(found),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def write(report: Mapping[str, Any]) -> None:
    """Write the page and its plots."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, drawing in plots.drawings(rows(report["results"])):
        (IMAGES / name).write_text(drawing, encoding="utf-8")
    PAGE.write_text(page(report), encoding="utf-8")
