"""What Prometheus reads: the tallies and the numbers of a bot, on a registry of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from signalbot.observability.tallies import Counts, Durations, Numbers, Tally

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


class _Collector(Collector):
    """Asked for nothing but its samples: ``describe`` would ask for them once more."""

    def describe(self) -> Iterable[Metric]:
        return ()


class TallyCollector(_Collector):
    """One tally as the metric that it is."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        tally = self._tally
        name, words, labels = tally.about.name, tally.about.help, tally.about.labels
        if isinstance(tally, Counts):
            counter = CounterMetricFamily(name, words, labels=labels)
            for values, count in tally.totals().items():
                counter.add_metric(values, count)
            yield counter
        elif isinstance(tally, Durations):
            histogram = HistogramMetricFamily(name, words, labels=labels)
            for values, (buckets, total) in tally.totals().items():
                histogram.add_metric(values, list(_cumulated(tally.bounds, buckets)), total)
            yield histogram
        else:
            gauge = GaugeMetricFamily(name, words, labels=labels)
            for values, level in tally.totals().items():
                gauge.add_metric(values, level)
            yield gauge


class NumbersCollector(_Collector):
    """Numbers that are read when somebody scrapes: ``signalbot_<name>``."""

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


def _cumulated(bounds: Sequence[float], buckets: Sequence[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*bounds, float("inf")), buckets, strict=True):
        total += count
        yield ("+Inf" if bound == float("inf") else str(bound)), total
