"""``python -m benchmarks``: every scenario, ours beside its reference, in turns."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Scenario:
    """What the server does, and who is measured on it."""

    name: str
    load: tuple[str, ...]
    targets: tuple[str, ...]
    goal: str
    environment: dict[str, str] = field(default_factory=dict)


SCENARIOS = (
    Scenario("burst", ("--messages=5000",), ("ours", "reference"), "rate ratio >= 4"),
    Scenario(
        "intake",
        ("--messages=50000", "--every=50000"),
        ("ours", "reader"),
        ">= 15,000/s, or ratio >= 0.6",
    ),
    Scenario(
        "paced", ("--messages=2000", "--rate=200"), ("ours", "reference"), "p50 <= 1.5, p99 <= 10"
    ),
)


def run_once(scenario: Scenario, target: str, pin: bool) -> dict[str, Any]:
    """One run of one target: the server's figures and its own."""
    server = subprocess.Popen(
        [*_pinned(1, pin), sys.executable, "-m", "benchmarks.load_server", *scenario.load],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    port = json.loads(server.stdout.readline())["port"]
    bot = subprocess.Popen(
        [*_pinned(0, pin), sys.executable, "-m", f"benchmarks.targets.{target}",
         f"http://127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **scenario.environment},
    )  # fmt: skip
    try:
        figures: dict[str, Any] = json.loads(server.stdout.readline())
        bot.terminate()
        out, _ = bot.communicate(timeout=30)
        figures["bot"] = json.loads(out.splitlines()[-1])
    finally:
        bot.kill()
        server.kill()
        server.wait()
    figures["rate"] = figures["messages"] / figures["wall"]
    figures["cpu_us"] = figures["bot"]["cpu"] / figures["messages"] * 1e6
    return figures


def _pinned(core: int, pin: bool) -> list[str]:
    return ["taskset", "-c", str(core)] if pin else []


def median(runs: list[dict[str, Any]], *path: str) -> float:
    """The median of a figure over the runs."""
    values = []
    for run in runs:
        value: Any = run
        for key in path:
            value = value.get(key, float("nan"))
        values.append(float(value))
    return statistics.median(values)


def import_seconds(module: str) -> float:
    """Wall seconds of an import beyond those of a bare interpreter, the best of five."""

    def best(code: str) -> float:
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - begun)
        return min(times)

    return best(f"import {module}") - best("pass")


def main() -> None:
    """Run, print a table, keep the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-pin", action="store_true", help="do not pin bot and server to cores")
    parser.add_argument("scenarios", nargs="*", help="default: all")
    options = parser.parse_args()
    pin = not options.no_pin and (os.cpu_count() or 1) > 1 and sys.platform == "linux"
    kept: dict[str, Any] = {"machine": platform.platform(), "python": sys.version, "pinned": pin}
    print(f"{'scenario':10} {'target':10} {'msg/s':>8} {'cpu us':>7} {'p50 ms':>7} {'p99 ms':>7}"
          f" {'rss MB':>7} {'lost':>5} {'dup':>4} {'order':>5}")  # fmt: skip
    for scenario in SCENARIOS:
        if options.scenarios and scenario.name not in options.scenarios:
            continue
        runs: dict[str, list[dict[str, Any]]] = {target: [] for target in scenario.targets}
        for _ in range(options.rounds):
            for target in scenario.targets:
                runs[target].append(run_once(scenario, target, pin))
        kept[scenario.name] = runs
        for target, each in runs.items():
            print(
                f"{scenario.name:10} {target:10} {median(each, 'rate'):8.0f} "
                f"{median(each, 'cpu_us'):7.0f} {median(each, 'latency_ms', 'p50'):7.2f} "
                f"{median(each, 'latency_ms', 'p99'):7.2f} {median(each, 'bot', 'rss_mb'):7.1f} "
                f"{sum(run['lost'] for run in each):5d} "
                f"{sum(run['duplicates'] for run in each):4d} "
                f"{sum(run['out_of_order'] for run in each):5d}"
            )
        ours, other = (runs[target] for target in scenario.targets)
        ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, other, strict=True))
        print(f"{scenario.name:10} ratio {ratio:.2f} ({scenario.goal})")
    if not options.scenarios:
        kept["import"] = import_seconds("signalbot")
        print(f"import     {kept['import'] * 1000:.0f} ms above a bare interpreter (<= 350)")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
