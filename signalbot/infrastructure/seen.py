"""Remembers which frames were recorded within the last day."""

from __future__ import annotations

import struct
from array import array
from collections import deque

_HEADER = struct.Struct("<d")

MAX_KEYS = 1_000_000
"""About 70 MB at the most; beyond, the oldest keys are forgotten before their day is over."""

BUCKET = 3600.0
"""Keys are forgotten by the hour, so a key lives up to an hour longer than asked."""


class SeenKeys:
    """A set of 8-byte keys that forgets what is older than ``keep_for`` seconds.

    One dict answers; the buckets only know what to take out of it again. It is no set, as that
    grows fourfold: 5,000 keys took 512 KB. Touched by the inbox thread alone.

    Attributes:
        keys: the keys, for a loop that cannot afford a method call per frame; whoever adds to
            them calls :meth:`date` for the same keys afterwards.
    """

    def __init__(self, keep_for: float, max_keys: int = MAX_KEYS) -> None:
        self._keep_for = keep_for
        self._max_keys = max_keys
        self.keys: dict[int, None] = {}
        self._buckets: deque[tuple[float, array[int]]] = deque()

    def __len__(self) -> int:
        return len(self.keys)

    def date(self, keys: array[int], now: float) -> None:
        """Say when keys came; later calls have later times."""
        buckets = self._buckets
        if not buckets or abs(now - buckets[-1][0]) >= BUCKET:
            buckets.append((now, array("Q")))
        buckets[-1][1].extend(keys)

    def add_all(self, keys: array[int], when: float) -> None:
        """Remember what an earlier process stored."""
        self.keys.update(dict.fromkeys(keys))
        self.date(keys, when)

    def discard(self, key: int) -> None:
        """Forget a key whose frame was not stored after all."""
        self.keys.pop(key, None)

    def forget_old(self, now: float) -> None:
        """Drop the buckets that are past their time, or above the limit."""
        buckets = self._buckets
        while buckets and (
            # The newest key of a bucket is up to an hour younger than its start.
            now - buckets[0][0] > self._keep_for + BUCKET
            or (len(self.keys) > self._max_keys and len(buckets) > 1)
        ):
            self._drop(buckets.popleft()[1])
        if len(self.keys) > self._max_keys and buckets:
            start, keys = buckets[0]
            half = len(keys) // 2
            self._drop(keys[:half])
            buckets[0] = (start, keys[half:])

    def _drop(self, keys: array[int]) -> None:
        for key in keys:
            self.keys.pop(key, None)


def pack_keys(keys: array[int], when: float) -> bytes:
    """One row of keys whose frames have left the inbox."""
    return _HEADER.pack(when) + keys.tobytes()


def unpack_keys(row: bytes) -> tuple[float, array[int]]:
    """The time and the keys of such a row.

    Raises:
        ValueError: if it is no such row.
    """
    if len(row) < _HEADER.size:
        raise ValueError("a row of seen keys is cut short")
    keys: array[int] = array("Q")
    keys.frombytes(row[_HEADER.size :])
    return _HEADER.unpack_from(row)[0], keys
