"""Frames that wait for the inbox's thread, in memory that goes back to the system at once.

A burst comes faster than it can be recorded. Kept as objects of their own, its 5,000 frames left
3 MB behind, in pools and heaps with one small thing alive in each.
"""

from __future__ import annotations

import mmap
from array import array
from collections import deque

from signalbot.infrastructure.inbox_recorder import Incoming
from signalbot.infrastructure.segments import SOURCE_CODES, SOURCES

_FEED = SOURCE_CODES["feed"]

_FEW = 64
"""So many frames stay what they are: mapping memory takes as long as copying a hundred."""

_CHUNK = 2**18


class Pile:
    """First in, first out; whoever shares one holds a lock."""

    def __init__(self) -> None:
        self._few: list[bytes] = []
        self._chunks: deque[mmap.mmap] = deque()
        self._sizes = array("Q")
        self._times = array("d")
        self._sources = bytearray()
        self._end = 0  # of what is in the last chunk
        self._start = 0  # of what is left in the first
        self._taken = 0

    def __len__(self) -> int:
        return len(self._sizes) - self._taken

    def append(self, raw: bytes, received_at: float, source: str) -> None:
        """Put a frame on it."""
        if len(self._sizes) < _FEW:
            self._few.append(raw)
        else:
            self._store(raw)  # first, as there may be no memory for it
        self._sizes.append(len(raw))
        self._times.append(received_at)
        self._sources.append(SOURCE_CODES.get(source, _FEED))

    def take(self, count: int) -> list[Incoming]:
        """The oldest frames, at most so many; they are gone from it then."""
        first = self._taken
        self._taken = last = min(first + count, len(self._sizes))
        taken: list[Incoming] = []
        for index in range(first, last):
            raw = self._few[index] if index < _FEW else self._cut(self._sizes[index])
            source = SOURCES[self._sources[index]]
            taken.append((raw, self._times[index], source, None, 0))
        if not self:
            self._release(len(self._chunks))
        return taken

    def _store(self, raw: bytes) -> None:
        size = len(raw)
        if not self._chunks or self._end + size > len(self._chunks[-1]):
            self._chunks.append(mmap.mmap(-1, max(size, _CHUNK)))
            self._end = 0
        end = self._end + size
        self._chunks[-1][self._end : end] = raw
        self._end = end

    def _cut(self, size: int) -> bytes:
        if self._start + size > len(self._chunks[0]):
            self._release(1)
        start = self._start
        self._start = start + size
        return self._chunks[0][start : self._start]

    def _release(self, count: int) -> None:
        for _ in range(count):
            self._chunks.popleft().close()
        self._start = 0
