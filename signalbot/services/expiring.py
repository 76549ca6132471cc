"""A bounded memory for what may be old after a while."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Expiring(Generic[V]):
    """Values that are fresh for ``ttl`` seconds; the ones not used for longest go first.

    ``_lock`` is held for single steps only, never while somebody fetches.
    """

    def __init__(
        self, ttl: float, *, size: int = 10_000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._ttl = ttl
        self._size = size
        self._now = now
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[V, float]] = OrderedDict()

    def put(self, key: Hashable, value: V) -> None:
        with self._lock:
            self._entries[key] = value, self._now() + self._ttl
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def fresh(self, key: Hashable) -> tuple[V] | None:
        """The value in a tuple, as None may be one; None if there is none or it is old."""
        with self._lock:
            found = self._entries.get(key)
            if found is None or self._now() >= found[1]:
                return None
            self._entries.move_to_end(key)
            return (found[0],)

    def stale(self, key: Hashable) -> tuple[V] | None:
        """The value in a tuple, however old."""
        with self._lock:
            found = self._entries.get(key)
            return None if found is None else (found[0],)

    def expire(self, key: Hashable | None = None) -> None:
        """Make one value old, or all of them."""
        with self._lock:
            for each in (key,) if key is not None else tuple(self._entries):
                if each in self._entries:
                    self._entries[each] = self._entries[each][0], float("-inf")
