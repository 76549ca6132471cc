"""Prometheus metrics on a registry of the bot's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0)


Numbers = dict[str, "float | Mapping[str, float]"]


class Metrics:
    """Counters and gauges by Prometheus' conventions; labels are bounded, never a person's.

    Children of labelled metrics are kept: ``labels()`` costs three times what ``inc()`` does.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
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
                "What happened to the intake: undurable, durable, damaged, oversize.",
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

    def add_gauges(self, read: Callable[[], Numbers]) -> None:
        """Add numbers that are read when somebody scrapes: ``signalbot_<name>``.

        A number by itself is a gauge; numbers by kind are a counter with that label."""
        self.registry.register(_LazyNumbers(read))

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


class _LazyNumbers(Collector):
    def __init__(self, read: Callable[[], Numbers]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        for name, value in self._read().items():
            title, words = f"signalbot_{name}", name.replace("_", " ")
            if not isinstance(value, Mapping):
                yield GaugeMetricFamily(title, words, value=value)
                continue
            family = CounterMetricFamily(title, words, labels=["kind"])
            for kind, count in value.items():
                family.add_metric([kind], count)
            yield family

    def describe(self) -> Iterable[Metric]:
        return ()
