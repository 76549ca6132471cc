"""Prometheus metrics on a registry of the bot's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters and gauges by Prometheus' conventions; labels are bounded, never a person's.

    Children of labelled metrics are kept: ``labels()`` costs three times what ``inc()`` does.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.frames = _Children(
            Counter(
                "signalbot_frames_received_total",
                "Frames that came in, by the way they came.",
                ["source"],
                registry=registry,
            )
        )
        self.outcomes = _Children(
            Counter(
                "signalbot_events_total",
                "Events that came out of the inbox, by what became of them.",
                ["outcome"],
                registry=registry,
            )
        )
        self.inbox_events = _Children(
            Counter(
                "signalbot_inbox_events_total",
                "What the inbox did besides storing: duplicate, shed, unreadable, undurable.",
                ["event"],
                registry=registry,
            )
        )
        self.handler_seconds = Histogram(
            "signalbot_handler_seconds",
            "Seconds that handlers ran, waiting for answers not counted.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.requests = _Children(
            Counter(
                "signalbot_requests_total",
                "Calls to the server, by family and outcome.",
                ["family", "outcome"],
                registry=registry,
            )
        )
        self.request_seconds = _Children(
            Histogram(
                "signalbot_request_seconds",
                "Seconds that calls to the server took.",
                ["family"],
                buckets=_SECONDS,
                registry=registry,
            )
        )
        self.breaker_open = _Children(
            Gauge(
                "signalbot_breaker_open",
                "1 while the circuit breaker of a family is open, 0.5 while it probes.",
                ["family"],
                registry=registry,
            )
        )
        self.connections = Counter(
            "signalbot_connections_total", "Connections that were opened.", registry=registry
        )
        self.connected = Gauge(
            "signalbot_connected", "1 while the bot is receiving.", registry=registry
        )
        self.stuck = Counter(
            "signalbot_handlers_stuck_total", "Handlers that were given up on.", registry=registry
        )

    def observe_request(self, family: str, outcome: str, seconds: float) -> None:
        """One call to the server has ended."""
        self.requests(family, outcome).inc()
        self.request_seconds(family).observe(seconds)

    def add_gauges(self, read: Callable[[], dict[str, float]]) -> None:
        """Add gauges that are read when somebody scrapes: ``signalbot_<name>``."""
        self.registry.register(_LazyGauges(read))

    def text(self) -> bytes:
        """The exposition that Prometheus reads."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


class _Children:
    """A labelled metric with its children kept."""

    def __init__(self, metric: Any) -> None:
        self._metric = metric
        self._children: dict[tuple[str, ...], Any] = {}

    def __call__(self, *labels: str) -> Any:
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._metric.labels(*labels)
        return child


class _LazyGauges(Collector):
    def __init__(self, read: Callable[[], dict[str, float]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        for name, value in self._read().items():
            yield GaugeMetricFamily(f"signalbot_{name}", name.replace("_", " "), value=value)

    def describe(self) -> Iterable[Metric]:
        return ()
