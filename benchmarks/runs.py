"""One run: a server, a target, and what both and the kernel say about it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import CACHE, ROOT, TARGETS, Contender
from benchmarks.processes import Reading, cpu_seconds, read
from benchmarks.scenarios import Scenario

Figures = dict[str, float]

_STOP = 10.0
_CONNECT = 60.0
"""Seconds that a target may take until its websocket is there."""


@dataclass(frozen=True)
class Cores:
    """Which core the target and which the server is bound to; None leaves it to the kernel."""

    target: int | None
    server: int | None

    @classmethod
    def apart(cls) -> Cores:
        """The first two cores that we may use; none if there is one only."""
        usable = sorted(os.sched_getaffinity(0))
        return cls(*usable[:2]) if len(usable) > 1 else cls(None, None)


class RunFailed(Exception):
    """A target ended or never connected; the text names its log."""


def run_once(scenario: Scenario, contender: Contender, python: Path, cores: Cores) -> Figures:
    """One run of one target.

    Raises:
        RunFailed: it did not come up.
    """
    log = CACHE / "logs" / f"{contender.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with _server(scenario, cores) as server, log.open("w") as output:
        port = _line(server)["port"]
        options = {
            "url": f"http://127.0.0.1:{port}",
            "workers": scenario.workers,
            "concurrency": scenario.concurrency,
            "letters": scenario.letters,
            **contender.options,
        }
        launched = time.monotonic()
        target = subprocess.Popen(
            [python, TARGETS / contender.script, json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            # Nothing of this repository is to be found but what is installed.
            cwd=log.parent,
            env=clean_environment(),
        )
        try:
            bind(target.pid, cores.target)
            begun = _line(target)["at"]
            connected = _connected(server, target)
            time.sleep(scenario.rest)
            figures = {"start": connected - begun, "launch": connected - launched}
            return figures | _watch(scenario, server, target)
        except (RunFailed, OSError) as error:
            raise RunFailed(f"{contender.name} failed in {scenario.name}: see {log}") from error
        finally:
            _end(target)


def clean_environment() -> dict[str, str]:
    """Without what could lead Python or a target elsewhere."""
    ours = ("PYTHON", "SIGNAL_", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _watch(
    scenario: Scenario, server: subprocess.Popen[str], target: subprocess.Popen[str]
) -> Figures:
    """Let the load go, or look on while nothing happens."""
    assert server.stdin is not None
    before, before_others = read(target.pid), _others(server)
    if scenario.idle:
        time.sleep(scenario.idle)
        after = read(target.pid)
        told: dict[str, Any] = {"messages": 0}
    else:
        server.stdin.write("go\n")
        server.stdin.flush()
        _line(server)
        after = read(target.pid)
        told = _line(server)
        told.pop("event")
    others = _others(server) - before_others
    return {**told, **_cost(before, after, others), "rss": float(read(target.pid).rss)}


def _cost(before: Reading, after: Reading, others: float) -> Figures:
    """What the target took, and the share of the machine that neither it nor we took."""
    cpu = after.cpu - before.cpu
    wall = after.at - before.at
    foreign = after.machine - before.machine - cpu - others
    return {
        "wall": wall,
        "cpu": cpu,
        "switches": float(after.switches - before.switches),
        "peak": float(after.peak),
        "threads": float(after.threads),
        "noise": max(0.0, foreign / wall / (os.cpu_count() or 1)),
    }


def _others(server: subprocess.Popen[str]) -> float:
    return cpu_seconds(server.pid) + time.process_time()


@contextlib.contextmanager
def _server(scenario: Scenario, cores: Cores) -> Iterator[subprocess.Popen[str]]:
    specification = {"phases": [asdict(each) for each in scenario.phases], "delay": scenario.delay}
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load_server", json.dumps(specification)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        bind(server.pid, cores.server)
        yield server
    finally:
        server.kill()
        server.communicate()


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RunFailed
    found: dict[str, Any] = json.loads(line)
    return found


def _connected(server: subprocess.Popen[str], target: subprocess.Popen[str]) -> float:
    """When the websocket was there; notices that the target has ended instead."""
    ended = os.pidfd_open(target.pid)
    try:
        ready = select.select([server.stdout, ended], [], [], _CONNECT)[0]  # type: ignore[type-var]
    finally:
        os.close(ended)
    if server.stdout not in ready:
        raise RunFailed
    return float(_line(server)["at"])


def bind(pid: int, core: int | None) -> None:
    """Keep a process on one core; its threads follow, as they are made later."""
    if core is not None:
        os.sched_setaffinity(pid, {core})


def _end(target: subprocess.Popen[str]) -> None:
    """Ask it to stop; what takes long is killed: how it stops is not measured here."""
    target.terminate()
    try:
        target.communicate(timeout=_STOP)
    except subprocess.TimeoutExpired:
        target.kill()
        target.communicate()
