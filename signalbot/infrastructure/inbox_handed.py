"""Which recorded frames are out with handlers, and which go out next."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from diskcache import Timeout

from signalbot.infrastructure.inbox_lanes import Lanes
from signalbot.infrastructure.inbox_ledger import Ledger
from signalbot.infrastructure.segments import HANDED, SOURCES, Frame
from signalbot.model.delivery import Delivery

if TYPE_CHECKING:
    from signalbot.model.decode import Peek


class Handed:
    """Hands out in turn, and takes back what became of it. Touched by the inbox thread alone.

    Attributes:
        out: deliveries of this cycle, to be handed over once it is committed.
        held: frames that are out, with their lane and size.
        parked: those of them that wait for an answer or their retry.
        replays: how often a frame was replayed, where it was.
        redelivered: how many went out that may have been begun before a crash.
        finished: how many are done.
    """

    def __init__(
        self,
        ledger: Ledger,
        lanes: Lanes,
        *,
        peek: Callable[[bytes], Peek],
        on_damaged: Callable[[int, Exception], None],
    ) -> None:
        self.lanes = lanes
        self.out: list[Delivery] = []
        self.held: dict[int, tuple[int, int]] = {}
        self.parked: set[int] = set()
        self.replays: dict[int, int] = {}
        self.redelivered = 0
        self.finished = 0
        self._ledger = ledger
        self._peek = peek
        self._on_damaged = on_damaged

    def refill(self, limit: int = 256) -> bool:
        """Hand out frames that waited, as far as there is room; True if more could follow."""
        lanes, ledger = self.lanes, self._ledger
        for _ in range(limit):
            turn = lanes.next()
            if turn is None:
                return False
            lane, seq = turn
            try:
                frame = ledger.look_up(seq)
                if frame is None:  # dropped while it waited
                    lanes.take(None)
                    continue
                peek = self._peek(frame.raw)
            except (sqlite3.Error, Timeout, OSError):
                return False  # the disk cannot be read now: the frame keeps its turn
            except Exception as error:  # noqa: BLE001 - one bad row must not hold up its chat
                lanes.take(None)
                ledger.strike(seq)
                self._on_damaged(seq, error)
                continue
            lanes.take(len(frame.raw))
            self._hand_out(frame, peek, lane)
        return True

    def _hand_out(self, frame: Frame, peek: Peek, lane: int) -> None:
        seq, ledger = frame.seq, self._ledger
        redelivered = seq in ledger.running
        if redelivered:
            self.redelivered += 1
        elif not frame.flags & HANDED:
            ledger.hand(seq)
        if frame.replays:
            self.replays[seq] = frame.replays
        self.held[seq] = (lane, len(frame.raw))
        attempts = ledger.attempts.get(seq, 0)
        source = SOURCES[frame.source]
        self.out.append(
            Delivery(seq, frame.raw, frame.received_at, source, peek, attempts, redelivered)
        )

    def begin_all(self, begun: deque[Delivery]) -> None:
        """Note the attempts of what is not finished already."""
        held = self.held
        while begun:
            delivery = begun.popleft()
            seq = delivery.seq
            if seq in held:
                self._ledger.begin(seq, delivery.attempt, active=seq not in self.parked)

    def finish_all(self, finished: deque[Delivery]) -> None:
        while finished:
            self.finished += self.finish(finished.popleft().seq)

    def finish(self, seq: int) -> bool:
        """Strike a frame off; False if it was not out, as when it was finished before."""
        place = self.held.pop(seq, None)
        if place is None:
            return False
        if seq in self.parked:
            self.parked.discard(seq)
        else:
            self.lanes.release(*place)
        self._ledger.strike(seq)
        if self.replays:
            self.replays.pop(seq, None)
        return True

    def park(self, delivery: Delivery) -> None:
        """A waiting frame needs no place, and no crash will be its fault."""
        place = self.held.get(delivery.seq)
        if place is not None and delivery.seq not in self.parked:
            self.parked.add(delivery.seq)
            self.lanes.release(*place)
            self._ledger.begin(delivery.seq, delivery.attempt, active=False)

    def unpark(self, delivery: Delivery) -> None:
        if delivery.seq in self.parked:
            self.parked.discard(delivery.seq)
            self.lanes.occupy(*self.held[delivery.seq])
            self._ledger.begin(delivery.seq, delivery.attempt, active=True)
