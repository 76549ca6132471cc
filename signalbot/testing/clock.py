"""A clock that stands still until a test moves it."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from signalbot.routing.schedules import seconds_of
from signalbot.runtime.clock import Clock

if TYPE_CHECKING:
    from signalbot.runtime.loop import LoopThread

# Real seconds for what one moment of the clock sets off on threads that are not a chat's.
_PATIENCE = 5.0
# Floats: what is due within a microsecond is due.
_NOW = 1e-6


class FakeClock(Clock):
    """The time of a bot under test; it moves with :meth:`advance` and never by itself.

    ```python
    def test_nobody_answers(chat, clock):
        chat.say("/order")
        clock.advance("5m")
        assert chat.replies == ["How many pizzas?", "Maybe later, then."]
    ```

    Deadlines of questions, delays of retries, refreshes of typing indicators, jobs and limits go
    by it. ``time.sleep()`` in a handler does not, nor do time-outs of requests to the server.

    Args:
        start: the first moment, as datetime or seconds since the epoch; now, if left out.
    """

    transit = 0.0  # an answer that is on its way has arrived before the clock moves on

    def __init__(self, start: float | dt.datetime | None = None) -> None:
        if isinstance(start, dt.datetime):
            start = start.timestamp()
        self._start = time.time() if start is None else float(start)
        # Guards everything below, and wakes the events. Nothing is called while it is held.
        self._changed = threading.Condition()
        self._elapsed = 0.0
        self._timers: list[_Timer] = []
        self._sleepers: dict[_Event, float] = {}
        self._awake: set[_Event] = set()  # their threads do what a deadline woke them for
        self._order = itertools.count()
        self._steps: list[Callable[[], AbstractContextManager[None]]] = []
        self._checks: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"<FakeClock {self.now.isoformat()}>"

    @property
    def now(self) -> dt.datetime:
        """The present moment, in UTC."""
        return dt.datetime.fromtimestamp(self.time(), dt.timezone.utc)

    def advance(self, by: float | str | dt.timedelta) -> None:
        """Let time pass: ``"5m"``, ``"1h30m"``, seconds, or a timedelta.

        Everything that falls due meanwhile happens in order, each at its own moment, and what it
        sets off is done when this returns.

        Raises:
            TimeoutError: something that was set off is not done after five real seconds.
            BaseException: what a handler or job raised meanwhile, the original error."""
        seconds = seconds_of(by)
        if seconds < 0:
            raise ValueError("time does not go backwards")
        self._travel(self._elapsed + seconds)

    def advance_to(self, moment: dt.datetime) -> None:
        """Let time pass until then; a naive datetime is local time."""
        seconds = moment.timestamp() - self.time()
        if seconds < -_NOW:
            raise ValueError(f"{moment} is past: it is {self.now} already")
        self._travel(self._elapsed + max(0.0, seconds))

    # -- what the bot asks -----------------------------------------------------------------

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._start + self._elapsed

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self._elapsed

    def event(self) -> threading.Event:
        event = _Event(self)
        with self._changed:
            self._awake.add(event)  # until its thread waits for the first time
        return event

    def call_later(
        self, loop: LoopThread, delay: float, function: Callable[..., None], *args: Any
    ) -> _Timer:
        with self._changed:
            due = self._elapsed + max(0.0, delay)
            timer = _Timer(self, due, next(self._order), lambda: call_on(loop, function, *args))
            self._timers.append(timer)
        return timer

    # -- what a chat asks --------------------------------------------------------------------

    def accompany(
        self, step: Callable[[], AbstractContextManager[None]], check: Callable[[], None]
    ) -> None:
        """Have each step of time made in a ``with step():``, and ``check`` called at the end."""
        self._steps.append(step)
        self._checks.append(check)

    def leave_alone(
        self, step: Callable[[], AbstractContextManager[None]], check: Callable[[], None]
    ) -> None:
        """Undo :meth:`accompany`."""
        self._steps.remove(step)
        self._checks.remove(check)

    # -- moving --------------------------------------------------------------------------------

    def _travel(self, target: float) -> None:
        self._wait_until_all_wait()
        while (due := self._next_due()) <= target + _NOW:
            with contextlib.ExitStack() as around:
                for step in self._steps:
                    around.enter_context(step())
                self._arrive_at(due)
        with self._changed:
            self._elapsed = max(self._elapsed, target)
        for check in list(self._checks):
            check()

    def _next_due(self) -> float:
        with self._changed:
            times = [*(timer.due for timer in self._timers), *self._sleepers.values()]
            return min(times, default=float("inf"))

    def _arrive_at(self, moment: float) -> None:
        """Be there, and have everything happen that is due then."""
        with self._changed:
            self._elapsed = max(self._elapsed, moment)
            due = sorted(timer for timer in self._timers if timer.due <= self._elapsed + _NOW)
            self._timers = [timer for timer in self._timers if timer not in due]
            woken = [each for each, at in self._sleepers.items() if at <= self._elapsed + _NOW]
            for event in woken:
                del self._sleepers[event]
            self._awake.update(woken)
            self._changed.notify_all()
        for timer in due:
            timer.fire()
        self._wait_until_all_wait()

    def _wait_until_all_wait(self) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: not self._awake, _PATIENCE):
                raise TimeoutError(f"what the clock woke is not done after {_PATIENCE:g} s")


class _Timer:
    """A call that the clock makes when it gets there."""

    def __init__(self, clock: FakeClock, due: float, order: int, fire: Callable[[], None]) -> None:
        self._clock = clock
        self._order = order
        self.due = due
        self.fire = fire

    def __lt__(self, other: _Timer) -> bool:
        return (self.due, self._order) < (other.due, other._order)

    def cancel(self) -> None:
        with self._clock._changed:
            if self in self._clock._timers:
                self._clock._timers.remove(self)


class _Event(threading.Event):
    """A flag whose timeouts are those of the fake clock."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def set(self) -> None:
        super().set()
        with self._clock._changed:
            self._clock._awake.discard(self)
            self._clock._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        clock = self._clock
        with clock._changed:
            clock._awake.discard(self)  # whatever it was woken for is done
            if timeout is not None:
                clock._sleepers[self] = clock._elapsed + timeout
            clock._changed.notify_all()
            clock._changed.wait_for(
                lambda: self.is_set() or (timeout is not None and self not in clock._sleepers)
            )
            clock._sleepers.pop(self, None)
            return self.is_set()


def call_on(loop: LoopThread, function: Callable[..., None], *args: Any) -> None:
    """Call a function on the loop, as a real timer would, and wait for its return."""
    called = threading.Event()

    def call() -> None:
        try:
            function(*args)
        finally:
            called.set()

    if loop.call_soon(call) and not called.wait(_PATIENCE):
        raise TimeoutError(f"the bot's loop is not free after {_PATIENCE:g} s")
