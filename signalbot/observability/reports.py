"""What the parts of a bot report, as log lines and metrics."""

from __future__ import annotations

import time
from typing import Any

from signalbot.observability.logging import get_logger, label
from signalbot.observability.metrics import Metrics

log = get_logger("signalbot")


_AGAIN = 60.0
# Each of them leaves a frame, a command or all of the intake where nobody would look for it.
_TROUBLE = ("failed", "damaged", "deliver_failed", "handoff_failed")


class Reports:
    """One method for each thing worth telling; none of them shows a person."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._told: dict[str, tuple[str, float]] = {}

    def warn_of_routing(self, text: str) -> None:
        """A handler that never runs, an entry that never matches."""
        log.warning("routing.warning", detail=text)

    def count_request(self, family: Any, outcome: int | str, seconds: float) -> None:
        """A call to the server has ended."""
        # _value_, since .value is a property in Python and takes longer than the rest of this
        self._metrics.observe_request(family._value_, str(outcome), seconds)

    def note_breaker(self, family: Any, old: str, new: str) -> None:
        """A circuit breaker has changed its state."""
        level = {"open": 1.0, "half-open": 0.5}.get(new, 0.0)
        self._metrics.breaker_open.note(((family.value,), level))
        log.warning("breaker.changed", family=family.value, state=new)

    def count_inbox_event(self, name: str, **facts: Any) -> None:
        """The inbox did something besides storing."""
        self._metrics.inbox_events.note((name,))
        if name in ("undurable", "durable"):  # told once each time, not for each frame
            log.warning("inbox.durability", state=name, **facts)
        elif name in _TROUBLE and self._is_news(name, str(facts)):
            log.error("inbox.trouble", what=name, **facts)

    def note_connection(self, connected: bool, error: BaseException | None) -> None:
        """The connection came, or went."""
        if connected:
            self._metrics.connections.note(())
            log.info("intake.connected")
            return
        size = getattr(error, "size", None)
        if size is not None:
            self._metrics.inbox_events.note(("oversize",))
        log.warning("intake.disconnected", detail=str(error or "closed by the server"), size=size)

    def warn_of_slow_handler(self, run: Any, stack: str) -> None:
        """A handler is beyond its deadline."""
        log.warning(
            "handler.slow",
            chat=label(str(run.lane.key)),
            handler=run.handler,
            age=round(run.age(time.monotonic()), 1),
            stack=stack,
        )

    def warn_of_stuck_handler(self, run: Any, stack: str) -> None:
        """A handler was given up on."""
        self._metrics.stuck.note(())
        log.error("handler.stuck", chat=label(str(run.lane.key)), handler=run.handler, stack=stack)

    def _is_news(self, name: str, what: str) -> bool:
        """False for what was told within the last minute: some of it comes back each second."""
        last, now = self._told.get(name), time.monotonic()
        if last is not None and last[0] == what and now - last[1] < _AGAIN:
            return False
        self._told[name] = (what, now)
        return True
