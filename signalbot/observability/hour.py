"""What the last hour was like: events, waiting times, queue, in slots of ten seconds."""

from __future__ import annotations

import threading
from dataclasses import dataclass

SLOT = 10.0
SLOTS = 360


@dataclass
class Slot:
    """Ten seconds.

    Attributes:
        events: how many were begun.
        waited: the longest time from an event's arrival to its handler, in seconds.
        queued: the most events that waited for a worker.
    """

    events: int = 0
    waited: float = 0.0
    queued: int = 0


class Hour:
    """Filled by workers, read by whoever draws it; older slots are forgotten."""

    def __init__(self) -> None:
        # Guards _slots; held for a few additions.
        self._lock = threading.Lock()
        self._slots: dict[int, Slot] = {}

    def note_event(self, now: float, waited: float) -> None:
        """An event has come to its handler, so long after it arrived."""
        with self._lock:
            slot = self._slot(now)
            slot.events += 1
            slot.waited = max(slot.waited, waited)

    def note_queue(self, now: float, queued: int) -> None:
        """So many wait for a worker at this moment."""
        with self._lock:
            slot = self._slot(now)
            slot.queued = max(slot.queued, queued)

    def slots(self, now: float) -> list[Slot | None]:
        """The slots up to now, oldest first; None for those in which nothing was noted."""
        last = int(now // SLOT)
        with self._lock:
            return [self._slots.get(number) for number in range(last - SLOTS + 1, last + 1)]

    def _slot(self, now: float) -> Slot:
        number = int(now // SLOT)
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = Slot()
            for old in [each for each in self._slots if each <= number - SLOTS]:
                del self._slots[old]
        return slot
