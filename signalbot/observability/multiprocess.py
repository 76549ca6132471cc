"""The tallies' metrics where several processes share their numbers in files.

With ``PROMETHEUS_MULTIPROC_DIR`` set, prometheus_client keeps what its own counters and histograms
count in that directory, and its ``MultiProcessCollector`` adds all processes up. Our tallies count
in memory, so there its own metrics take their place: slower, and seen by everybody.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram

from signalbot.observability.tallies import Counts, Durations


def is_multiprocess() -> bool:
    """Whether prometheus_client keeps its numbers in files."""
    return any(
        name in os.environ for name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
    )


class SharedCounts:
    """As :class:`Counts`."""

    def __init__(
        self, name: str, help: str, labels: Sequence[str], registry: CollectorRegistry
    ) -> None:
        self._counter = Counter(name, help, labels, registry=registry)

    def note(self, note: tuple[str, ...]) -> None:
        self._counter.labels(*note).inc()


class SharedDurations:
    """As :class:`Durations`."""

    def __init__(
        self,
        name: str,
        help: str,
        labels: Sequence[str],
        bounds: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._histogram = Histogram(name, help, labels, buckets=bounds, registry=registry)

    def note(self, note: tuple[float, tuple[str, ...]]) -> None:
        seconds, values = note
        (self._histogram.labels(*values) if values else self._histogram).observe(seconds)


def counts(
    name: str, help: str, labels: Sequence[str], registry: CollectorRegistry
) -> Counts | SharedCounts:
    """A counter with labels."""
    return (SharedCounts if is_multiprocess() else Counts)(name, help, labels, registry)


def durations(
    name: str,
    help: str,
    labels: Sequence[str],
    bounds: Sequence[float],
    registry: CollectorRegistry,
) -> Durations | SharedDurations:
    """A histogram of seconds."""
    return (SharedDurations if is_multiprocess() else Durations)(
        name, help, labels, bounds, registry
    )
