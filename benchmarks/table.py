"""The figures as a table, for the terminal and for the page."""

from __future__ import annotations

from benchmarks.results import Results

_COLUMNS = (
    # figure, heading, factor, format
    ("rate", "msg/s", 1, ",.0f"),
    ("of_limit", "of limit", 100, ".0f%"),
    ("cpu_us", "CPU µs/msg", 1, ",.0f"),
    ("p50", "p50 ms", 1e3, ".2f"),
    ("p95", "p95 ms", 1e3, ".2f"),
    ("p99", "p99 ms", 1e3, ".2f"),
    ("max", "max ms", 1e3, ".1f"),
    ("cpu_ms_per_second", "CPU ms/s", 1, ".2f"),
    ("wakeups_per_second", "wake-ups/s", 1, ".1f"),
    ("import", "import ms", 1e3, ".0f"),
    ("start", "start ms", 1e3, ".0f"),
    ("launch", "launch ms", 1e3, ".0f"),
    ("write_us", "write CPU µs", 1, ".0f"),
    ("replay_rate", "replay/s", 1, ",.0f"),
    ("server_us", "server CPU µs/msg", 1, ".0f"),
    ("server_ceiling", "server at 100%, msg/s", 1, ",.0f"),
    ("rss", "RSS MB", 1e-6, ".1f"),
    ("peak", "peak MB", 1e-6, ".1f"),
)
# Latency says something where messages are paced, wake-ups where nothing happens.
SHOWN = {
    "ceiling": ("rate", "server_us", "server_ceiling"),
    "burst": ("rate", "cpu_us", "start", "launch", "rss", "peak"),
    "paced": ("cpu_us", "p50", "p95", "p99", "max"),
    "intake": ("rate", "cpu_us", "rss", "peak"),
    "slow_handler": ("rate", "of_limit", "cpu_us"),
    "blocking_handler": ("rate", "of_limit", "cpu_us"),
    "slow_server": ("rate", "of_limit", "cpu_us"),
    "asks": ("p50", "p95", "p99", "cpu_us", "rss"),
    "idle": ("cpu_ms_per_second", "wakeups_per_second", "rss"),
    "chats": ("rate", "cpu_us", "rss", "peak"),
    "import": ("import", "rss"),
    "dead_letters": ("write_us", "replay_rate"),
    "letters": ("start", "rss", "peak"),
}
_HEADINGS = {figure: (heading, factor, how) for figure, heading, factor, how in _COLUMNS}


def rows(results: Results, scenario: str) -> list[list[str]]:
    """Heading and a row for each contender."""
    shown = SHOWN[scenario]
    has_messages = results.median(scenario, next(iter(results.runs[scenario])), "wrong") is not None
    heading = ["target", *(_HEADINGS[figure][0] for figure in shown)]
    if has_messages:
        heading += ["lost", "double", "order", "server busy"]
    heading += ["noise", "rounds"]
    table = [heading]
    for contender, runs in results.runs[scenario].items():
        row = [contender, *(_cell(results, scenario, contender, figure) for figure in shown)]
        if has_messages:
            row += [
                f"{sum(results.values(scenario, contender, figure)):.0f}"
                for figure in ("lost", "duplicates", "out_of_order")
            ]
            row.append(_percent(results.median(scenario, contender, "server_busy")))
        row += [_percent(results.median(scenario, contender, "noise")), str(len(runs))]
        table.append(row)
    return table


def plain(table: list[list[str]]) -> str:
    """For a terminal: columns of one width, the first to the left."""
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    lines = []
    for row in table:
        first = row[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join((first, *rest)))
    return "\n".join(lines)


def markdown(table: list[list[str]]) -> str:
    """For a page."""
    heading, *body = table
    rule = ["---", *["--:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heading, rule, *body))


def _cell(results: Results, scenario: str, contender: str, figure: str) -> str:
    value = results.median(scenario, contender, figure)
    if value is None:
        return "–"
    _, factor, how = _HEADINGS[figure]
    return _percent(value) if how.endswith("%") else format(value * factor, how)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
