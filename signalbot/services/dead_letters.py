"""The dead letters of one account, on a running bot or beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from signalbot.infrastructure.dead_letter_file import DeadLetterFile, without_owner
from signalbot.infrastructure.handoff import PURGE, REPLAY, Handoff
from signalbot.infrastructure.storage.inbox_base import (
    DeadLetter,
    DeadLetterFilter,
    Inbox,
)

__all__ = ["DeadLetter", "DeadLetters"]

# Inside the class `list` is the method.
list_ = list

_WAIT_FOR_OWNER = 3.0


class DeadLetters:
    """Frames that were given up: list them, look at one, replay or purge.

    On a running bot everything is done when the call returns. In another process, and while the
    bot is stopped, reading goes straight to the file, and what changes something is left for the
    bot's process: it runs within about a second, or at the next start. Only purging needs no bot.

    ``which`` is an id, several ids, or keywords as in :meth:`list`; without any, all are meant::

        bot.dead_letters.replay(17)
        bot.dead_letters.replay(reason="error", handler="bot.order")
        bot.dead_letters.purge()
    """

    def __init__(self, directory: str | Path, inbox: Callable[[], Inbox | None]) -> None:
        self._directory = Path(directory)
        self._inbox = inbox

    def list(
        self,
        *,
        reason: str | None = None,
        handler: str | None = None,
        chat: str | None = None,
        kind: str | None = None,
        since: float | None = None,
        until: float | None = None,
        max_replays: int | None = None,
        limit: int | None = 100,
    ) -> list[DeadLetter]:
        """The newest dead letters that fit, newest first; ``limit=None`` lists all.

        Args:
            since: given up at this time (seconds since the epoch) or later.
            until: given up before this time.
            max_replays: replayed less often than this.
        """
        where = DeadLetterFilter(reason, handler, chat, kind, since, until, max_replays)
        inbox = self._running()
        if inbox is not None:
            return inbox.dead_letters(where, limit)
        with DeadLetterFile(self._directory) as reader:
            return reader.find(where, limit)

    def get(self, id: int) -> DeadLetter | None:
        """One dead letter, or None if there is none with this id."""
        inbox = self._running()
        if inbox is not None:
            return inbox.dead_letter(id)
        with DeadLetterFile(self._directory) as reader:
            return reader.get(id)

    def count(self) -> int:
        """How many there are."""
        inbox = self._running()
        if inbox is not None:
            return inbox.count_dead_letters()
        with DeadLetterFile(self._directory) as reader:
            return reader.count()

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        """A service is there even if it lists nothing."""
        return True

    def replay(
        self, which: int | Iterable[int] | None = None, *, all: bool = False, **where: Any
    ) -> int:
        """Have the frames handled again, as if they had just come; returns how many.

        Attempts start again at 1, and nobody takes them for duplicates.

        Raises:
            InboxFull: there is no room for all of them now.
        """
        meant = _meant(which, all, where)
        inbox = self._running()
        if inbox is not None:
            return inbox.replay(meant)
        return self._leave(REPLAY, meant, wait=0.0)

    def purge(
        self, which: int | Iterable[int] | None = None, *, all: bool = False, **where: Any
    ) -> int:
        """Delete them for good; returns how many."""
        meant = _meant(which, all, where)
        inbox = self._running()
        if inbox is not None:
            return inbox.purge(meant)
        with without_owner(self._directory) as is_free:
            if is_free:
                with DeadLetterFile(self._directory) as file:
                    return file.purge(meant)
        # Whoever purges wants them gone: give the bot's process the moment that it needs.
        return self._leave(PURGE, meant, wait=_WAIT_FOR_OWNER)

    def _running(self) -> Inbox | None:
        inbox = self._inbox()
        return inbox if inbox is not None and inbox.is_open else None

    def _leave(self, kind: str, meant: list_[int] | DeadLetterFilter, wait: float) -> int:
        """Leave a command for the bot's process; returns how many it will find."""
        with DeadLetterFile(self._directory) as file:
            if isinstance(meant, DeadLetterFilter):
                count = file.count(meant)
                arguments: dict[str, Any] = {"where": dataclasses.asdict(meant)}
            else:
                count = sum(file.get(id) is not None for id in meant)
                arguments = {"ids": meant}
        if count:
            with Handoff(self._directory) as handoff:
                number = handoff.command(kind, **arguments)
                if wait:
                    handoff.wait_taken(number, wait)
        return count


def _meant(
    which: int | Iterable[int] | None, all: bool, where: dict[str, Any]
) -> list_[int] | DeadLetterFilter:
    if which is not None and (all or where):
        raise TypeError("give ids or keywords, not both")
    if isinstance(which, int):
        return [which]
    return DeadLetterFilter(**where) if which is None else sorted(set(which))
