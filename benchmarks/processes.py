"""What the kernel knows about a process, seen from outside: the same for every target. Linux."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Reading:
    """One process at one moment.

    Attributes:
        at: seconds of the monotonic clock.
        cpu: CPU seconds of the process so far, by its own clock.
        switches: how often its threads gave up the CPU, which is how often they were woken.
        rss: bytes of memory now.
        peak: the most bytes of memory so far.
        threads: how many it has.
        machine: CPU seconds of everything on this machine so far.
    """

    at: float
    cpu: float
    switches: int
    rss: int
    peak: int
    threads: int
    machine: float


def read(pid: int) -> Reading:
    """Look at a process.

    Raises:
        OSError: it is gone.
    """
    status = _status(Path(f"/proc/{pid}/status"))
    if "VmRSS" not in status:  # it has ended, and nobody has asked how
        raise ProcessLookupError(pid)
    switches = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread may end meanwhile
            switches += int(_status(task / "status")["voluntary_ctxt_switches"])
    return Reading(
        time.monotonic(),
        cpu_seconds(pid),
        switches,
        int(status["VmRSS"].split()[0]) * 1024,
        int(status["VmHWM"].split()[0]) * 1024,
        int(status["Threads"]),
        machine_seconds(),
    )


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process, to the nanosecond: ``clock_getcpuclockid(3)`` by hand."""
    return time.clock_gettime((~pid << 3) | 2)


def machine_seconds() -> float:
    """CPU seconds that this machine has not been idle; what a hypervisor stole counts as busy."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / _TICK


def _status(path: Path) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
    return {key: value.strip() for key, value in pairs}
