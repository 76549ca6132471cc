"""Prometheus metrics on a registry of the bot's own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from signalbot.observability.tallies import About, Counts, Durations, Levels, Numbers, Tally

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from signalbot.observability.multiprocess import SharedCounts, SharedDurations, SharedLevels

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0)

T = TypeVar("T", Counts, Durations, Levels)


class Metrics:
    """Counters and gauges by Prometheus' conventions; labels are bounded, never a person's.

    They are counted in memory, and shown on a registry that is made, as prometheus_client is
    imported, when somebody first asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: list[Tally] = []
        self._reads: list[Callable[[], Numbers]] = []
        self._registry: CollectorRegistry | None = None
        self._followers: tuple[Callable[[str, str, float], None], ...] = ()
        self._is_shared = is_multiprocess()
        self.outcomes = self._counts(
            "events_total", "Events that came out of the inbox, by what became of them.", "outcome"
        )
        self.inbox_events = self._counts(
            "inbox_events_total",
            "What happened to the intake: undurable, durable, damaged, oversize.",
            "event",
        )
        self.handler_seconds = self._durations(
            "handler_seconds", "Seconds that handlers ran, waiting for answers not counted."
        )
        self.requests = self._counts(
            "requests_total", "Calls to the server, by family and outcome.", "family", "outcome"
        )
        self.request_seconds = self._durations(
            "request_seconds", "Seconds that calls to the server took.", "family"
        )
        self.breaker_open = self._levels(
            "breaker_open",
            "1 while the circuit breaker of a family is open, 0.5 while it probes.",
            "family",
        )
        self.connections = self._counts("connections_total", "Connections that were opened.")
        self.stuck = self._counts("handlers_stuck_total", "Handlers that were given up on.")

    @property
    def registry(self) -> CollectorRegistry:
        """The bot's registry, to be shown with others or scraped by itself."""
        with self._lock:
            return self._shown()

    def observe_request(self, family: str, outcome: str, seconds: float) -> None:
        """One call to the server has ended."""
        self.requests.note((family, outcome))
        self.request_seconds.note((seconds, (family,)))
        for follower in self._followers:
            follower(family, outcome, seconds)

    def follow_requests(self, follower: Callable[[str, str, float], None]) -> None:
        """Call it with family, outcome and seconds after each request, in its thread."""
        self._followers = (*self._followers, follower)

    def add_gauges(self, read: Callable[[], Numbers]) -> None:
        """Add numbers that are read when somebody scrapes: ``signalbot_<name>``.

        A number by itself is a gauge; numbers by kind are a counter with that label."""
        with self._lock:
            self._reads.append(read)
            if self._registry is not None:
                from signalbot.observability.exposition import NumbersCollector

                self._registry.register(NumbersCollector(read))

    def text(self) -> bytes:
        """The exposition that Prometheus reads: the metrics of this process."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)

    def _shown(self) -> CollectorRegistry:
        if self._registry is None:
            from prometheus_client import CollectorRegistry

            from signalbot.observability.exposition import NumbersCollector, TallyCollector

            registry = CollectorRegistry()
            for tally in self._tallies:
                registry.register(TallyCollector(tally))
            for read in self._reads:
                registry.register(NumbersCollector(read))
            self._registry = registry
        return self._registry

    def _counts(self, name: str, help: str, *labels: str) -> Counts | SharedCounts:
        about = About(f"signalbot_{name}", help, labels)
        if self._is_shared:
            from signalbot.observability.multiprocess import SharedCounts

            return SharedCounts(about, self._shown())
        return self._kept(Counts(about))

    def _durations(self, name: str, help: str, *labels: str) -> Durations | SharedDurations:
        about = About(f"signalbot_{name}", help, labels)
        if self._is_shared:
            from signalbot.observability.multiprocess import SharedDurations

            return SharedDurations(about, _SECONDS, self._shown())
        return self._kept(Durations(about, _SECONDS))

    def _levels(self, name: str, help: str, *labels: str) -> Levels | SharedLevels:
        about = About(f"signalbot_{name}", help, labels)
        if self._is_shared:
            from signalbot.observability.multiprocess import SharedLevels

            return SharedLevels(about, self._shown())
        return self._kept(Levels(about))

    def _kept(self, tally: T) -> T:
        self._tallies.append(tally)
        return tally


def is_multiprocess() -> bool:
    """Whether prometheus_client keeps its numbers in files."""
    return any(
        name in os.environ for name in ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")
    )
