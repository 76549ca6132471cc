"""Where a test kit gets hold of a bot: plain functions, exchanged before it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from signalbot.runtime.clock import Clock

Sink = Callable[[bytes, float], None]
"""Takes a frame and the time of its arrival; called by the reader, so it must not wait long."""


def _as_it_is(sink: Sink) -> Sink:
    return sink


def _nobody_asks(ctx: Any, error: BaseException, will_retry: bool) -> None:
    """In production an error is logged and counted; nobody is told besides."""


def _nobody_follows(
    step: str, delivery: Any, ctx: Any, error: BaseException | None = None, delay: float = 0.0
) -> None:
    """In production the metrics and the log tell."""


@dataclass
class Seams:
    """What may be exchanged while the bot is at rest; each start takes what is here then.

    Attributes:
        clock: what time it is.
        intake: gets the function that frames are put into, and returns the one to use.
        on_uncaught: called in the worker, ``(ctx, error, will_retry)``, for every error that a
            handler or an observer raised and no error handler settled.
        on_step: called in the worker, ``(step, delivery, ctx, error, delay)``, as a delivery goes
            its way. Each run is ``began`` and then one of ``done handled_error retry outage
            dead_letter left``; ``answer`` is one that a waiting handler got. ``stuck`` (by the
            watchdog) and ``unreadable`` come without a context. It must not raise.
        retries: False gives an event up when it fails first, whatever the policies say.
    """

    clock: Clock = field(default_factory=Clock)
    intake: Callable[[Sink], Sink] = _as_it_is
    on_uncaught: Callable[[Any, BaseException, bool], None] = _nobody_asks
    on_step: Callable[..., None] = _nobody_follows
    retries: bool = True
