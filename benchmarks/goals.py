"""What was set as a goal, and whether this run met it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.results import Results
from benchmarks.scenarios import CEILING, OURS

Measure = Callable[[Results], float | None]


@dataclass(frozen=True)
class Goal:
    """A bound on one figure.

    Attributes:
        unit: behind both numbers.
        at_least: whether more is better.
    """

    name: str
    measure: Measure
    bound: float
    unit: str
    at_least: bool

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


def _peer(scenario: str, who: str, figure: str, *, more: bool = False) -> Measure:
    return lambda results: results.ratio(scenario, who, figure, more_is_better=more)


def _own(scenario: str, who: str, figure: str, factor: float = 1.0) -> Measure:
    def measure(results: Results) -> float | None:
        found = results.median(scenario, who, figure)
        return None if found is None else found * factor

    return measure


def _wrong(results: Results) -> float | None:
    values = [
        value
        for scenario in results.runs
        for who in OURS
        for value in results.values(scenario, who, "wrong")
    ]
    return sum(values) if values else None


def _headroom(results: Results) -> float | None:
    ceiling = results.median("ceiling", CEILING, "server_ceiling")
    rates = [
        rate
        for who in results.runs.get("burst", ())
        if who != CEILING and (rate := results.median("burst", who, "rate")) is not None
    ]
    return ceiling / max(rates) if ceiling and rates else None


def _at_least(name: str, measure: Measure, bound: float, unit: str = "×") -> Goal:
    return Goal(name, measure, bound, unit, at_least=True)


def _at_most(name: str, measure: Measure, bound: float, unit: str = "×") -> Goal:
    return Goal(name, measure, bound, unit, at_least=False)


# A factor is against the better peer in the same run; the durable inbox is on unless it says off.
GOALS = (
    _at_least("burst, messages/s", _peer("burst", "ours", "rate", more=True), 1.3),
    _at_least("burst, messages/s, inbox off", _peer("burst", "ours-off", "rate", more=True), 2.0),
    _at_least("– stretch", _peer("burst", "ours-off", "rate", more=True), 3.0),
    _at_most("burst, CPU a message", _peer("burst", "ours", "cpu_us"), 0.75),
    _at_most("burst, CPU a message, inbox off", _peer("burst", "ours-off", "cpu_us"), 0.5),
    _at_most("burst, memory after it", _peer("burst", "ours", "rss"), 0.8),
    _at_most("paced, p50", _peer("paced", "ours", "p50"), 0.8),
    _at_most("paced, p99", _peer("paced", "ours", "p99"), 0.9),
    _at_most("paced, CPU a message", _peer("paced", "ours", "cpu_us"), 0.6),
    _at_least("intake", _own("intake", "ours", "rate"), 15_000, "/s"),
    _at_least("intake, inbox off", _peer("intake", "ours-off", "rate", more=True), 2.0),
    _at_least("slow_handler, of the limit", _own("slow_handler", "ours", "of_limit"), 0.93, ""),
    _at_least("slow_server, of the limit", _own("slow_server", "ours", "of_limit"), 0.97, ""),
    _at_least(
        "blocking_handler, messages/s", _peer("blocking_handler", "ours", "rate", more=True), 4.5
    ),
    _at_most("import", _peer("import", "ours", "import"), 0.5),
    _at_most("idle, CPU", _own("idle", "ours", "cpu_ms_per_second"), 0.5, " ms/s"),
    _at_most("idle, wake-ups", _own("idle", "ours", "wakeups_per_second"), 1.0, "/s"),
    _at_most("500 parked asks, another chat's p50", _own("asks", "ours", "p50", 1e3), 20, " ms"),
    _at_most("memory at 100,000 chats", _own("chats", "ours", "rss", 1e-6), 150, " MB"),
    _at_most("dead letter, write", _own("dead_letters", "ours", "write_us"), 150, " µs CPU"),
    _at_least("dead letter, replay", _own("dead_letters", "ours", "replay_rate"), 5_000, "/s"),
    _at_least("load server's ceiling to the fastest burst", _headroom, 3.0),
    _at_most("lost, double or out of order, all scenarios", _wrong, 0, ""),
)


def rows(results: Results) -> list[list[str]]:
    """Heading, and goal, bound, figure and verdict for each goal that was measured."""
    table = [["goal", "bound", "measured", "met"]]
    for goal in GOALS:
        value = goal.measure(results)
        if value is not None:
            sign = "≥" if goal.at_least else "≤"
            table.append(
                [
                    goal.name,
                    f"{sign} {_number(goal.bound)}{goal.unit}",
                    f"{_number(value)}{goal.unit}",
                    "yes" if goal.is_met(value) else "NO",
                ]
            )
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
