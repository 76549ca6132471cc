"""A storage in this process's memory: gone with it, and shared with no other."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from signalbot.infrastructure.storage.base import KEEP, Life, Storage

_SWEEP_EVERY = 60.0


class MemoryStorage(Storage):
    """For tests, and for state that may be lost.

    Values are kept as JSON text, so that they are copies, as with every other engine.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        # Both guarded by _guard: place -> text or token, and when that is over.
        self._texts: dict[str, tuple[str, float]] = {}
        self._locks: dict[str, tuple[str, float]] = {}
        self._swept = clock()

    def __repr__(self) -> str:
        return f"<MemoryStorage {len(self._texts)} values>"

    def close(self) -> None:
        """Nothing: there is no connection, and the values stay."""

    def _read(self, place: str) -> str | None:
        with self._guard:
            return self._present(place)

    def _write(self, place: str, text: str, ttl: float | None) -> None:
        with self._guard:
            self._sweep()
            self._texts[place] = (text, self._end(ttl))

    def _swap(self, place: str, old: str | None, new: str, ttl: Life) -> bool:
        with self._guard:
            if self._present(place) != old:
                return False
            self._sweep()
            if ttl is KEEP:
                end = self._texts[place][1] if old is not None else math.inf
            else:
                end = self._end(ttl)
            self._texts[place] = (new, end)
            return True

    def _remove(self, place: str) -> bool:
        with self._guard:
            is_there = self._present(place) is not None
            self._texts.pop(place, None)
            return is_there

    def _list(self, prefix: str) -> list[str]:
        with self._guard:
            return self._matching(prefix)

    def _remove_all(self, prefix: str) -> int:
        with self._guard:
            found = self._matching(prefix)
            for place in found:
                del self._texts[place]
            return len(found)

    def _take_lock(self, place: str, token: str, lease: float) -> bool:
        with self._guard:
            if place in self._locks and self._locks[place][1] > self._clock():
                return False
            self._locks[place] = (token, self._end(lease))
            return True

    def _extend_lock(self, place: str, token: str, lease: float) -> bool:
        with self._guard:
            if self._locks.get(place, ("",))[0] != token:
                return False
            self._locks[place] = (token, self._end(lease))
            return True

    def _release_lock(self, place: str, token: str) -> bool:
        with self._guard:
            if self._locks.get(place, ("",))[0] != token:
                return False
            del self._locks[place]
            return True

    def _present(self, place: str) -> str | None:
        text, end = self._texts.get(place, (None, 0.0))
        return text if end > self._clock() else None

    def _matching(self, prefix: str) -> list[str]:
        now = self._clock()
        return [
            place
            for place, (_, end) in self._texts.items()
            if end > now and place.startswith(prefix)
        ]

    def _end(self, ttl: float | None) -> float:
        return math.inf if ttl is None else self._clock() + ttl

    def _sweep(self) -> None:
        """Now and then forget what has expired: nobody may ever ask for it again."""
        now = self._clock()
        if now - self._swept < _SWEEP_EVERY:
            return
        self._swept = now
        for rows in (self._texts, self._locks):
            for place in [place for place, (_, end) in rows.items() if end <= now]:
                del rows[place]
