"""The tallies' metrics where several processes share their numbers in files.

With ``PROMETHEUS_MULTIPROC_DIR`` set, prometheus_client keeps what its own counters and histograms
count in that directory, and its ``MultiProcessCollector`` adds all processes up. Our tallies count
in memory, so there its own metrics take their place: slower, and seen by everybody.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from signalbot.observability.tallies import About, Labels


class SharedCounts:
    """As :class:`~signalbot.observability.tallies.Counts`."""

    def __init__(self, about: About, registry: CollectorRegistry) -> None:
        self._counter = Counter(about.name, about.help, about.labels, registry=registry)

    def note(self, note: Labels) -> None:
        (self._counter.labels(*note) if note else self._counter).inc()


class SharedDurations:
    """As :class:`~signalbot.observability.tallies.Durations`."""

    def __init__(self, about: About, bounds: Sequence[float], registry: CollectorRegistry) -> None:
        self._histogram = Histogram(
            about.name, about.help, about.labels, buckets=bounds, registry=registry
        )

    def note(self, note: tuple[float, Labels]) -> None:
        seconds, values = note
        (self._histogram.labels(*values) if values else self._histogram).observe(seconds)


class SharedLevels:
    """As :class:`~signalbot.observability.tallies.Levels`."""

    def __init__(self, about: About, registry: CollectorRegistry) -> None:
        self._gauge = Gauge(
            about.name,
            about.help,
            about.labels,
            registry=registry,
            multiprocess_mode="livemostrecent",
        )

    def note(self, note: tuple[Labels, float]) -> None:
        values, level = note
        self._gauge.labels(*values).set(level)
