"""The figures of all runs, and what is derived from them: medians, ratios, the better peer."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contenders import PEERS
from benchmarks.runs import Figures
from benchmarks.scenarios import SCENARIOS

KEPT = Path(__file__).parent / "results"


@dataclass
class Results:
    """Everything that a command has measured.

    Attributes:
        about: the machine, the versions, the command, what each scenario is.
        runs: figures by scenario and contender, a list of one a round.
    """

    about: dict[str, Any]
    runs: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)

    def add(self, scenario: str, contender: str, figures: Figures) -> None:
        self.runs.setdefault(scenario, {}).setdefault(contender, []).append(figures)

    def values(self, scenario: str, contender: str, figure: str) -> list[float]:
        """A figure in the order of the rounds; empty if it was not measured."""
        runs = self.runs.get(scenario, {}).get(contender, [])
        return [found for run in runs if (found := value_of(scenario, run, figure)) is not None]

    def median(self, scenario: str, contender: str, figure: str) -> float | None:
        values = self.values(scenario, contender, figure)
        return statistics.median(values) if values else None

    def noisy(self, share: float) -> tuple[int, int]:
        """In how many runs others took more than this share of the machine, and of how many."""
        all_runs = [run for each in self.runs.values() for runs in each.values() for run in runs]
        return sum(run["noise"] > share for run in all_runs), len(all_runs)

    def better_peer(self, scenario: str, figure: str, *, more_is_better: bool) -> str | None:
        """The peer with the better median; None if none took part."""
        medians = {
            peer: found
            for peer in PEERS
            if (found := self.median(scenario, peer, figure)) is not None
        }
        if not medians:
            return None
        best = max if more_is_better else min
        return best(medians, key=lambda peer: medians[peer])

    def ratio(
        self, scenario: str, contender: str, figure: str, *, more_is_better: bool
    ) -> float | None:
        """Contender to the better peer: the median of the ratios within each round."""
        peer = self.better_peer(scenario, figure, more_is_better=more_is_better)
        if peer is None:
            return None
        pairs = zip(
            self.values(scenario, contender, figure),
            self.values(scenario, peer, figure),
            strict=False,  # a peer may have had fewer rounds
        )
        ratios = [own / other for own, other in pairs if other]
        return statistics.median(ratios) if ratios else None

    def save(self) -> Path:
        """Keep everything; returns where."""
        KEPT.mkdir(exist_ok=True)
        path = KEPT / f"{self.about['at'].replace(':', '-')}.json"
        text = json.dumps({"about": self.about, "runs": self.runs}, indent=1)
        path.write_text(text)
        (KEPT / "latest.json").write_text(text)
        return path

    @classmethod
    def load(cls, path: Path) -> Results:
        kept = json.loads(path.read_text())
        return cls(kept["about"], kept["runs"])


def value_of(scenario: str, run: Figures, figure: str) -> float | None:
    """A figure of a run, measured or derived; None if it makes no sense for it."""
    messages = run.get("messages", 0)
    match figure:
        case "rate":
            return run["measured"] / run["seconds"] if messages else None
        case "of_limit":
            limit = SCENARIOS[scenario].limit if scenario in SCENARIOS else 0.0
            return run["measured"] / run["seconds"] / limit if limit and messages else None
        case "cpu_us":
            return run["cpu"] / messages * 1e6 if messages else None
        case "cpu_ms_per_second":
            return run["cpu"] / run["wall"] * 1e3 if "cpu" in run else None
        case "wakeups_per_second":
            return run["switches"] / run["wall"] if "switches" in run else None
        case "server_busy":
            return run["server_cpu"] / run["wall"] if "server_cpu" in run else None
        case "server_us":
            return run["server_cpu"] / messages * 1e6 if messages else None
        case "server_ceiling":
            return messages / run["server_cpu"] if messages else None
        case "wrong":
            return run["lost"] + run["duplicates"] + run["out_of_order"] if messages else None
        case _:
            return run.get(figure)
