"""Puts a run's tables and plot into the documentation."""

from __future__ import annotations

from pathlib import Path

from benchmarks import goals, plot, table
from benchmarks.contenders import CONTENDERS, ROOT
from benchmarks.results import Results

PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "assets" / "benchmarks.svg"
BEGIN = "<!-- written by `python -m benchmarks --write-docs` from here -->"
END = "<!-- to here -->"
_NAMED = ("signalbot", "signal-client", "httpx", "websocket-client", "aiohttp", "pydantic")


def write(results: Results, page: Path = PAGE, picture: Path = PLOT) -> list[Path]:
    """Replace what stands between the marks, and the picture; returns both files.

    Raises:
        ValueError: if the page has no marks.
    """
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks a line {BEGIN!r} or {END!r}")
    page.write_text(f"{before}{BEGIN}\n\n{section(results)}\n{END}{after}", encoding="utf-8")
    picture.write_text(plot.draw(results), encoding="utf-8")
    return [page, picture]


def section(results: Results) -> str:
    """Machine, picture, goals, then a table for each scenario."""
    about = results.about
    pinned = "bot and server on a core each" if about["pinned"] else "nothing pinned"
    where = (
        f"{about['at'][:10]}, `{about['command']}`: {about['processor']}, {about['cores']} cores,"
        f" {about['kernel']}, Python {about['python']}, {pinned},"
        f" load average {about['load']:.1f} at the beginning."
    )
    parts = [
        where,
        _versions(results),
        "![Bars: ours beside its peers](assets/benchmarks.svg)",
        "### Goals",
        table.markdown(goals.rows(results)),
    ]
    for name in results.runs:
        said = about["scenarios"][name]
        parts += [f"### {name}", f"{said[0].upper()}{said[1:]}."]
        parts.append(table.markdown(table.rows(results, name)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _versions(results: Results) -> str:
    """What stands behind the names, as far as it decides the figures."""
    named = []
    for environment in dict.fromkeys(each.environment for each in CONTENDERS.values()):
        found = [
            each.replace("==", " ")
            for each in results.about["versions"].get(environment, ())
            if each.partition("==")[0].replace("_", "-") in _NAMED
        ]
        if found:
            named.append(f"{environment}: {', '.join(found)}")
    return "Versions: " + "; ".join(named) + "." if named else ""
