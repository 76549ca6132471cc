"""Writes the frames of a phase to the websocket: as fast as it takes them, or paced."""

from __future__ import annotations

import socket
import time

from benchmarks.load_oracle import Oracle
from benchmarks.load_script import Sheet

_PIECE = 1 << 16
_SPIN = 0.002
"""The last seconds before a frame is due are spun away: a timer is not exact enough."""


class Pusher:
    """One phase's frames on their way; notes in the oracle when each was pushed."""

    def __init__(self, sheet: Sheet, oracle: Oracle) -> None:
        self._frames = sheet.frames
        self._rate = sheet.phase.rate
        self._oracle = oracle
        self._begun = time.monotonic()
        self._next = 0
        self._left = memoryview(b"")
        self.is_blocked = False
        if not self._rate:
            self._left = memoryview(b"".join(self._frames))
            self._next = len(self._frames)
            oracle.pushed[:] = [self._begun] * len(self._frames)

    @property
    def is_done(self) -> bool:
        return not self._left and self._next == len(self._frames)

    def patience(self) -> float:
        """Seconds in which there is nothing to push."""
        if self.is_done or self.is_blocked:
            return 1.0
        if self._left:
            return 0.0
        return max(0.0, self._due() - time.monotonic() - _SPIN)

    def push(self, line: socket.socket) -> bool:
        """Write a piece of what is due; False if there was none, or no room for it.

        The rest waits, so that replies are read in between.
        """
        if not self._left and self._next < len(self._frames):
            now = time.monotonic()
            if now < self._due():
                return False
            self._oracle.pushed[self._next] = now
            self._left = memoryview(self._frames[self._next])
            self._next += 1
        if not self._left:
            return False
        try:
            self._left = self._left[line.send(self._left[:_PIECE]) :]
            self.is_blocked = False
        except BlockingIOError:
            self.is_blocked = True
        return not self.is_blocked

    def _due(self) -> float:
        return self._begun + self._next / self._rate
