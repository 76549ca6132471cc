"""Takes into the inbox what other processes left in the letterbox."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from signalbot.errors import StorageError
from signalbot.infrastructure.dead_letter_store import Job
from signalbot.infrastructure.handoff import BATCH, FRAME, PURGE, REPLAY, Handoff, Item
from signalbot.infrastructure.inbox_core import InboxCore
from signalbot.infrastructure.storage.inbox_base import DeadLetterFilter

Jobs = deque[tuple[Job, "Future[Any] | None"]]


class Errands:
    """Items are removed when the commit that took them is done.

    A crash between the two takes a frame twice, which deduplication sees. Touched by the inbox
    thread alone.
    """

    def __init__(self, handoff: Handoff, on_event: Callable[..., None]) -> None:
        self._handoff = handoff
        self._on_event = on_event
        self._above = 0
        self._taken: list[int] = []
        self._carried_out: list[int] = []
        self.has_more = False
        """The last look filled a whole batch."""

    def visit(self, core: InboxCore, jobs: Jobs, *, is_durable: bool) -> None:
        """Record the frames that are there, and start the commands."""
        self.has_more = False
        if not is_durable:
            return
        try:
            items = self._handoff.take(self._above) if self._handoff.changed() else []
        except StorageError as error:
            self._on_event("handoff_failed", error=str(error))
            return
        self.has_more = len(items) == BATCH
        if not items:
            return
        self._above = items[-1].id
        frames = [item for item in items if item.kind == FRAME]
        core.recorder.take((item.payload, item.at, item.source, None, 0) for item in frames)
        self._taken += [item.id for item in frames]
        for item in items:
            if item.kind != FRAME:
                jobs.append((self._carry_out(core, item), None))

    def done(self) -> None:
        """The commit succeeded: what was taken before it is safe."""
        numbers = self._taken + self._carried_out
        if not numbers:
            return
        # The items are known by number, so that a failure here only means another try.
        with contextlib.suppress(StorageError):
            self._handoff.remove(numbers)
            self._taken.clear()
            self._carried_out.clear()

    def close(self) -> None:
        self._handoff.close()

    def _carry_out(self, core: InboxCore, item: Item) -> Job:
        try:
            arguments = item.command()
            which: list[int] | DeadLetterFilter
            if "ids" in arguments:
                which = [int(id) for id in arguments["ids"]]
            else:
                which = DeadLetterFilter(**arguments.get("where", {}))
            if item.kind == REPLAY:
                yield from core.replay(which)
            elif item.kind == PURGE:
                yield from core.letters.purge(which)
        except (ValueError, TypeError, StorageError) as error:
            # A command that nobody can read, or that a full inbox refuses, must not stay for ever.
            self._on_event("handoff_failed", error=type(error).__name__)
        self._carried_out.append(item.id)
        return None
