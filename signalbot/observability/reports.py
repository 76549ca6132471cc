"""What the parts of a bot report, as log lines and metrics."""

from __future__ import annotations

import time
from typing import Any

from signalbot.observability.logging import get_logger, label
from signalbot.observability.metrics import Metrics

log = get_logger("signalbot")


class Reports:
    """One method for each thing worth telling; none of them shows a person."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def warn_of_routing(self, text: str) -> None:
        """A handler that never runs, an entry that never matches."""
        log.warning("routing.warning", detail=text)

    def count_request(self, family: Any, outcome: int | str, seconds: float) -> None:
        """A call to the server has ended."""
        # _value_, since .value is a property in Python and takes longer than the rest of this
        self._metrics.observe_request(family._value_, str(outcome), seconds)

    def note_breaker(self, family: Any, old: str, new: str) -> None:
        """A circuit breaker has changed its state."""
        self._metrics.breaker_open(family.value).set({"open": 1.0, "half-open": 0.5}.get(new, 0.0))
        log.warning("breaker.changed", family=family.value, state=new)

    def count_inbox_event(self, name: str, **facts: Any) -> None:
        """The inbox did something besides storing."""
        self._metrics.inbox_events(name).inc()
        if name in ("undurable", "durable"):  # told once each time, not for each frame
            log.warning("inbox.durability", state=name, **facts)

    def note_connection(self, connected: bool, error: BaseException | None) -> None:
        """The connection came, or went."""
        if connected:
            self._metrics.connections.inc()
            log.info("intake.connected")
            return
        size = getattr(error, "size", None)
        if size is not None:
            self._metrics.inbox_events("oversize").inc()
        log.warning("intake.disconnected", detail=str(error or "closed by the server"), size=size)

    def warn_of_slow_handler(self, run: Any, stack: str) -> None:
        """A handler is beyond its deadline."""
        log.warning(
            "handler.slow",
            chat=label(run.job.peek.chat),
            age=round(run.age(time.monotonic()), 1),
            stack=stack,
        )

    def warn_of_stuck_handler(self, run: Any, stack: str) -> None:
        """A handler was given up on."""
        self._metrics.stuck.inc()
        log.error("handler.stuck", chat=label(run.job.peek.chat), stack=stack)
