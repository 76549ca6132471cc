"""The inbox as one thread sees it: the way in, the way out, and the dead letters beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from signalbot.errors import InboxFull
from signalbot.infrastructure.dead_letter_store import DeadLetterStore, Job, encode_letter
from signalbot.infrastructure.inbox_handed import Handed
from signalbot.infrastructure.inbox_lanes import Lanes
from signalbot.infrastructure.inbox_ledger import Ledger
from signalbot.infrastructure.inbox_limits import InboxLimits
from signalbot.infrastructure.inbox_recorder import Incoming, Recorder
from signalbot.infrastructure.segments import SOURCES, Frame
from signalbot.infrastructure.storage.inbox_base import DeadLetterFilter, Failure, InboxStats
from signalbot.model.delivery import Delivery

if TYPE_CHECKING:
    from signalbot.model.decode import Peek


class InboxCore:
    """Joins the parts; touched by the inbox thread alone, but for :meth:`stats`."""

    def __init__(
        self,
        ledger: Ledger,
        lanes: Lanes,
        letters: DeadLetterStore,
        limits: InboxLimits,
        *,
        peek: Callable[[bytes], Peek],
        wanted: Callable[[Peek], bool] | None,
        on_event: Callable[..., None],
        clock: Callable[[], float],
    ) -> None:
        self.ledger = ledger
        self.letters = letters
        self.limits = limits
        self.handed = Handed(ledger, lanes, peek=peek, on_damaged=self._note_damaged)
        self.recorder = Recorder(
            ledger, self.handed, limits, peek=peek, wanted=wanted, bury=self._bury, clock=clock
        )
        self._peek = peek
        self._on_event = on_event
        self._clock = clock
        self._failed = 0
        self._replayed = 0

    @property
    def spilled(self) -> int:
        """Recorded frames that are not handed out."""
        return self.ledger.table.frames - len(self.handed.held)

    def fail(self, delivery: Delivery, failure: Failure) -> None:
        """Strike a frame off and make it a dead letter, in the same commit."""
        replays = self.handed.replays.get(delivery.seq, 0)
        if self.handed.finish(delivery.seq):
            self._failed += 1
            frame = (delivery.raw, delivery.received_at, delivery.source, None, replays)
            self._bury(failure, frame, delivery.peek, delivery.attempt)

    def bury_crashed(self, frame: Frame, attempts: int) -> None:
        """Give up a frame that was being handled in too many crashes."""
        try:
            peek = self._peek(frame.raw)
        except Exception:  # noqa: BLE001 - it was readable once; what is left is its text
            peek = None
        failure = Failure("crashed", error="The process ended while this frame was handled.")
        source = SOURCES[frame.source]
        self._bury(
            failure, (frame.raw, frame.received_at, source, None, frame.replays), peek, attempts
        )
        self.ledger.strike(frame.seq)
        self._failed += 1

    def bury_damaged(self, key: str, row: bytes) -> None:
        """Keep a row that cannot be read where somebody may look at it."""
        frame: Incoming = (row, self._clock(), "feed", None, 0)
        self._bury(Failure("damaged", error=f"row {key} of the inbox"), frame, None)
        self.ledger.journal.delete(key)
        self._on_event("damaged", row=key)

    def replay(self, which: Iterable[int] | DeadLetterFilter) -> Job:
        """Record letters again as new frames, in the same commits that delete them; counts them.

        Raises:
            InboxFull: the inbox has reached its limit; the rest stays.
        """
        count = 0
        for batch in self.letters.batches(which):
            if batch and self.limits.is_reached():
                raise InboxFull(f"The inbox is full; {count} were replayed, try the rest later.")
            for letter in batch:
                self.letters.remove(letter.id)
            self.recorder.take(
                (letter.raw, letter.first_at, "replay", None, letter.replays + 1)
                for letter in batch
            )
            count += len(batch)
            self._replayed += len(batch)
            yield
        return count

    def stats(self, *, unrecorded: int, shed: dict[str, int], durable: bool) -> InboxStats:
        """Counts of about this moment; reading integers needs no lock."""
        ledger, handed, intake = self.ledger, self.handed, self.recorder.intake
        all_shed = dict(intake.shed)
        for reason, count in list(shed.items()):
            all_shed[reason] = all_shed.get(reason, 0) + count
        return InboxStats(
            pending=ledger.table.frames,
            spilled=max(0, self.spilled),
            outstanding=handed.lanes.outstanding,
            parked=len(handed.parked),
            running=len(ledger.running),
            dead_letters=self.letters.count,
            bytes=ledger.table.bytes,
            memory_bytes=unrecorded + ledger.unsaved_bytes,
            durable=durable,
            recorded=intake.recorded,
            duplicates=intake.duplicates,
            unwanted=intake.unwanted,
            unreadable=intake.unreadable,
            redelivered=handed.redelivered,
            finished=handed.finished,
            failed=self._failed,
            replayed=self._replayed,
            commits=ledger.journal.commits,
            shed=all_shed,
        )

    def _bury(
        self, failure: Failure, frame: Incoming, peek: Peek | None, attempts: int = 0
    ) -> None:
        raw, received_at, source, _, replays = frame
        row = encode_letter(
            failure,
            raw=raw,
            attempts=attempts,
            replays=replays,
            first_at=received_at,
            last_at=self._clock(),
            chat=peek.chat if peek is not None else None,
            kind=peek.kind if peek is not None else failure.reason,
            source=source,
        )
        self.letters.add(self.ledger.next_letter, row)
        self.ledger.next_letter += 1

    def _note_damaged(self, seq: int, error: Exception) -> None:
        self.recorder.intake.shed_one("damaged")
        self._on_event("damaged", seq=seq, error=type(error).__name__)
