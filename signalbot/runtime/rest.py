"""Waiting until the work that a lock guards has come to rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Rest:
    """A condition that costs those who work nothing while nobody waits for it."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._changed = threading.Condition(lock)
        self._watchers = 0
        self.is_watched = False  # asked under the lock, after every job: cheaper than a call

    def changed(self) -> None:
        """Under the lock: let those who wait look again."""
        if self.is_watched:
            self._changed.notify_all()

    def look(self, question: Callable[[], T]) -> T:
        """What the question answers under the lock."""
        with self._lock:
            return question()

    def wait(self, condition: Callable[[], bool], deadline: float) -> bool:
        """Wait until it is true under the lock (monotonic seconds); False if late."""
        with self._lock:
            self._watchers += 1
            self.is_watched = True
            try:
                while not condition():
                    left = deadline - time.monotonic()
                    if left <= 0:
                        return False
                    self._changed.wait(left)
                return True
            finally:
                self._watchers -= 1
                self.is_watched = self._watchers > 0
