"""When a call may go out: a cap on what runs at once, and a pace for sends.

The server crashes under parallel calls, so the cap covers every operation. The pace is for sends
alone: a token bucket if asked for, and a pause whenever Signal says that we send too fast.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from signalbot.errors import RateLimited, RequestTimedOut

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LONGEST_ASKED = 3600.0  # of what a proxy's Retry-After may ask for
_SLICE = 1.0  # how late a pause that was lifted early may be noticed


class NoSlot(RequestTimedOut):
    """The deadline passed while waiting for our own cap: says nothing about the server."""


class Throttle:
    """Lets calls through; each ``enter`` that returned needs one ``leave``."""

    def __init__(
        self,
        max_concurrency: int = 4,
        rate_limit: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Start with all slots free and no pause.

        Args:
            rate_limit: sends per second; up to a second's worth may go out in a burst.
            sleep: may raise, to end a wait for good.
        """
        self._slots = FairSlots(max_concurrency)
        self.leave = self._slots.release  # gives the turn to whoever has waited longest
        self._bucket = TokenBucket(rate_limit, clock) if rate_limit else None
        self._pause = SendPause(clock)
        self._clock = clock
        self._sleep = sleep

    def enter(self, *, is_send: bool, deadline: float) -> None:
        """Wait for a turn.

        Raises:
            RateLimited: at once, if a send would have to wait beyond its deadline.
            NoSlot: if other calls took all the time.
        """
        if not is_send:
            self._slots.acquire(deadline - self._clock())
            return
        if self._bucket is not None and (wait := self._bucket.reserve(deadline)) > 0:
            self._refuse_if_late(wait, "the rate limit of this client", deadline)
            self._sleep(wait)
        while True:
            while self._pause.until and (left := self._pause.left()) > 0:
                self._refuse_if_late(left, "Signal's rate limit", deadline)
                self._sleep(min(left, _SLICE))
            self._slots.acquire(deadline - self._clock())
            if not self._pause.until or self._pause.left() <= 0:
                return
            self._slots.release()  # the pause began while we waited for the slot

    def pause_sends(self, retry_after: float | None = None) -> float:
        """Hold all sends back, longer each time in a row; returns for how many seconds."""
        return self._pause.begin(retry_after)

    def send_succeeded(self) -> None:
        """Forget former pauses."""
        if self._pause.until:
            self._pause.forget()

    def resume_sends(self) -> None:
        """End a pause now, as after a solved challenge."""
        self._pause.end()

    def _refuse_if_late(self, seconds: float, reason: str, deadline: float) -> None:
        if seconds > deadline - self._clock():
            raise RateLimited(
                f"not sent: {reason} leaves no room within the time limit; "
                f"try again in {seconds:.1f} s",
                status=429,
                retry_after=seconds,
            )


class FairSlots:
    """A semaphore that serves in order of arrival, and costs two short locks when it is free."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()  # guards both; never held while waiting
        self._free = count
        self._waiting: deque[threading.Lock] = deque()  # each locked until its turn comes

    def acquire(self, timeout: float) -> None:
        """Take a slot.

        Raises:
            NoSlot: if none came free in time.
        """
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        has_turn = False
        try:
            has_turn = turn.acquire(timeout=min(max(timeout, 0.0), threading.TIMEOUT_MAX))
        finally:  # KeyboardInterrupt included: a turn that was given must not get lost
            if not has_turn:
                self._give_up(turn)
        if not has_turn:
            raise NoSlot(
                "no answer in time: all of it went by waiting for other calls (max_concurrency)",
                may_have_been_sent=False,
            )

    def release(self) -> None:
        """Hand the slot to the first in line, or put it back."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _give_up(self, turn: threading.Lock) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self.release()  # it was our turn in the very last moment


class TokenBucket:
    """``rate`` tokens a second; one second's worth may pile up. Reservations keep their order."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._size = max(1.0, rate)
        self._tokens = self._size  # negative: so many are promised
        self._clock = clock
        self._filled_at = clock()
        self._lock = threading.Lock()

    def reserve(self, deadline: float) -> float:
        """Take a token; returns the seconds until it is there.

        If that is after the deadline, none is taken."""
        with self._lock:
            now = self._clock()
            gained = (now - self._filled_at) * self._rate
            self._tokens = min(self._size, self._tokens + gained)
            self._filled_at = now
            wait = max(0.0, (1.0 - self._tokens) / self._rate)
            if now + wait <= deadline:
                self._tokens -= 1.0
            return wait


class SendPause:
    """1 s after the first refusal, doubling to 60 s, until a send succeeds again.

    Attributes:
        until: on the clock, 0.0 if there has been no pause since the last success; may be read
            without the lock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.until = 0.0
        self._length = 0.0  # of the last pause; 0.0: the last send succeeded

    def left(self) -> float:
        """Seconds until sends go on; 0.0 if they may now."""
        return max(0.0, self.until - self._clock())

    def begin(self, retry_after: float | None) -> float:
        """Start or lengthen a pause; returns its seconds from now."""
        with self._lock:
            now = self._clock()
            if retry_after is not None:
                self.until = max(self.until, now + min(retry_after, LONGEST_ASKED))
            elif now >= self.until:  # refusals of parallel sends are one refusal
                self._length = min(LONGEST_PAUSE, max(FIRST_PAUSE, self._length * 2))
                self.until = now + self._length
            return self.until - now

    def forget(self) -> None:
        """A send went through: unless it was on its way before the pause, all is well."""
        with self._lock:
            if self._clock() >= self.until:
                self.until = self._length = 0.0

    def end(self) -> None:
        """Let sends go on now."""
        with self._lock:
            self.until = self._length = 0.0
