"""Metrics that take next to nothing to note, for what happens with every message.

``inc()`` of prometheus_client takes 2 µs, ``observe()`` 5: each takes a lock and walks through
checks or buckets. Both twice a message were a tenth of what a message costs (measured: 230 µs of
CPU with them, 210 without). Here a note is appended to a deque, which is atomic, and counted later
with many others.

Nor is prometheus_client imported here: with the HTTP server and the mail parser that it brings
along it takes 3 MB, which a bot whose metrics nobody reads need not have. What reads the tallies is
:mod:`signalbot.observability.exposition`.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_AT_ONCE = 128  # notes that are kept before somebody counts them

Labels = tuple[str, ...]
Note = TypeVar("Note")


@dataclass(frozen=True)
class About:
    """A metric's name, its words, and the names of its labels."""

    name: str
    help: str
    labels: Sequence[str] = ()


class _Tally(Generic[Note]):
    """Notes, and the lock of whoever counts them; those who note take no lock."""

    def __init__(self, about: About) -> None:
        self.about = about
        self._notes: deque[Note] = deque()
        self._lock = threading.Lock()

    def note(self, note: Note) -> None:
        self._notes.append(note)
        if len(self._notes) >= _AT_ONCE:
            with self._lock:
                self._count_all()

    def _count_all(self) -> None:
        """Under the lock."""
        notes = self._notes
        self._count([notes.popleft() for _ in range(len(notes))])

    def _count(self, notes: list[Note]) -> None:
        raise NotImplementedError


class Counts(_Tally[Labels]):
    """A counter; a note is the values of its labels."""

    def __init__(self, about: About) -> None:
        super().__init__(about)
        self._counts: dict[Labels, int] = defaultdict(int)
        if not about.labels:  # there from the start, as with prometheus_client
            self._counts[()] = 0

    def totals(self) -> dict[Labels, int]:
        """How often each was noted."""
        with self._lock:
            self._count_all()
            return dict(self._counts)

    def _count(self, notes: list[Labels]) -> None:
        counts = self._counts
        for note in notes:
            counts[note] += 1


class Durations(_Tally[tuple[float, Labels]]):
    """A histogram of seconds; a note is the seconds with the labels' values."""

    def __init__(self, about: About, bounds: Sequence[float]) -> None:
        super().__init__(about)
        self.bounds = bounds
        self._buckets: dict[Labels, list[int]] = defaultdict(lambda: [0] * (len(bounds) + 1))
        self._sums: dict[Labels, float] = defaultdict(float)
        if not about.labels:
            self._buckets[()][0] = 0

    def totals(self) -> dict[Labels, tuple[list[int], float]]:
        """How many seconds fell between the bounds, and their sum."""
        with self._lock:
            self._count_all()
            return {
                values: (list(buckets), self._sums[values])
                for values, buckets in self._buckets.items()
            }

    def _count(self, notes: list[tuple[float, Labels]]) -> None:
        buckets, sums, bounds = self._buckets, self._sums, self.bounds
        for seconds, values in notes:
            buckets[values][bisect_left(bounds, seconds)] += 1
            sums[values] += seconds


class Levels:
    """A gauge; a note is the labels' values with the level that holds from now on."""

    def __init__(self, about: About) -> None:
        self.about = about
        self._levels: dict[Labels, float] = {}

    def note(self, note: tuple[Labels, float]) -> None:
        values, level = note
        self._levels[values] = level

    def totals(self) -> dict[Labels, float]:
        """The last level of each."""
        return dict(self._levels)


Tally = Counts | Durations | Levels

Numbers = dict[str, "float | Mapping[str, float]"]
"""What is read when somebody scrapes, by name; numbers by kind are a counter."""
