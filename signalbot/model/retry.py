"""When a failed handler runs again, as a value."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from signalbot.errors import (
    AskCancelled,
    AskTimeout,
    HandlerTimeout,
    Reject,
    Retry,
    SettingsError,
)

Errors = type[BaseException] | tuple[type[BaseException], ...]


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with full jitter, bounded in attempts and in time.

    The wait before attempt n+1 is drawn evenly from 0 to ``delay * factor**(n-1)`` seconds, at
    most ``max_delay``. ``max_attempts`` counts the first run too. ``give_up_after`` bounds the
    whole, in seconds since the frame was received. ``retry_on`` and ``never`` take one class of
    errors or several. Only instances of ``retry_on`` are retried,
    and ``Retry``, by which a handler asks for it; ``never`` wins over both.
    """

    max_attempts: int = 3
    delay: float = 1.0
    factor: float = 4.0
    max_delay: float = 60.0
    jitter: bool = True
    give_up_after: float | None = None
    retry_on: Errors = (Exception,)
    never: Errors = ()

    def __post_init__(self) -> None:
        for name in ("retry_on", "never"):
            object.__setattr__(self, name, _classes(name, getattr(self, name)))
        if self.max_attempts < 1:
            raise SettingsError(
                f"RetryPolicy(max_attempts={self.max_attempts}): at least 1, the first run counts. "
                "Use retry=None for no retries."
            )
        # Written so that a NaN is no number either.
        if not (self.delay >= 0 and self.max_delay >= 0 and self.factor >= 1):
            raise SettingsError(
                "RetryPolicy: delay and max_delay are seconds >= 0, factor is >= 1."
            )
        if self.give_up_after is not None and not self.give_up_after > 0:
            raise SettingsError("RetryPolicy: give_up_after is seconds > 0, or None.")

    def allows(self, error: BaseException, *, attempt: int, age: float = 0.0) -> bool:
        """Whether a run that failed as the given attempt (from 1) may run again."""
        if attempt >= self.max_attempts or isinstance(error, (NEVER_RETRIED, self.never)):
            return False
        if self.give_up_after is not None and age >= self.give_up_after:
            return False
        return isinstance(error, (Retry, self.retry_on))

    def delay_after(
        self, attempt: int, *, uniform: Callable[[float, float], float] = random.uniform
    ) -> float:
        """Seconds to wait after the given attempt (from 1) has failed."""
        # The exponent is bounded: a policy of thousands of attempts must not overflow a float.
        ceiling = min(self.max_delay, self.delay * self.factor ** min(attempt - 1, 64))
        return uniform(0.0, ceiling) if self.jitter else ceiling


def _classes(name: str, given: Any) -> tuple[type[BaseException], ...]:
    classes = given if isinstance(given, (tuple, list, set, frozenset)) else (given,)
    for each in classes:
        if not (isinstance(each, type) and issubclass(each, BaseException)):
            raise SettingsError(
                f"RetryPolicy({name}=...) takes classes of errors, like (OSError, KeyError); "
                f"{each!r} is none."
            )
    return tuple(classes)


NEVER_RETRIED: tuple[type[BaseException], ...] = (
    Reject,
    AskTimeout,
    AskCancelled,
    HandlerTimeout,
)
