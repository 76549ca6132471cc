"""A circuit breaker that guards calls without holding its lock while they run.

pybreaker's own ``call()`` does hold it: 16 threads that wait 50 ms each take 0.8 s through one
breaker. Here a call is admitted under the lock, runs outside, and is counted under the lock;
pybreaker keeps the counting, the states and the listeners.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import pybreaker

from signalbot.errors import CircuitOpen

log = logging.getLogger(__name__)

T = TypeVar("T")
OnChange = Callable[[str, str, str], object]  # (name, old state, new state)

_PROBE_WAIT = 0.5  # told to those who come while the one probe is under way


class Breaker(pybreaker.CircuitBreaker):
    """Opens after ``fail_max`` failures in a row, and lets one probe through every so often.

    Whatever was admitted before the last change of state no longer counts: a call that comes
    back late neither opens a closed breaker again nor closes an open one.
    Exceptions that are no failures (``is_failure``) are neutral, KeyboardInterrupt included.
    """

    def __init__(
        self,
        name: str,
        *,
        fail_max: int = 5,
        reset_timeout: float = 10.0,
        is_failure: Callable[[BaseException], bool] = lambda error: isinstance(error, Exception),
        on_change: OnChange | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start closed.

        Args:
            reset_timeout: seconds from opening to the probe.
            is_failure: tells which exceptions count.
            on_change: told of each change of state, outside the lock; what it raises is logged.
        """
        super().__init__(fail_max, reset_timeout, name=name, throw_new_error_on_trip=False)
        self._label = name
        self._is_failure = is_failure
        self._on_change = on_change
        self._clock = clock
        self._changes: deque[tuple[str, str]] = deque()  # seen under the lock, told outside
        self._generation = 0  # counts changes of state
        self._is_closed = True  # read without the lock, after _generation
        self._has_failures = False  # since the last success
        self._is_probing = False
        self._opened_at = 0.0
        self.add_listener(_Recorder(self._changes))

    @property
    def retry_after(self) -> float:
        """Seconds until the next probe is let through; 0.0 unless open."""
        if self.current_state != pybreaker.STATE_OPEN:
            return 0.0
        return max(0.0, self._opened_at + self.reset_timeout - self._clock())

    def call(self, func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call, and count what comes of it.

        Raises:
            CircuitOpen: at once, without calling.
        """
        # No lock on the way that nearly every call takes. If the breaker opens between these two
        # lines, this call counts as admitted just before.
        generation, is_probe = self._generation, False
        if not self._is_closed:
            generation, is_probe = self._admit()
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            self._settle(generation, is_probe, error if self._is_failure(error) else None, False)
            raise
        if is_probe or self._has_failures:
            self._settle(generation, is_probe, None, True)
        return result

    def _admit(self) -> tuple[int, bool]:
        try:
            with self._lock:
                if (wait := self.retry_after) > 0:
                    raise self._rejected(wait)
                if self.current_state == pybreaker.STATE_OPEN:
                    self.half_open()
                if self.current_state == pybreaker.STATE_CLOSED:
                    return self._generation, False
                if self._is_probing:
                    raise self._rejected(_PROBE_WAIT)
                self._is_probing = True
                return self._generation, True
        finally:
            self._tell()

    def _rejected(self, wait: float) -> CircuitOpen:
        return CircuitOpen(
            f"not tried: the server kept failing; next attempt in {wait:.1f} s", retry_after=wait
        )

    def _settle(
        self, generation: int, is_probe: bool, failure: BaseException | None, is_success: bool
    ) -> None:
        with self._lock:
            if generation == self._generation:
                if is_probe:
                    self._is_probing = False
                if is_success:
                    self._has_failures = False
                    super().call(_succeed)
                elif failure is not None:
                    self._has_failures = True
                    self._count(failure)
        self._tell()

    def _count(self, failure: BaseException) -> None:
        traceback = failure.__traceback__
        try:
            super().call(_raise, failure)
        except BaseException as raised:
            if raised is not failure:
                raise
        failure.__traceback__ = traceback  # without the detour through here

    def open(self) -> bool:
        """Reject calls until ``reset_timeout`` has passed."""
        with self._lock:
            self._opened_at = self._clock()
            self._start_generation(is_closed=False)
            return bool(super().open())

    def half_open(self) -> None:
        """Let one probe through; it decides."""
        with self._lock:
            self._start_generation(is_closed=False)
            super().half_open()

    def close(self) -> None:
        """Let all calls through again."""
        with self._lock:
            super().close()
            self._start_generation(is_closed=True)

    def _start_generation(self, *, is_closed: bool) -> None:
        self._generation += 1
        self._is_probing = False
        self._is_closed = is_closed

    def add_listener(self, listener: pybreaker.CircuitBreakerListener) -> None:
        """Add a pybreaker listener; it runs under the lock, and what it raises is logged."""
        super().add_listener(_Quiet(listener))

    def _tell(self) -> None:
        while self._changes:
            try:
                old, new = self._changes.popleft()
            except IndexError:  # another thread told it
                return
            if self._on_change is not None:
                try:
                    self._on_change(self._label, old, new)
                except Exception:  # a broken listener must not break sending
                    log.exception("breaker.listener_failed")


class _Recorder(pybreaker.CircuitBreakerListener):
    def __init__(self, changes: deque[tuple[str, str]]) -> None:
        self._changes = changes

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
        self._changes.append((old_state.name if old_state else "", new_state.name))


class _Quiet(pybreaker.CircuitBreakerListener):
    """An exception in a listener would leave pybreaker half way between two states."""

    def __init__(self, listener: pybreaker.CircuitBreakerListener) -> None:
        self._listener = listener

    def before_call(self, cb: Any, func: Any, *args: Any, **kwargs: Any) -> None:
        """Not passed on: by the time of the counting the call has been made."""

    def failure(self, cb: Any, exc: BaseException) -> None:
        self._pass_on(self._listener.failure, cb, exc)

    def success(self, cb: Any) -> None:
        self._pass_on(self._listener.success, cb)

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
        self._pass_on(self._listener.state_change, cb, old_state, new_state)

    def _pass_on(self, hook: Callable[..., object], *args: Any) -> None:
        try:
            hook(*args)
        except Exception:  # see the class
            log.exception("breaker.listener_failed")


def _succeed() -> None:
    return None


def _raise(error: BaseException) -> None:
    raise error
