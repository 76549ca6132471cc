"""Records what comes in: what is new, wanted, readable, and fits."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diskcache import Timeout

from signalbot.errors import InboxFull, StorageError
from signalbot.infrastructure.inbox_handed import Handed
from signalbot.infrastructure.inbox_ledger import Ledger
from signalbot.infrastructure.inbox_limits import InboxLimits
from signalbot.infrastructure.segments import (
    HANDED,
    HEADER,
    MAX_BYTES,
    MAX_FRAMES,
    SOURCE_CODES,
    lane_of,
)
from signalbot.infrastructure.storage.inbox_base import Failure
from signalbot.model.delivery import Delivery

if TYPE_CHECKING:
    from signalbot.model.decode import Peek

Incoming = tuple[bytes, float, str, "Future[bool] | None", int]
"""Frame, time, source, who waits for the commit, how often it was replayed before."""

Bury = Callable[[Failure, Incoming, "Peek | None"], None]

FIRST_TO_GO = ("typing", "receipt")
"""Kinds that are shed before anything else: nobody misses them a minute later."""

_FEED = SOURCE_CODES["feed"]
_NONE = b"\0" * 8


@dataclass(slots=True)
class Intake:
    """What became of the frames that came in; it only ever grows."""

    recorded: int = 0
    duplicates: int = 0
    unwanted: int = 0
    unreadable: int = 0
    shed: dict[str, int] = field(default_factory=dict)

    def shed_one(self, reason: str) -> None:
        self.shed[reason] = self.shed.get(reason, 0) + 1


class Recorder:
    """The way in. Touched by the inbox thread alone."""

    def __init__(
        self,
        ledger: Ledger,
        handed: Handed,
        limits: InboxLimits,
        *,
        peek: Callable[[bytes], Peek],
        wanted: Callable[[Peek], bool] | None,
        bury: Bury,
        clock: Callable[[], float],
    ) -> None:
        self.intake = Intake()
        self._ledger = ledger
        self._handed = handed
        self._limits = limits
        self._peek = peek
        self._wanted = wanted
        self._bury = bury
        self._clock = clock
        # Who waits for this cycle's end: answer, and number and key if it was recorded. Number 0:
        # nothing was, but the answer is true only if the commit succeeds; None: true anyway.
        self._waiting: list[tuple[Future[bool], bool, int | None, int]] = []

    def take(self, incoming: Iterable[Incoming]) -> None:
        """Record what is new; frames that find a place go out with this cycle's commit.

        One loop without helpers for what every frame needs: at 15,000 frames a second each
        call less is worth half a percent of a core.
        """
        ledger, handed, limits = self._ledger, self._handed, self._limits
        admit, seen, room = handed.lanes.admit, ledger.seen.keys, limits.room()
        headers: list[bytes] = []
        raws: list[bytes] = []
        keys: array[int] = array("Q")
        size, has_waiting = 0, False
        for frame in incoming:
            raw, received_at, source, answer, replays = frame
            peek = self._look(frame)
            if peek is None:
                continue
            key = int.from_bytes((peek.dedupe_key or _NONE)[:8], "little")
            if key and not replays and key in seen:
                self.intake.duplicates += 1
                # What it repeats may be in memory alone, of this cycle or of a refused one.
                self._answer(answer, False, seq=0)
                continue
            if size >= room:
                # Closed first, so that what is in it counts, and can be dropped.
                if raws:
                    self._record(headers, raws, keys, has_waiting)
                    headers, raws, keys, size, has_waiting = [], [], array("Q"), 0, False
                if not self._make_room(frame, peek):
                    continue
                room = limits.room()
            if key:
                seen[key] = None
                keys.append(key)
            seq, lane, length = ledger.next_seq + len(raws), lane_of(peek.chat), len(raw)
            flags = 0
            if admit(lane, length):
                flags = HANDED
                handed.held[seq] = (lane, length)
                if replays:
                    handed.replays[seq] = replays
                handed.out.append(Delivery(seq, raw, received_at, source, peek))
            else:
                has_waiting = True
                handed.lanes.wait(lane, seq)
            code = SOURCE_CODES.get(source, _FEED)
            headers.append(HEADER.pack(seq, received_at, key, lane, length, code, flags, replays))
            raws.append(raw)
            size += length + HEADER.size
            if answer is not None:
                self._waiting.append((answer, True, seq, key))
            if len(raws) >= MAX_FRAMES or size >= MAX_BYTES:
                self._record(headers, raws, keys, has_waiting)
                headers, raws, keys, size, has_waiting = [], [], array("Q"), 0, False
                room = limits.room()
        if raws:
            self._record(headers, raws, keys, has_waiting)

    def settle(self, *, durable: bool, why: str) -> list[Delivery]:
        """Answer those who waited for the commit; returns what may be handed over.

        A fed frame that could not be stored is taken back: its sender was told so.
        """
        out, self._handed.out = self._handed.out, []
        if not self._waiting:
            return out
        waiting, self._waiting = self._waiting, []
        withdrawn: set[int] = set()
        for answer, is_new, seq, key in waiting:
            if durable or seq is None:
                answer.set_result(is_new)
                continue
            if seq:
                self._withdraw(seq, key)
                withdrawn.add(seq)
            answer.set_exception(StorageError(f"The frame could not be stored: {why}."))
        return [delivery for delivery in out if delivery.seq not in withdrawn]

    def _record(
        self, headers: list[bytes], raws: list[bytes], keys: array[int], has_waiting: bool
    ) -> None:
        self.intake.recorded += len(raws)
        self._ledger.seen.date(keys, self._clock())
        self._ledger.add(headers, raws, keys, has_waiting)

    def _look(self, frame: Incoming) -> Peek | None:
        """What the frame is; None if it is dealt with already."""
        raw, _, _, answer, replays = frame
        error_type = None
        try:
            peek = self._peek(raw)
        except Exception as error:  # noqa: BLE001 - whatever a frame does to the parser, it is kept
            error_type = type(error).__name__
        else:
            if peek.cls != "quarantine":
                if self._wanted is None or replays or self._wanted(peek):
                    return peek
                self.intake.unwanted += 1
                self._answer(answer, True)
                return None
        self.intake.unreadable += 1
        if self._limits.may_bury():
            self._bury(Failure("unreadable", error_type), frame, None)
        else:
            self.intake.shed_one("unreadable")
        self._answer(answer, True, seq=0)
        return None

    def _make_room(self, frame: Incoming, peek: Peek) -> bool:
        """Whether a frame may come in although the limit is near; if not, it is dealt with."""
        answer, limits = frame[3], self._limits
        if peek.kind in FIRST_TO_GO:
            self.intake.shed_one(peek.kind)
            self._answer(answer, True)
            return False
        if not limits.is_reached():
            return True
        if answer is not None:
            answer.set_exception(InboxFull("The inbox is full; the frame was not stored."))
            return False
        if limits.overflow == "drop_oldest":
            while limits.is_reached():
                if not self._drop_oldest():
                    self.intake.shed_one("drop_newest")
                    return False
            return True
        if limits.overflow == "dead_letter" and limits.may_bury():
            self._bury(Failure("overflow"), frame, peek)
            self.intake.shed_one("dead_letter")
        else:
            self.intake.shed_one("drop_newest")
        return False

    def _drop_oldest(self) -> bool:
        """Give up the oldest frame that waits; False if all are out with handlers."""
        ledger, held = self._ledger, self._handed.held
        waits = (seq for segment in ledger.table for seq in segment.unfinished() if seq not in held)
        seq = next(waits, None)
        if seq is None:
            return False
        try:
            ledger.shrink(seq, len(ledger.load(seq).raw))
        except (KeyError, ValueError, sqlite3.Error, Timeout, OSError):
            return False
        ledger.strike(seq)
        self.intake.shed_one("drop_oldest")
        return True

    def _withdraw(self, seq: int, key: int) -> None:
        place = self._handed.held.pop(seq, None)
        if place is not None:
            self._handed.lanes.release(*place)
        self._ledger.withdraw(seq, key)
        self.intake.recorded -= 1

    def _answer(self, answer: Future[bool] | None, is_new: bool, *, seq: int | None = None) -> None:
        if answer is not None:
            self._waiting.append((answer, is_new, seq, 0))
