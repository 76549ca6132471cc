"""Handlers that take too long: told, then given up on."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from signalbot.routing.options import Inherit
from signalbot.runtime.lanes import Run
from signalbot.runtime.loop import LoopThread
from signalbot.runtime.worker_pool import WorkerPool

# Seconds between the deadline and giving up, at most; less for a short deadline.
_PATIENCE = 10.0


class Watchdog:
    """Looks at the running handlers while there are any, on the loop.

    After ``handler_timeout`` seconds (parked time not counted) a run is marked expired: calls
    into the library raise HandlerTimeout in that handler. Up to ten seconds later its chat is
    freed and its thread replaced, for a thread cannot be killed. Nothing is timed while nothing
    runs, so an idle bot has no wake-ups from here.
    """

    def __init__(
        self,
        loop: LoopThread,
        pool: WorkerPool,
        *,
        handler_timeout: float | None,
        on_expired: Callable[[Run, str], None],
        on_stuck: Callable[[Run, str], None],
    ) -> None:
        self._loop = loop
        self._pool = pool
        self._timeout = handler_timeout
        self._on_expired = on_expired
        self._on_stuck = on_stuck
        self._armed = False

    def arm(self) -> None:
        """Begin to look; called on the loop whenever work arrives."""
        if not self._armed:
            self._armed = True
            self._loop.call_later(min(1.0, (self._timeout or 4.0) / 4), self._look)

    def _look(self) -> None:
        self._armed = False
        running = self._pool.running()
        now = time.monotonic()
        for run in running:
            self._judge(run, run.age(now))
        counts = self._pool.counts()
        if counts["running"] or counts["queued"] or counts["parked"]:
            self.arm()

    def _judge(self, run: Run, age: float) -> None:
        own = run.timeout
        timeout: float | None = self._timeout if isinstance(own, Inherit) else own
        if timeout is None or age < timeout:
            return
        if not run.expired:
            run.expired = True
            self._on_expired(run, stack_of(run))
        elif age >= timeout + min(timeout, _PATIENCE):
            stack = stack_of(run)
            if self._pool.abandon(run):
                self._on_stuck(run, stack)


def stack_of(run: Run) -> str:
    """Where the handler's thread is now, as a traceback text; empty if it has ended."""
    frames: dict[int, Any] = sys._current_frames()
    frame = frames.get(run.thread)
    return "" if frame is None else "".join(traceback.format_stack(frame))
