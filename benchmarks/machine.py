"""Where figures come from: the machine, the versions, the command."""

from __future__ import annotations

import datetime
import os
import platform
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.contenders import installed
from benchmarks.runs import Cores


def describe(environments: Iterable[str], cores: Cores) -> dict[str, Any]:
    """What a reader needs to judge the figures; no name of the machine or of a person."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "at": now.isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "pinned": cores.target is not None,
        "load": os.getloadavg()[0],
        "versions": {name: installed(name) for name in sorted(environments)},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
