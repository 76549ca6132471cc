"""The pool's threads: how many there are, which sleep, when one more is worth it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

# Seconds: jobs shorter than this are done sooner by the worker at hand than by one more.
_SHORT = 0.000125

# A process that takes this share of the cores it may use has none left for one more thread.
_BUSY = 0.9
_KNOWS_ITS_CORES = hasattr(os, "sched_getaffinity")  # Linux


class Crew:
    """Up to ``size`` daemon threads, started when there is work for them.

    Not thread-safe: the pool calls it under its lock, but for ``start``, which takes it.
    """

    def __init__(
        self,
        size: int,
        work: Callable[[], None],
        on_error: Callable[[BaseException], None] | None,
    ) -> None:
        self._size = size
        self._work = work
        self._on_error = on_error
        self.threads: set[threading.Thread] = set()
        self.active = 0  # threads with a slot: those that run a job, and those that sleep
        self._gates: list[threading.Lock] = []  # of the sleeping ones; the last is the warmest
        self._number = 0
        self._cores = len(os.sched_getaffinity(0)) if _KNOWS_ITS_CORES else os.cpu_count() or 1
        # When progress was last noted, how much it was, and what CPU it had taken.
        self._looked_at = (0.0, 0, 0.0)

    @property
    def is_all_up(self) -> bool:
        """Whether nobody is left to call up."""
        return not self._gates and self.active >= self._size

    def call_up(self, wanted: int) -> int:
        """Wake so many sleepers; answers how many threads are to be started instead."""
        while wanted and self._gates:
            self._gates.pop().release()
            wanted -= 1
        missing = max(0, min(wanted, self._size - self.active))
        self.active += missing
        return missing

    def start(self, count: int, lock: threading.Lock) -> None:
        """Start the threads that ``call_up`` has counted; outside the lock."""
        for _ in range(count):
            with lock:
                self._number += 1
                name = f"signalbot-worker-{self._number}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self.threads.add(thread)
            try:
                thread.start()
            except RuntimeError as error:
                # No more threads: a limit, or 3.12 while the interpreter exits. The work stays
                # queued for the workers that live; with none left it is worth an alarm.
                with lock:
                    self.active -= 1
                    self.threads.discard(thread)
                    alone = not self.active
                if alone and self._on_error is not None:
                    self._on_error(error)

    def sleep(self, gate: threading.Lock, lock: threading.Lock) -> None:
        """Give up the lock until called up; each thread has a gate of its own, held when awake."""
        self._gates.append(gate)
        lock.release()
        gate.acquire()
        lock.acquire()

    def wake_all(self) -> None:
        """Wake every sleeper, to end."""
        while self._gates:
            self._gates.pop().release()

    def note_progress(self, finished: int) -> None:
        """Begin to watch how fast jobs are done."""
        self._looked_at = (time.monotonic(), finished, time.process_time())

    def worth_adding(self, finished: int) -> int:
        """How many more to call up, given how many jobs have been finished in all.

        None while jobs are very short, or are done and leave no core idle: more threads would
        only take turns, and each takes 50 KB. Else as many as are awake, and three times as many
        if nothing is done yet, so that a burst of slow handlers has everybody in a few steps."""
        since, before, cpu = self._looked_at
        self.note_progress(finished)
        now, _, cpu_now = self._looked_at
        awake, done, passed = self.active - len(self._gates), finished - before, now - since
        if done and (
            done * _SHORT > passed * awake or cpu_now - cpu > passed * self._cores * _BUSY
        ):
            return 0
        return max(1, awake if done else 3 * awake)
