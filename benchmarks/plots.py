"""Small bar charts as SVG."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.report import Row

KINDS = {
    "lone": "one message a write, as single frames",
    "coalesced": "20 messages a write, as single frames",
    "arrays": "20 messages a write, as one array",
    "echo": "an ack for each message",
}
COLOURS = {"single": "#3b6fb6", "arrays": "#2a9d6f", "tutorial": "#c0583a"}
LEGEND = {"single": "single frames", "arrays": "chat.v1", "tutorial": "tutorial app"}
LABEL, WIDE, BAR, GAP, TOP = 260, 400, 14, 10, 52
CHARTS = {
    "deliveries": ("deliveries a second", ("fanout-50", "fanout-200", "fanout-1000", "rooms")),
    "sends": ("acked sends a second", ("sends", "sends-one")),
    "cost": (
        "server CPU, µs a delivery, as things grow tenfold",
        ("receivers-30", "receivers-300", "rooms-15", "rooms-150", "history-2000", "history-20000"),
    ),
}
ENGINE_LABELS = {"sqlite": "SQLite", "postgres": "PostgreSQL and Redis"}


def titles(found: "Sequence[Row]") -> Iterator[tuple[str, str]]:
    """File name and title of each chart there is something for."""
    for chart, (title, names) in CHARTS.items():
        for engine, label in ENGINE_LABELS.items():
            if any(row.engine == engine and row.workload.name in names for row in found):
                yield f"{chart}-{engine}.svg", f"{title}: {label}"


def drawings(found: "Sequence[Row]") -> Iterator[tuple[str, str]]:
    """File name and content of each chart."""
    for file, title in titles(found):
        chart, engine = file.removesuffix(".svg").split("-")
        names = CHARTS[chart][1]
        chosen = [row for row in found if row.engine == engine and row.workload.name in names]
        yield file, draw(title, [(row.workload.title, row.mode, row.main) for row in chosen])


def draw(title: str, bars: Sequence[tuple[str, str, float]]) -> str:
    """Horizontal bars from zero: a label, the mode that colours it, and a value."""
    most = max(value for _, _, value in bars) or 1.0
    parts = []
    y, before = TOP, ""
    for label, mode, value in bars:
        if label != before:
            y += GAP
            parts.append(f'<text x="{LABEL - 8}" y="{y + 11}" text-anchor="end">{escape(label)}</text>')
            before = label
        length = value / most * WIDE
        parts.append(f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{COLOURS[mode]}"/>')
        parts.append(f'<text x="{LABEL + length + 5:.1f}" y="{y + 10}">{_short(value)}</text>')
        y += BAR
    x = LABEL
    for mode in dict.fromkeys(mode for _, mode, _ in bars):
        parts.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{COLOURS[mode]}"/>')
        parts.append(f'<text x="{x + 14}" y="41">{LEGEND[mode]}</text>')
        x += 110
    width, height = LABEL + WIDE + 80, y + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11" fill="#222"><title>{escape(title)}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="12" y="20" font-size="13" font-weight="bold">{escape(title)}</text>{"".join(parts)}</svg>\n'
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
