"""The inbox's thread: collect, record, commit, hand over."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from signalbot.infrastructure.dead_letter_store import Job
from signalbot.infrastructure.inbox_mailbox import Entry, Flush, Mailbox, Note, Request, Signal
from signalbot.infrastructure.inbox_pile import Pile
from signalbot.infrastructure.inbox_recorder import Incoming
from signalbot.infrastructure.inbox_setup import BuiltInbox
from signalbot.infrastructure.storage.inbox_base import Deliver
from signalbot.model.delivery import Delivery

TICK = 1.0
"""The one wake-up of an idle inbox: has another process left something in the letterbox?

Housekeeping is done at the same time."""

COMMIT_EVERY = 0.004
"""Under load a commit waits for company this long: alone it costs as much as 20 frames do."""

AT_ONCE = 256
"""Frames that one cycle takes in; what comes meanwhile is not late for the next commit."""

BURST = 8
"""Commits that need not wait, so that single frames are never late."""

NOTE_LAG = 0.010
"""What became of a delivery is recorded with the next frame, at the latest after this time."""

NOTE_LAG_BUSY = 0.002
"""The same when frames wait for a place, and the workers may run out of work before."""


class InboxLoop:
    """One cycle after the other until closed; every attribute belongs to its thread."""

    def __init__(
        self,
        built: BuiltInbox,
        mailbox: Mailbox,
        deliver: Deliver,
        on_health: Callable[[str | None], None],
        on_event: Callable[..., None],
    ) -> None:
        self._core = built.core
        self._upkeep = built.upkeep
        self._errands = built.errands
        self._memory_only = built.memory_only
        self._mailbox = mailbox
        self._deliver = deliver
        self._on_health = on_health
        self._on_event = on_event
        self._frames: deque[Incoming | Pile] = deque()
        self._batch: list[Incoming] = []
        self._jobs: deque[tuple[Job, Future[Any] | None]] = deque()
        self._answers: list[tuple[Future[Any], object]] = []
        self._ticked = 0.0
        self._credit = float(BURST)
        self._last = time.monotonic()
        # What was recorded before this start goes out first.
        self._has_more = True
        self._was_busy = False
        self._is_closing = False

    def run(self) -> None:
        """Work until :meth:`Mailbox.close`, then write everything and return."""
        while not (self._is_closing and not self._has_work() and not self._mailbox.has_notes):
            self._collect()
            self._cycle()
            # After the commit, so that a slice of work on old letters delays no new frame twice.
            self._run_job()
        self._end()

    # --- waiting

    def _has_work(self) -> bool:
        """Whether something is there that need not wait for company; notes may."""
        return bool(self._frames or self._jobs or self._answers or self._has_more)

    def _collect(self) -> None:
        """Wait until there is something to do, and for company if commits come thick."""
        mailbox = self._mailbox
        if not (self._is_closing or self._has_work()):
            self._sort(self._first())
        for entry in mailbox.drain():
            self._sort(entry)
        now = time.monotonic()
        self._credit = min(BURST, self._credit + (now - self._last) / COMMIT_EVERY)
        self._last = now
        if self._credit < 1.0 and not self._is_closing:
            time.sleep((1.0 - self._credit) * COMMIT_EVERY)
            for entry in mailbox.drain():
                self._sort(entry)

    def _first(self) -> Entry | None:
        """The next entry; returns without one when notes have waited long enough."""
        mailbox = self._mailbox
        is_urgent = self._core.spilled and self._core.handed.lanes.is_half_empty
        lag = NOTE_LAG_BUSY if is_urgent else NOTE_LAG
        # Right after a cycle that handed something out its fate is likely to come soon, and needs
        # no wake-up of its own; an idle inbox sleeps in one piece.
        if self._was_busy:
            entry = mailbox.wait(lag)
            if entry is not None or mailbox.has_notes:
                return entry
        entry = mailbox.doze(TICK)
        return mailbox.wait(lag) if entry is Signal.WAKE else entry

    def _sort(self, entry: Entry | None) -> None:
        if isinstance(entry, tuple):
            self._frames.append(entry)
        elif entry is Signal.FRAMES:
            self._frames.append(self._mailbox.take_pile())
        elif isinstance(entry, Request):
            self._jobs.append((entry.start(self._core), entry.answer))
        elif isinstance(entry, Flush):
            self._core.ledger.is_dirty = True
            self._answers.append((entry.answer, None))
        elif entry is Signal.CLOSE:
            self._is_closing = True
            # From here on frames are recorded, but wait for the next start.
            self._core.handed.lanes.close()

    # --- one cycle

    def _cycle(self) -> None:
        core = self._core
        self._was_busy = bool(self._frames or self._mailbox.has_notes)
        self._apply_notes()
        self._has_more = core.handed.refill()
        self._take_frames()
        now = time.monotonic()
        is_tick = now - self._ticked >= TICK
        if is_tick or self._errands.has_more:
            self._ticked = now
            self._tick(now)
        why = self._commit(is_tick)
        is_recorded = why is None or self._memory_only is not None
        out = core.recorder.settle(durable=is_recorded, why=why or "")
        if out:
            self._was_busy = True
            self._hand_over(out)
        answers, self._answers = self._answers, []
        for answer, value in answers:
            answer.set_result(value)
        if why is None:
            self._errands.done()

    def _tick(self, now: float) -> None:
        core = self._core
        self._errands.visit(core, self._jobs, is_durable=core.ledger.journal.refusal is None)
        self._has_more |= self._errands.has_more
        expiry = self._upkeep.run(now)
        if expiry is not None:
            self._jobs.append((expiry, None))

    def _hand_over(self, out: list[Delivery]) -> None:
        try:
            self._deliver(out)
        except Exception as error:  # noqa: BLE001 - whoever takes them, recording must go on
            # They are on disk, and come back at the next start.
            self._on_event("deliver_failed", error=type(error).__name__, count=len(out))

    def _apply_notes(self) -> None:
        core, mailbox = self._core, self._mailbox
        core.handed.finish_all(mailbox.finished)
        while mailbox.notes:
            note, delivery, failure = mailbox.notes.popleft()
            if note is Note.PARKED:
                core.handed.park(delivery)
            elif note is Note.UNPARKED:
                core.handed.unpark(delivery)
            elif failure is not None:
                core.fail(delivery, failure)
        # Last, as most of what was begun is finished by now and needs no record.
        core.handed.begin_all(mailbox.begun)

    def _take_frames(self) -> None:
        frames = self._frames
        if not frames:
            return
        batch: list[Incoming] = []
        self._batch = batch
        while frames and len(batch) < AT_ONCE:
            head = frames[0]
            if isinstance(head, Pile):
                batch += head.take(AT_ONCE - len(batch))
                if head:
                    break
            else:
                batch.append(head)
            frames.popleft()
        self._core.recorder.take(batch)
        self._mailbox.taken(sum(len(entry[0]) for entry in batch))

    def _run_job(self) -> None:
        """One slice of the oldest job."""
        if not self._jobs:
            return
        job, answer = self._jobs[0]
        try:
            next(job)
            return
        except StopIteration as end:
            if answer is not None:
                self._answers.append((answer, end.value))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked, not to the inbox
            if answer is not None:
                answer.set_exception(error)
        self._jobs.popleft()

    def _commit(self, is_tick: bool) -> str | None:
        """Write what changed; returns why new frames are not on disk, if they are not."""
        ledger, journal = self._core.ledger, self._core.ledger.journal
        # Without durability the state alone is worth no commit of its own.
        wants = ledger.is_dirty and (self._memory_only is None or is_tick)
        if (wants or journal.has_pending) and (journal.may_try or self._is_closing):
            self._credit -= 1.0
            ledger.stage()
            if journal.commit():
                ledger.saved()
        why = journal.refusal or self._core.limits.shortage or self._memory_only
        self._on_health(why)
        return why

    def _end(self) -> None:
        ledger = self._core.ledger
        ledger.sweep(0)
        ledger.stage(clean=True)
        if ledger.journal.commit():
            ledger.saved()
            ledger.journal.truncate()
        ledger.journal.close()
        self._errands.close()

    def fail_waiting(self, error: Exception) -> None:
        """Tell everybody whose work was under way when the thread ended."""
        waiting = [answer for answer, _ in self._answers]
        waiting += [answer for _, answer in self._jobs if answer is not None]
        frames = (*self._batch, *(each for each in self._frames if not isinstance(each, Pile)))
        waiting += [frame[3] for frame in frames if frame[3] is not None]
        for answer in waiting:
            if not answer.done():
                answer.set_exception(error)
