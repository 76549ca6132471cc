"""What a target tells about itself: CPU by its own clock, memory by the kernel's count."""

from __future__ import annotations

import json
import resource
import signal
import threading
import time
from typing import Any


def report() -> dict[str, float]:
    """CPU seconds so far, peak RSS in MB, wall clock."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu": time.process_time(),
        "rss_mb": usage.ru_maxrss / 1024,
        "switches": float(usage.ru_nvcsw),
        "at": time.perf_counter(),
        "threads": float(threading.active_count()),
    }


def wait_for_term() -> None:
    """Wait for SIGTERM without waking up."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.sigwait({signal.SIGTERM})


def print_cost(before: dict[str, Any], after: dict[str, Any]) -> None:
    """One JSON line for the runner."""
    print(
        json.dumps(
            {
                "cpu": after["cpu"] - before["cpu"],
                "rss_mb": after["rss_mb"],
                "switches": after["switches"] - before["switches"],
                "wall": after["at"] - before["at"],
            }
        ),
        flush=True,
    )
