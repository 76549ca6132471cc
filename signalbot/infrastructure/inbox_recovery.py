"""What an earlier process left in the inbox, taken over at the start."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field

from signalbot.infrastructure.dead_letter_store import PREFIX, letter_id
from signalbot.infrastructure.inbox_journal import Journal
from signalbot.infrastructure.inbox_lanes import Lanes
from signalbot.infrastructure.inbox_ledger import STATE, Ledger
from signalbot.infrastructure.inbox_state import InboxState, decode_state
from signalbot.infrastructure.seen import unpack_keys
from signalbot.infrastructure.segments import HANDED, Frame, Segment, decode


@dataclass(slots=True)
class Recovered:
    """What needs more than taking over.

    Attributes:
        crashed: frames that were running in too many crashes, with their attempts.
        damaged: key and content of rows that cannot be read.
        letters: how many dead letters there are, with numbers among ``letter_ids``.
    """

    crashed: list[tuple[Frame, int]] = field(default_factory=list)
    damaged: list[tuple[str, bytes]] = field(default_factory=list)
    letters: int = 0
    letter_ids: range = range(1, 1)


@dataclass(slots=True)
class _Row:
    segment: Segment
    lanes: array[int]
    flagged: list[int]
    crashed: dict[int, Frame]


def recover(ledger: Ledger, lanes: Lanes, *, now: float, max_crashes: int) -> Recovered:
    """Fill an empty ledger from its rows; every unfinished frame waits in its lane.

    A frame counts as possibly begun if it had been handed out before a crash, whether or not its
    beginning was recorded: a frame may come back marked for nothing, never unmarked for something.

    Raises:
        ValueError: if a row was not written by this library.
        sqlite3.Error, Timeout, OSError: if the disk cannot be read.
    """
    journal = ledger.journal
    found = Recovered()
    row = journal.get(STATE)
    state = decode_state(row) if row is not None else InboxState()
    ledger.next_seq, ledger.next_letter = state.next_seq, state.next_letter
    ledger.next_keys = state.next_keys
    others = sum(1 for _ in journal.keys("m:"))
    others += _restore_keys(ledger, state, now)

    if not state.clean:
        for seq, (attempts, crashes, active) in state.running.items():
            state.running[seq] = (attempts, crashes + active, False)
    over = {seq for seq, (_, crashes, _) in state.running.items() if crashes >= max_crashes}
    rows = []
    for key in journal.keys("j:"):
        others += 1
        slot = int(key[2:], 16)
        ledger.next_slot = max(ledger.next_slot, slot + 1)
        if slot in state.free:
            ledger.free_row(slot)
            continue
        blob = journal.get(key) or b""
        try:
            rows.append(_read_row(slot, blob, over))
        except ValueError:
            found.damaged.append((key, blob))
    found.letters = journal.count() - others
    if found.letters:
        first, last = next(journal.keys(PREFIX)), journal.last_key()
        found.letter_ids = range(letter_id(first), letter_id(last) + 1)
        ledger.next_letter = max(ledger.next_letter, found.letter_ids.stop)

    handed = set(state.handed)
    for left in sorted(rows, key=lambda row: row.segment.seqs[0]):
        segment = left.segment
        ledger.restore(segment, state.masks.get(segment.slot, 0))
        if not segment.left:
            ledger.drop(segment)
            continue
        ledger.seen.add_all(segment.keys, now)
        lane_of_seq = dict(zip(segment.seqs, left.lanes, strict=True))
        was_handed = handed.union(left.flagged)
        for seq in segment.unfinished():
            if not state.clean and seq in was_handed:
                state.running.setdefault(seq, (0, 0, False))
            begun = state.running.get(seq)
            if begun is not None:
                ledger.crashes[seq] = min(begun[1], 0xFF)
                ledger.begin(seq, begun[0], active=False)
            if seq in left.crashed:
                found.crashed.append((left.crashed[seq], begun[0] if begun is not None else 0))
            else:
                lanes.wait(lane_of_seq[seq], seq)
    return found


def _restore_keys(ledger: Ledger, state: InboxState, now: float) -> int:
    """Oldest first, as the buckets of the keys are in the order of time."""
    journal: Journal = ledger.journal
    count = 0
    for key in journal.keys("s:"):
        count += 1
        when, keys = unpack_keys(journal.get(key) or b"")
        ledger.keys_rows.append((int(key[2:], 16), when))
        ledger.seen.add_all(keys, when)
    ledger.recent = state.keys
    ledger.seen.add_all(state.keys, now)
    return count


def _read_row(slot: int, blob: bytes, over: set[int]) -> _Row:
    frames = decode(blob)
    if not frames:
        raise ValueError("a segment without frames")
    first, last = frames[0].seq, frames[-1].seq
    seqs: range | array[int] = range(first, last + 1)
    if len(seqs) != len(frames):
        seqs = array("Q", [frame.seq for frame in frames])
    keys = array("Q", [frame.key for frame in frames if frame.key])
    return _Row(
        Segment(slot, seqs, keys, blob, time.monotonic()),
        array("L", [frame.lane for frame in frames]),
        [frame.seq for frame in frames if frame.flags & HANDED],
        {frame.seq: frame for frame in frames if frame.seq in over},
    )
