"""Durations: what a caller gives, as the whole seconds that the server takes."""

from __future__ import annotations

import math
from datetime import timedelta


def seconds(duration: float | timedelta) -> int:
    """Whole seconds, rounded up, so that what is above 0 stays so.

    Raises:
        ValueError: if it is negative.
    """
    value = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"seconds or a timedelta are needed, not {type(duration).__name__}")
    if not 0 <= value < math.inf:
        raise ValueError("a duration cannot be negative or endless")
    return math.ceil(value)
