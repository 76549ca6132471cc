"""Bars as SVG: one panel for each figure that a reader compares first."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from benchmarks.results import Results


@dataclass(frozen=True)
class _Panel:
    scenario: str
    figure: str
    title: str
    factor: float = 1.0
    digits: int = 0


_PANELS = (
    _Panel("burst", "rate", "burst: messages/s (more is better)"),
    _Panel("burst", "cpu_us", "burst: CPU µs a message (less is better)"),
    _Panel("paced", "p50", "paced: median ms to the reply (less)", 1e3, 2),
    _Panel("paced", "p99", "paced: 99th percentile, ms (less)", 1e3, 2),
    _Panel("intake", "rate", "intake: frames/s (more)"),
    _Panel("slow_handler", "rate", "slow handler: messages/s of 640 (more)"),
    _Panel("blocking_handler", "rate", "blocking handler: messages/s of 640 (more)"),
    _Panel("slow_server", "rate", "slow server: messages/s of 320 (more)"),
    _Panel("import", "import", "import: ms (less)", 1e3),
    _Panel("burst", "rss", "memory after the burst: MB (less)", 1e-6),
)
_OURS, _OTHERS = "#3f51b5", "#9e9e9e"
_WIDTH, _BAR, _NAMES, _VALUES, _COLUMNS = 400, 16, 90, 60, 2


def draw(results: Results) -> str:
    """The whole picture; panels that were not measured are left out."""
    panels = [found for panel in _PANELS if (found := _bars(results, panel))]
    height = max((40 + len(bars) * (_BAR + 4) for _, bars in panels), default=40)
    rows = -(-len(panels) // _COLUMNS)
    size = f'width="{_WIDTH * _COLUMNS}" height="{rows * height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for at, (panel, bars) in enumerate(panels):
        x, y = at % _COLUMNS * _WIDTH, at // _COLUMNS * height
        parts.append(f'<g transform="translate({x},{y})">')
        parts.append(f'<text x="10" y="20" font-weight="bold">{escape(panel.title)}</text>')
        parts += _panel(panel, bars)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _bars(results: Results, panel: _Panel) -> tuple[_Panel, list[tuple[str, float]]] | None:
    bars = [
        (contender, found * panel.factor)
        for contender in results.runs.get(panel.scenario, ())
        if (found := results.median(panel.scenario, contender, panel.figure)) is not None
    ]
    return (panel, bars) if bars else None


def _panel(panel: _Panel, bars: list[tuple[str, float]]) -> list[str]:
    longest = max(value for _, value in bars) or 1.0
    room = _WIDTH - _NAMES - _VALUES - 20
    parts = []
    for row, (contender, value) in enumerate(bars):
        y = 30 + row * (_BAR + 4)
        width = max(1, round(value / longest * room))
        colour = _OURS if contender.startswith("ours") else _OTHERS
        parts += [
            f'<text x="{_NAMES}" y="{y + 12}" text-anchor="end">{escape(contender)}</text>',
            f'<rect x="{_NAMES + 6}" y="{y}" width="{width}" height="{_BAR}" fill="{colour}"/>',
            f'<text x="{_NAMES + 10 + width}" y="{y + 12}">{value:,.{panel.digits}f}</text>',
        ]
    return parts
