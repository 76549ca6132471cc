"""Which frames are recorded, in memory and as the rows that say the same."""

from __future__ import annotations

import time
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable

from signalbot.infrastructure.inbox_journal import Journal
from signalbot.infrastructure.inbox_state import RUNNING, encode_state
from signalbot.infrastructure.seen import BUCKET, SeenKeys, pack_keys
from signalbot.infrastructure.segments import (
    Frame,
    Segment,
    SegmentTable,
    compact,
    decode,
    encode,
    without_key,
)

STATE = "m:state"
KEYS_PER_ROW = 256
_GROUPS_AT_ONCE = 16
_CACHE_BYTES = 2**20


def segment_row(slot: int) -> str:
    return f"j:{slot:08x}"


def keys_row(number: int) -> str:
    return f"s:{number:08x}"


class Ledger:
    """Every recorded frame until it is done; each change stages the rows that it needs.

    Attributes:
        saves: whether segments go to the disk; if not, they stay in memory.
        running: packed entries of frames whose handler was, or may have been, begun.
        handed: frames handed out by a later commit than the one that recorded them.
        unsaved_bytes: size of the segments that are not on disk.
    """

    def __init__(self, journal: Journal, seen: SeenKeys, clock: Callable[[], float]) -> None:
        self.journal = journal
        self.seen = seen
        self.table = SegmentTable()
        self.saves = True
        self.running: dict[int, bytes] = {}
        self.crashes: dict[int, int] = {}
        self.attempts: dict[int, int] = {}
        self.handed: set[int] = set()
        self.next_seq = 1
        self.next_letter = 1
        self.next_keys = 1
        self.next_slot = 0
        self.recent: array[int] = array("Q")
        self.keys_rows: deque[tuple[int, float]] = deque()
        self.unsaved_bytes = 0
        self.is_dirty = False
        self.is_touched = False
        """Begun attempts changed, which is no reason for a commit of its own."""
        # Begun since the last commit; most of it is finished before the next.
        self._begun: dict[int, tuple[int, bool]] = {}
        self._clock = clock
        self._unsaved: dict[int, Segment] = {}
        self._partial: dict[int, Segment] = {}
        self._free: array[int] = array("I")
        # Rows by slot, decoded when first asked for: what was spilled a moment ago is mostly
        # wanted soon, and then needs no read.
        self._cache: OrderedDict[int, tuple[int, bytes | dict[int, Frame]]] = OrderedDict()
        self._cache_bytes = 0

    def add(
        self, headers: list[bytes], raws: list[bytes], keys: array[int], has_waiting: bool
    ) -> None:
        """Record frames, numbered from ``next_seq``, as one segment."""
        blob = encode(headers, raws)
        first, self.next_seq = self.next_seq, self.next_seq + len(raws)
        seqs = range(first, self.next_seq)
        # Only a segment that is staged may overwrite a row: otherwise the state would no longer
        # say that the old one is done.
        reuses = self.saves and len(self._free) > 0
        segment = Segment(
            self._free.pop() if reuses else self.next_slot, seqs, keys, blob, time.monotonic()
        )
        segment.has_row = reuses
        self.next_slot += not reuses
        self.table.append(segment)
        self._keep(segment, blob)
        if has_waiting:
            self._remember(segment.slot, len(blob), blob)

    def restore(self, segment: Segment, mask: int) -> None:
        """Take over a segment that an earlier process recorded."""
        segment.blob = None
        segment.has_row = True
        segment.done = mask
        segment.left = len(segment.seqs) - mask.bit_count()
        self.table.append(segment)
        if mask:
            self._partial[segment.slot] = segment

    def drop(self, segment: Segment) -> None:
        """Give up a segment without unfinished frames."""
        self._retire(segment)

    def free_row(self, slot: int) -> None:
        """Offer a row for reuse whose frames are all done."""
        self._free.append(slot)

    def strike(self, seq: int) -> None:
        """A frame is done; its row goes when all others in it are."""
        segment = self.table.find(seq)
        if not segment.strike(seq):
            return
        self.table.frames -= 1
        self.is_dirty = True
        self.handed.discard(seq)
        self._begun.pop(seq, None)
        if self.running.pop(seq, None) is not None:
            self.attempts.pop(seq, None)
            self.crashes.pop(seq, None)
        if segment.left:
            self._partial[segment.slot] = segment
        else:
            self._retire(segment)

    def withdraw(self, seq: int, key: int) -> None:
        """Strike off a frame that no commit has stored: whoever brings it again brings it first."""
        segment = self.table.find(seq)
        self.seen.discard(key)
        if key in segment.keys:
            # Not only here: a later commit would make the disk remember what it never had.
            segment.keys.remove(key)
            if segment.blob is not None:
                segment.blob = without_key(segment.blob, segment.seqs.index(seq))
                if self.saves:
                    self.journal.set(segment_row(segment.slot), segment.blob)
        self.strike(seq)

    def begin(self, seq: int, attempts: int, active: bool) -> None:
        """Note how often the frame was begun; only an active one can have caused a crash."""
        self._begun[seq] = (attempts, active)
        self.is_touched = True

    def hand(self, seq: int) -> None:
        """A waiting frame is handed out with the next commit."""
        self.handed.add(seq)
        self.is_dirty = True

    def look_up(self, seq: int) -> Frame | None:
        """Read a frame that may be done by now: None then; raises like :meth:`load`."""
        segment = self.table.find(seq) if len(self.table) else None
        if segment is None or seq not in segment.seqs or segment.is_done(seq):
            return None
        return self._frames(segment)[seq]

    def load(self, seq: int) -> Frame:
        """Read a recorded frame.

        Raises:
            KeyError, ValueError: if its row is gone or damaged.
            sqlite3.Error, Timeout, OSError: if the disk cannot be read now.
        """
        return self._frames(self.table.find(seq))[seq]

    def shrink(self, seq: int, size: int) -> None:
        """A waiting frame of this size was given up: its room counts as free at once."""
        segment = self.table.find(seq)
        segment.size -= size
        self.table.bytes -= size
        if segment.slot in self._unsaved:
            self.unsaved_bytes -= size

    def stage(self, *, clean: bool = False) -> None:
        """Put the state row into the next commit."""
        if len(self.recent) >= KEYS_PER_ROW:
            self._store_keys()
        for seq, (attempts, active) in self._begun.items():
            self.attempts[seq] = attempts
            self.running[seq] = RUNNING.pack(
                seq, min(attempts, 0xFFFF), self.crashes.get(seq, 0), active
            )
        self._begun.clear()
        self.journal.set(
            STATE,
            encode_state(
                clean=clean,
                next_seq=self.next_seq,
                next_letter=self.next_letter,
                next_keys=self.next_keys,
                masks=[(slot, segment.done) for slot, segment in self._partial.items()],
                free=self._free,
                running=list(self.running.values()),
                handed=array("Q", self.handed),
                keys=self.recent,
            ),
        )
        self.is_dirty = self.is_touched = False

    def saved(self) -> None:
        """The commit succeeded: the staged segments need no memory any more."""
        if not self.saves or not self._unsaved:
            return
        for segment in self._unsaved.values():
            segment.blob = None
            segment.has_row = True
        self._unsaved.clear()
        self.unsaved_bytes = 0

    def save_again(self) -> None:
        """Stage what was kept in memory only."""
        self.saves = True
        for slot, segment in self._unsaved.items():
            if segment.blob is not None:
                self.journal.set(segment_row(slot), segment.blob)
                self.is_dirty = True

    def sweep(self, keep: int) -> None:
        """Delete rows whose frames are done, except a few for the next segments."""
        while len(self._free) > keep:
            self.journal.delete(segment_row(self._free.pop(0)))
            self.is_dirty = True

    def compact(self, min_age: float) -> None:
        """Join small rows, and rewrite those that are for the most part done.

        Not while segments that belong on the disk stay in memory: a rewritten row must be staged.
        """
        groups = self.table.groups_to_compact(time.monotonic() - min_age)
        # A few at a time: what is left has its turn in a second, and frames do not wait so long.
        for group in groups[:_GROUPS_AT_ONCE]:
            frames = [
                frame
                for segment in group
                for seq, frame in self._frames(segment).items()
                if not segment.is_done(seq)
            ]
            blob, seqs, keys = compact(frames, self.handed)
            merged = Segment(group[0].slot, seqs, keys, blob, group[-1].born)
            merged.has_row = group[0].has_row
            self.handed.difference_update(seqs)
            left = set(keys)
            for segment in group:
                self.recent.extend(key for key in segment.keys if key not in left)
                self._forget(segment)
                if segment is not group[0] and segment.has_row:
                    self._free.append(segment.slot)
            self.table.replace(group, merged)
            self._keep(merged, blob)

    def forget_old_keys(self, now: float, keep_for: float) -> None:
        """Delete rows of keys that are past their time."""
        self.seen.forget_old(now)
        while self.keys_rows and now - self.keys_rows[0][1] > keep_for + BUCKET:
            self.journal.delete(keys_row(self.keys_rows.popleft()[0]))
            self.is_dirty = True

    def _keep(self, segment: Segment, blob: bytes) -> None:
        self._unsaved[segment.slot] = segment
        self.unsaved_bytes += segment.size
        if self.saves:
            self.journal.set(segment_row(segment.slot), blob)
        self.is_dirty = True

    def _retire(self, segment: Segment) -> None:
        self.table.remove(segment)
        self.recent.extend(segment.keys)
        self._forget(segment)
        if segment.has_row:
            self._free.append(segment.slot)

    def _forget(self, segment: Segment) -> None:
        self._partial.pop(segment.slot, None)
        size, _ = self._cache.pop(segment.slot, (0, b""))
        self._cache_bytes -= size
        if self._unsaved.pop(segment.slot, None) is not None:
            self.unsaved_bytes -= segment.size
            self.journal.forget(segment_row(segment.slot))

    def _store_keys(self) -> None:
        now = self._clock()
        self.journal.set(keys_row(self.next_keys), pack_keys(self.recent, now))
        self.keys_rows.append((self.next_keys, now))
        self.next_keys += 1
        self.recent = array("Q")

    def _frames(self, segment: Segment) -> dict[int, Frame]:
        size, known = self._cache.get(segment.slot, (0, b""))
        if isinstance(known, dict):
            self._cache.move_to_end(segment.slot)
            return known
        blob = known or segment.blob or self.journal.get(segment_row(segment.slot))
        if blob is None:
            raise ValueError("the row of a segment is gone")
        frames = {frame.seq: frame for frame in decode(blob)}
        self._cache.pop(segment.slot, None)
        self._cache_bytes -= size
        self._remember(segment.slot, len(blob), frames)
        return frames

    def _remember(self, slot: int, size: int, rows: bytes | dict[int, Frame]) -> None:
        self._cache[slot] = (size, rows)
        self._cache_bytes += size
        while self._cache_bytes > _CACHE_BYTES and len(self._cache) > 1:
            _, (old, _) = self._cache.popitem(last=False)
            self._cache_bytes -= old
