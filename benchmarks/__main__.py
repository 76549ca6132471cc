"""``python -m benchmarks``: ours beside its peers, in turns, on the same load.

Makes an environment for each under ``.cache/bench``, prints medians and goals, and keeps all
figures in ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import time
from pathlib import Path

from benchmarks import goals, page, table
from benchmarks.contenders import CONTENDERS, PEERS, prepare, python_of
from benchmarks.machine import describe
from benchmarks.probes import PROBES, Probe, probe_once
from benchmarks.results import Results
from benchmarks.runs import Cores, Figures, RunFailed, run_once
from benchmarks.scenarios import OURS, SCENARIOS, Scenario

Work = Scenario | Probe
EVERYTHING: dict[str, Work] = {**SCENARIOS, **PROBES}
_IN_EVERY_ROUND = (*OURS, "signalbot")
NOISE = 0.05
"""The share of the machine that others may take."""


def main() -> int:
    """Run, print, keep; 1 if a run failed."""
    options = _options()
    results = Results.load(options.from_results) if options.from_results else _measure(options)
    print(table.plain(goals.rows(results)))
    if options.write_docs:
        for path in page.write(results):
            print(f"written: {path}")
    return 1 if results.about.get("failed") else 0


def _measure(options: argparse.Namespace) -> Results:
    work = [EVERYTHING[name].scaled(options.scale) for name in options.scenarios or EVERYTHING]
    taking_part = {each.name: _contenders(each, options.targets) for each in work}
    environments = {
        CONTENDERS[name].environment for names in taking_part.values() for name in names
    }
    prepare(environments)
    cores = Cores(None, None) if options.no_pin else Cores.apart()
    results = Results(describe(environments, cores))
    seconds = sum(
        each.seconds * _rounds(each, name, options.rounds)
        for each in work
        for name in taking_part[each.name]
    )
    print(f"about {seconds / 60:.0f} min on a machine that does nothing else", flush=True)
    results.about["scenarios"] = {each.name: each.about for each in work}
    begun = time.monotonic()
    for each in work:
        if not taking_part[each.name]:
            continue
        print(f"\n{each.name}: {each.about}", flush=True)
        _take_turns(each, taking_part[each.name], options.rounds, cores, results)
        if each.name in results.runs:
            print(table.plain(table.rows(results, each.name)), flush=True)
            results.save()  # now, so that a run that is broken off leaves something
    minutes = (time.monotonic() - begun) / 60
    print(f"\ntook {minutes:.1f} min; all figures are kept in benchmarks/results")
    noisy, runs = results.noisy(NOISE)
    if noisy:
        print(f"in {noisy} of {runs} runs others took more than {NOISE:.0%} of the CPU:"
              " trust neither rates nor latencies")  # fmt: skip
    print()
    return results


def _take_turns(
    work: Work, contenders: list[str], rounds: int, cores: Cores, results: Results
) -> None:
    """A B C, A B C: what the machine does meanwhile meets all of them."""
    for number, name in itertools.product(range(rounds * work.turns), contenders):
        if number >= _rounds(work, name, rounds):
            continue
        try:
            results.add(work.name, name, _run(work, name, cores))
        except RunFailed as error:
            results.about.setdefault("failed", []).append(f"{work.name} {name}")
            print(error, file=sys.stderr)


def _run(work: Work, name: str, cores: Cores) -> Figures:
    contender = CONTENDERS[name]
    python = python_of(contender.environment)
    if isinstance(work, Probe):
        return probe_once(work, contender, python, cores)
    return run_once(work, contender, python, cores)


def _contenders(work: Work, wanted: list[str]) -> list[str]:
    if not wanted:
        return list(work.contenders)
    # Where the peers take part everybody can; the rest is about ours alone.
    is_open = set(PEERS) <= set(work.contenders)
    return [name for name in wanted if name in work.contenders or is_open]


def _rounds(work: Work, contender: str, rounds: int) -> int:
    """How often it takes its turn; those who are far slower do in two rounds of five, once."""
    mine = min(rounds, work.rounds)
    return mine * work.turns if contender in _IN_EVERY_ROUND else math.ceil(mine * 0.4)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scenarios", nargs="*", help=f"of {', '.join(EVERYTHING)}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--targets", type=lambda text: text.split(","), default=[], help=", ".join(CONTENDERS)
    )
    parser.add_argument("--no-pin", action="store_true", help="let the kernel choose the cores")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the messages, to try it")
    parser.add_argument("--write-docs", action="store_true", help="put table and plot in the page")
    parser.add_argument("--from-results", type=Path, help="do not measure, show a kept file")
    options = parser.parse_args()
    for known, given in ((EVERYTHING, options.scenarios), (CONTENDERS, options.targets)):
        if unknown := [name for name in given if name not in known]:
            parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    if options.write_docs and options.scale != 1:
        parser.error("--write-docs is for whole runs, not with --scale")
    return options


if __name__ == "__main__":
    sys.exit(main())
