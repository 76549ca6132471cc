"""The last events of a bot in a notebook, kept in memory for its tables."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from signalbot.model import Event
from signalbot.observability.hour import SLOT, Hour
from signalbot.runtime.subscriptions import Subscriptions

_LONGEST = 1000
_FOLLOWERS = 8  # tables of cells that ran again are never given up by anybody else


class Recent:
    """Watches while the bot runs; a service of the engine.

    Its thread, ``signalbot-recent``, looks at the queue a few times in each slot of the hour: a
    queue that only waits makes no event that could be looked at.
    """

    def __init__(
        self, subscriptions: Subscriptions, queued: Callable[[], int], clock: Callable[[], float]
    ) -> None:
        self.hour = Hour()
        self.clock = clock
        self._subscriptions = subscriptions
        self._queued = queued
        self._events: deque[Event] = deque(maxlen=_LONGEST)  # appending and copying are atomic
        self._followers: tuple[Callable[[], None], ...] = ()
        self._ended = threading.Event()
        self._ended.set()
        self._thread: threading.Thread | None = None  # while the bot runs

    def events(self) -> list[Event]:
        """What is remembered, oldest first."""
        return list(self._events)

    def follow(self, follower: Callable[[], None]) -> None:
        """Call it, in a worker, after each event, and when the bot starts or ends: be quick.

        Only the latest few followers are kept."""
        self._followers = (*self._followers, follower)[-_FOLLOWERS:]

    # -- a service -------------------------------------------------------------------------

    def start(self) -> None:
        """Watch from now on."""
        self._ended.clear()
        self._subscriptions.attach(self)
        self._thread = threading.Thread(target=self._look, name="signalbot-recent", daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Watch no more; what was seen stays."""
        self._subscriptions.remove(self)
        self._ended.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout)
        self._tell()

    # -- a watcher -------------------------------------------------------------------------

    def offer(self, ctx: Any) -> None:
        """Called by the worker that has the event."""
        now = self.clock()
        self._events.append(ctx.event)
        self.hour.note_event(now, max(0.0, now - ctx.event.received_at))
        self._tell()

    def end(self) -> None:
        """The bot stops; ``stop`` has been called before."""

    def _tell(self) -> None:
        for follower in self._followers:
            follower()

    def _look(self) -> None:
        self._tell()
        while not self._ended.wait(SLOT / 4):
            self.hour.note_queue(self.clock(), self._queued())
