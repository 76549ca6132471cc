"""Prometheus metrics on a registry of the bot's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from signalbot.observability.multiprocess import counts, durations

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0)


Numbers = dict[str, "float | Mapping[str, float]"]

_HELP = {
    "connected": "1 while frames can arrive.",
    "last_frame_timestamp_seconds": "When the last frame came, since the epoch; 0 before.",
    "inbox_pending": "Events in the inbox that are not handled yet.",
    "inbox_spilled": "Of these, the ones that are on disk only, above max_queued.",
    "inbox_bytes": "What the inbox takes on disk.",
    "inbox_durable": "1 while events are stored before they are handled.",
    "inbox_frames": "Frames, by what the inbox did with them.",
    "inbox_shed": "Events given up because the inbox was full, by kind.",
    "dead_letters": "Events that were given up and can be replayed.",
    "queue_depth": "Events that wait for a worker.",
    "handlers_running": "Handlers that run now.",
    "conversations_parked": "Handlers that wait for an answer.",
}


class Metrics:
    """Counters and gauges by Prometheus' conventions; labels are bounded, never a person's.

    Children of labelled metrics are kept: ``labels()`` costs three times what ``inc()`` does.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.outcomes = counts(
            "signalbot_events_total",
            "Events that came out of the inbox, by what became of them.",
            ["outcome"],
            registry,
        )
        self.inbox_events = _Children(
            Counter(
                "signalbot_inbox_events_total",
                "What happened to the intake: undurable, durable, damaged, oversize.",
                ["event"],
                registry=registry,
            )
        )
        self.handler_seconds = durations(
            "signalbot_handler_seconds",
            "Seconds that handlers ran, waiting for answers not counted.",
            (),
            _SECONDS,
            registry,
        )
        self.requests = counts(
            "signalbot_requests_total",
            "Calls to the server, by family and outcome.",
            ["family", "outcome"],
            registry,
        )
        self.request_seconds = durations(
            "signalbot_request_seconds",
            "Seconds that calls to the server took.",
            ["family"],
            _SECONDS,
            registry,
        )
        self.breaker_open = _Children(
            Gauge(
                "signalbot_breaker_open",
                "1 while the circuit breaker of a family is open, 0.5 while it probes.",
                ["family"],
                registry=registry,
                multiprocess_mode="livemostrecent",
            )
        )
        self.connections = Counter(
            "signalbot_connections_total", "Connections that were opened.", registry=registry
        )
        self.stuck = Counter(
            "signalbot_handlers_stuck_total", "Handlers that were given up on.", registry=registry
        )
        self._followers: tuple[Callable[[str, str, float], None], ...] = ()

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
        self.registry.register(_LazyNumbers(read))

    def text(self) -> bytes:
        """The exposition that Prometheus reads: the metrics of this process."""
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
            title, words = f"signalbot_{name}", _HELP.get(name, name.replace("_", " "))
            if not isinstance(value, Mapping):
                yield GaugeMetricFamily(title, words, value=value)
                continue
            family = CounterMetricFamily(title, words, labels=["kind"])
            for kind, count in value.items():
                family.add_metric([kind], count)
            yield family

    def describe(self) -> Iterable[Metric]:
        return ()
