"""Dead letters that replay themselves on a schedule, if asked to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from signalbot.errors import StorageError
from signalbot.observability.logging import get_logger
from signalbot.services.dead_letters import DeadLetters

log = get_logger("signalbot.dead_letters")

# What another try may mend. A frame that nobody can read, or that a handler has rejected or hung
# on, would only come back.
MENDABLE = ("handler_error", "timeout")
MAX_REPLAYS = 5


class DeadLetterReplay:
    """Replays dead letters ``every`` so many seconds, each one after a longer rest.

    A letter that was replayed n times rests ``every * 2**n`` seconds before the next try, and
    after five tries it stays: so a message that always fails cannot loop. Runs in the thread
    ``signalbot-replay``, which sleeps in between.
    """

    def __init__(
        self, letters: DeadLetters, every: float, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._letters = letters
        self._every = every
        self._clock = clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signalbot-replay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._ended.set()
        self._thread.join(timeout)

    def replay_due(self) -> int:
        """Replay what has rested long enough; how many that was."""
        now = self._clock()
        due = [
            letter.id
            for reason in MENDABLE
            for letter in self._letters.list(reason=reason, max_replays=MAX_REPLAYS, limit=1000)
            if now - letter.last_at >= self._every * 2**letter.replays
        ]
        return self._letters.replay(due) if due else 0

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                replayed = self.replay_due()
            except StorageError as error:
                log.warning("dead_letters.replay_failed", detail=str(error))
            else:
                if replayed:
                    log.info("dead_letters.replayed", count=replayed)
