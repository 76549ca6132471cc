"""From the inbox's thread to the worker pool, by way of the loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from signalbot.model.delivery import Delivery
from signalbot.runtime.loop import LoopThread


class Feeder:
    """Takes what the inbox has recorded and offers it to the pool, on the loop.

    The inbox thread appends and wakes the loop once for a whole batch: one
    ``call_soon_threadsafe`` per message would cost more than the rest of the way (4 µs and a
    thread switch each). The bound of the queue is kept by the inbox, which hands out no more
    than ``max_queued`` unfinished deliveries.
    """

    def __init__(
        self,
        loop: LoopThread,
        offer_all: Callable[[list[tuple[str, Delivery]]], Any],
        *,
        on_work: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._offer_all = offer_all
        self._on_work = on_work
        self._mailbox: deque[Delivery] = deque()
        # True while a wake-up is on its way. Both sides touch it without a lock: the loop clears
        # it before it empties the mailbox, so what is appended later wakes the loop again.
        self._armed = False

    def deliver(self, deliveries: list[Delivery]) -> None:
        """Called on the inbox thread, after the commit. Never blocks."""
        self._mailbox.extend(deliveries)
        if not self._armed:
            self._armed = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        self._armed = False
        mailbox = self._mailbox
        jobs = []
        while mailbox:
            delivery = mailbox.popleft()
            # Frames of no chat (syncs, errors) keep their order among themselves.
            jobs.append((delivery.peek.chat or "", delivery))
        self._offer_all(jobs)
        self._on_work()
