"""Frames in rows: many frames to a row, as one row per frame would cost ten times as much.

A segment is one row of the inbox. It is written once with all frames of a group commit, and its
frames are struck off in the state row. When all are done, its slot (the row) is overwritten by a
later segment: an update in place costs a third of a delete with an insert.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HANDED = 1
"""Flag of a frame that was handed out in the commit which recorded it."""

SOURCES = ("websocket", "polling", "webhook", "feed", "replay")
SOURCE_CODES = {name: code for code, name in enumerate(SOURCES)}

VERSION = 1
_HEAD = struct.Struct("<BI")
# seq, received_at, dedupe key (0: none), lane, length, source, flags, replays
HEADER = struct.Struct("<QdQIIBBH")
_KEY_AT = struct.calcsize("<Qd")
_NO_KEY = bytes(8)

MAX_FRAMES = 64
"""Frames in a segment: enough to make the cost of the row vanish, few enough to load at once."""

MAX_BYTES = 4 * 2**20
"""A segment takes no further frame above this, so that loading one costs little memory."""


class Frame(NamedTuple):
    """One recorded frame, as its row tells it."""

    seq: int
    received_at: float
    key: int
    lane: int
    raw: bytes
    source: int
    flags: int
    replays: int


def lane_of(chat: str | None) -> int:
    """The chat as a small number: 100,000 of them cost a fifth of the memory of their names.

    Two chats may share a number; they then share a place in the rotation, which is harmless.
    """
    return 0 if chat is None else zlib.crc32(chat.encode("utf-8", "surrogatepass"))


def encode(headers: list[bytes], raws: list[bytes]) -> bytes:
    """The row of a segment, from packed headers and their frames."""
    return b"".join((_HEAD.pack(VERSION, len(raws)), *headers, *raws))


def decode(blob: bytes) -> list[Frame]:
    """The frames of a row.

    Raises:
        ValueError: if the row is damaged, or of a version this library does not know.
    """
    try:
        version, count = _HEAD.unpack_from(blob)
        start = _HEAD.size + count * HEADER.size
        if version != VERSION or start > len(blob):
            raise ValueError("not a segment of this version")
        frames = []
        for seq, received_at, key, lane, length, source, flags, replays in HEADER.iter_unpack(
            blob[_HEAD.size : start]
        ):
            raw = blob[start : start + length]
            start += length
            frames.append(Frame(seq, received_at, key, lane, raw, source, flags, replays))
        if start != len(blob):
            raise ValueError("a segment is cut short")
    except struct.error as error:
        raise ValueError("a segment is cut short") from error
    return frames


def without_key(blob: bytes, index: int) -> bytes:
    """The row with the dedupe key of one of its frames taken out."""
    at = _HEAD.size + index * HEADER.size + _KEY_AT
    return b"".join((blob[:at], _NO_KEY, blob[at + len(_NO_KEY) :]))


class Segment:
    """What the inbox keeps in memory of a row: which of its frames are done.

    Attributes:
        seqs: the frames' numbers, ascending; a range while none was compacted away.
        keys: their dedupe keys, without the zeros.
        done: bit i is set when frame i is finished.
        left: how many are not.
        size: bytes of the row.
        blob: the row itself for as long as it is not on disk, else None.
        has_row: whether the slot stands on disk, with this segment or an earlier one.
    """

    __slots__ = ("blob", "born", "done", "has_row", "keys", "left", "seqs", "size", "slot")

    def __init__(
        self, slot: int, seqs: range | array[int], keys: array[int], blob: bytes, born: float
    ) -> None:
        self.slot = slot
        self.seqs = seqs
        self.keys = keys
        self.done = 0
        self.left = len(seqs)
        self.size = len(blob)
        self.born = born
        self.blob: bytes | None = blob
        self.has_row = False

    def strike(self, seq: int) -> bool:
        """Mark a frame as done; False if it was."""
        bit = 1 << self.seqs.index(seq)
        if self.done & bit:
            return False
        self.done |= bit
        self.left -= 1
        return True

    def is_done(self, seq: int) -> bool:
        return bool(self.done >> self.seqs.index(seq) & 1)

    def unfinished(self) -> Iterator[int]:
        """The numbers of the frames that are not done, ascending."""
        done = self.done
        return (seq for index, seq in enumerate(self.seqs) if not done >> index & 1)


class SegmentTable:
    """The live segments in the order of their frames; their ranges never overlap."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._firsts: list[int] = []
        self.bytes = 0
        self.frames = 0

    def __iter__(self) -> Iterator[Segment]:
        return iter(self._segments)

    def __len__(self) -> int:
        return len(self._segments)

    def append(self, segment: Segment) -> None:
        """Add the newest segment."""
        self._segments.append(segment)
        self._firsts.append(segment.seqs[0])
        self.bytes += segment.size
        self.frames += segment.left

    def find(self, seq: int) -> Segment:
        """The segment that holds the frame; it must be there."""
        return self._segments[bisect_right(self._firsts, seq) - 1]

    def remove(self, segment: Segment) -> None:
        """Forget a segment."""
        index = bisect_right(self._firsts, segment.seqs[0]) - 1
        del self._segments[index], self._firsts[index]
        self.bytes -= segment.size
        self.frames -= segment.left

    def replace(self, group: list[Segment], merged: Segment) -> None:
        """Put one segment in the place of neighbours."""
        index = bisect_right(self._firsts, group[0].seqs[0]) - 1
        self._segments[index : index + len(group)] = [merged]
        self._firsts[index : index + len(group)] = [merged.seqs[0]]
        self.bytes += merged.size - sum(segment.size for segment in group)

    def groups_to_compact(
        self, born_before: float, max_frames: int = MAX_FRAMES, max_bytes: int = 2**18
    ) -> list[list[Segment]]:
        """Neighbours that are worth one new row together: small, or for the most part done.

        Each rewriting at least halves a row or joins two, so a frame is rewritten a few times at
        the most, however long it waits.
        """
        groups: list[list[Segment]] = []
        group: list[Segment] = []
        frames = size = 0
        for segment in self._segments:
            count = len(segment.seqs)
            is_small = segment.left <= max_frames // 2 and segment.size <= max_bytes // 2
            if segment.born >= born_before or not (segment.left * 2 <= count or is_small):
                _close_group(groups, group)
                group, frames, size = [], 0, 0
                continue
            if group and (frames + segment.left > max_frames or size + segment.size > max_bytes):
                _close_group(groups, group)
                group, frames, size = [], 0, 0
            group.append(segment)
            frames += segment.left
            size += segment.size
        _close_group(groups, group)
        return groups


def _close_group(groups: list[list[Segment]], group: list[Segment]) -> None:
    if len(group) > 1 or (group and group[0].left * 2 <= len(group[0].seqs)):
        groups.append(group)


def compact(frames: Iterable[Frame], handed: set[int]) -> tuple[bytes, array[int], array[int]]:
    """Row, numbers and keys of a segment with just these frames; ``handed`` get their flag."""
    headers, raws = [], []
    seqs: array[int] = array("Q")
    keys: array[int] = array("Q")
    for frame in frames:
        flags = frame.flags | (HANDED if frame.seq in handed else 0)
        headers.append(
            HEADER.pack(
                frame.seq,
                frame.received_at,
                frame.key,
                frame.lane,
                len(frame.raw),
                frame.source,
                flags,
                frame.replays,
            )
        )
        raws.append(frame.raw)
        seqs.append(frame.seq)
        if frame.key:
            keys.append(frame.key)
    return encode(headers, raws), seqs, keys
