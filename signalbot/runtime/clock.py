"""What time it is, and how to wait for later: the one place where a bot asks."""

from __future__ import annotations

import threading
import time as real
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from signalbot.runtime.loop import LoopThread


class Cancellable(Protocol):
    """A call that is due later."""

    def cancel(self) -> None: ...


class Clock:
    """The real time. Tests put a clock of their own into :class:`Seams`.

    Everything that a user can see waiting goes by it: the deadlines of ``ask()``, the delays of
    retries, typing indicators, jobs. What only keeps the machinery going (commits, connections,
    time-outs of requests) does not: a test that moves the clock must not break those.
    """

    # An answer that arrived in time may still be on its way through inbox and loop when the
    # deadline of its question passes; it is waited for this much longer, and judged by the time
    # of its arrival.
    transit = 0.25

    # The functions themselves, so that asking costs no more than without a clock.
    time = staticmethod(real.time)
    monotonic = staticmethod(real.monotonic)

    def event(self) -> threading.Event:
        """A flag to wait for, with a timeout by this clock."""
        return threading.Event()

    def call_later(
        self, loop: LoopThread, delay: float, function: Callable[..., None], *args: Any
    ) -> Cancellable:
        """Have the loop call a function after some seconds. From any thread."""
        return loop.call_later(delay, function, *args)
