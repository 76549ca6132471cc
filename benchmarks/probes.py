"""What needs no server: a program in the contender's environment that prints its figures."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import CACHE, TARGETS, Contender
from benchmarks.processes import machine_seconds
from benchmarks.runs import Cores, Figures, RunFailed, bind, clean_environment
from benchmarks.scenarios import EVERYBODY, UNLIMITED

_TIMES = 3
_MEMORY = "print(next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmRSS')))"


@dataclass(frozen=True)
class Probe:
    """Like a scenario, but measured by itself.

    Attributes:
        script: in ``targets``; none for the import.
        argument: what the script is told.
    """

    name: str
    about: str
    contenders: tuple[str, ...] = EVERYBODY
    rounds: int = UNLIMITED
    script: str = ""
    argument: int = 0
    seconds: float = 3.0
    turns = 1

    def scaled(self, scale: float) -> Probe:
        """The same with less work."""
        return Probe(
            self.name, self.about, self.contenders, self.rounds, self.script,
            max(10, int(self.argument * scale)), self.seconds,
        )  # fmt: skip


PROBES = {
    each.name: each
    for each in (
        Probe(
            "import",
            "what a program imports first, above bare Python",
            tuple(name for name in EVERYBODY if name != "ours-off"),
        ),
        Probe(
            "dead_letters",
            "5,000 failed frames: writing them and replaying them",
            ("ours",),
            script="probe_dead_letters.py",
            argument=5000,
            seconds=5.0,
        ),
    )
}


def probe_once(probe: Probe, contender: Contender, python: Path, cores: Cores) -> Figures:
    """One round.

    Raises:
        RunFailed: the program failed.
    """
    begun, foreign = time.monotonic(), machine_seconds() - _own_seconds()
    if probe.script:
        script: list[str | Path] = [TARGETS / probe.script, str(probe.argument)]
        figures: Figures = json.loads(_output(python, script, cores))
    else:
        figures = _import(contender, python, cores)
    wall = time.monotonic() - begun
    foreign = machine_seconds() - _own_seconds() - foreign
    return {**figures, "noise": max(0.0, foreign / wall / (os.cpu_count() or 1))}


def _own_seconds() -> float:
    """CPU seconds of this process and of those that it has started and that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _import(contender: Contender, python: Path, cores: Cores) -> Figures:
    """The best of three; a bare interpreter and the import in turns."""
    bare, loaded, memory = [], [], 0
    for _ in range(_TIMES):
        begun = time.monotonic()
        _output(python, ["-c", _MEMORY], cores)
        bare.append(time.monotonic() - begun)
        begun = time.monotonic()
        memory = int(_output(python, ["-c", f"{contender.imports}\n{_MEMORY}"], cores))
        loaded.append(time.monotonic() - begun)
    return {"import": min(loaded) - min(bare), "rss": memory * 1024.0}


def _output(python: Path, arguments: list[str | Path], cores: Cores) -> str:
    process = subprocess.Popen(
        [python, *arguments], stdout=subprocess.PIPE, text=True, cwd=CACHE, env=clean_environment()
    )
    bind(process.pid, cores.target)
    output, _ = process.communicate()
    if process.returncode:
        raise RunFailed(f"{python} {arguments} failed")
    return output
