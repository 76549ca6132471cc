"""How often one sender may use one handler, decided over a window that slides."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from signalbot.errors import SettingsError

RATE = re.compile(r"\s*(\d+)\s*(?:/|per\b)\s*(\d+)?\s*([a-z]+)\s*", re.IGNORECASE | re.ASCII)
UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}

Update: TypeAlias = Callable[[str, Callable[[Any], Any]], Any]
"""``update(key, fn)``: store ``fn(old value or None)`` atomically and return it.

``bot.storage.update`` is one (counted across processes), :class:`MemoryWindows` another."""


@dataclass(frozen=True, slots=True)
class LimitDecision:
    """Whether a call is within its limit.

    Attributes:
        retry_after: seconds until the next call is.
        is_first_refusal: False for the calls after it, so that a flood is answered once.
    """

    is_allowed: bool
    retry_after: float = 0.0
    is_first_refusal: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` calls in any ``seconds``."""

    count: int
    seconds: float

    def __post_init__(self) -> None:
        if self.count < 1 or self.seconds <= 0:
            raise ValueError("a limit allows at least one call in a time longer than nothing")

    @classmethod
    def parse(cls, text: object) -> Limit:
        """Read ``"5/min"``, ``"1/10s"``, ``"20 per hour"``.

        Raises:
            ValueError: if it is none of these.
        """
        if isinstance(text, Limit):
            return text
        found = RATE.fullmatch(text) if isinstance(text, str) else None
        if not found or found[3].lower() not in UNITS:
            raise ValueError(f"{text!r} is no limit; write one like '5/min', '1/10s' or '100/day'")
        return cls(int(found[1]), int(found[2] or 1) * UNITS[found[3].lower()])

    def __str__(self) -> str:
        return f"{self.count} in {self.seconds:g} s"

    def decide(self, key: str, now: float, update: Update) -> LimitDecision:
        """Count a call at ``now`` unless it is one too many.

        Args:
            key: sender and handler, see :func:`limit_key`.
            now: when the event arrived, so that a backlog is not taken for a flood.
        """
        outcome: list[LimitDecision] = []

        def step(window: Any) -> dict[str, Any]:
            decision, after = self.step(window, now)
            outcome.append(decision)
            return after

        update(key, step)
        return outcome[-1]

    def step(self, window: Any, now: float) -> tuple[LimitDecision, dict[str, Any]]:
        """The decision about one more call, and the window after it, as JSON values."""
        known = window if isinstance(window, dict) else {}
        # A clock that was set back must not lock anybody out.
        hits = [hit for hit in known.get("hits", ()) if now - self.seconds < hit <= now]
        if len(hits) < self.count:
            return LimitDecision(True), {"hits": [*hits, now], "refused": False}
        decision = LimitDecision(
            False,
            retry_after=hits[-self.count] + self.seconds - now,
            is_first_refusal=not known.get("refused", False),
        )
        return decision, {"hits": hits[-self.count :], "refused": True}


def limit_of(settings: Any) -> Limit | None:
    """The bot's own limit, out of its settings.

    Raises:
        SettingsError: if it is none."""
    try:
        return None if settings.limit is None else Limit.parse(settings.limit)
    except ValueError as error:
        raise SettingsError(f"limit (SIGNAL_LIMIT): {error}") from None


def limit_key(handler: str, sender: str) -> str:
    """Where the window of a sender and a handler is kept."""
    return f"limit:{handler}:{sender}"


class MemoryWindows:
    """Windows in this process; the ones longest unused are forgotten beyond ``capacity``."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._windows: OrderedDict[str, Any] = OrderedDict()
        # Guards the windows; held for a few list operations, by worker threads only.
        self._lock = threading.Lock()

    def __call__(self, key: str, step: Callable[[Any], Any]) -> Any:
        with self._lock:
            value = step(self._windows.pop(key, None))
            self._windows[key] = value
            if len(self._windows) > self._capacity:
                self._windows.popitem(last=False)
            return value
