"""The inbox's state row: what the segments alone do not tell."""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass, field

VERSION = 1
_HEAD = struct.Struct("<BBQQQIIIII")
_MASK = struct.Struct("<II")
RUNNING = struct.Struct("<QHBB")

CLEAN = 1


@dataclass(slots=True)
class InboxState:
    """Everything that must survive ``kill -9`` besides the frames themselves.

    It is written in the same transaction as the segments it speaks of.

    Attributes:
        clean: the last owner closed the inbox in order.
        masks: slot to its segment's done bits, where some are done.
        free: slots whose row is still there although all its frames are done.
        running: frame to (attempts, crashes, is active) for frames whose handler was begun, or
            may have been begun before a crash.
        handed: frames handed out later than the commit that recorded them.
        keys: dedupe keys of frames that have left, as many as do not fill a row yet.
    """

    clean: bool = True
    next_seq: int = 1
    next_letter: int = 1
    next_keys: int = 1
    masks: dict[int, int] = field(default_factory=dict)
    free: array[int] = field(default_factory=lambda: array("I"))
    running: dict[int, tuple[int, int, bool]] = field(default_factory=dict)
    handed: array[int] = field(default_factory=lambda: array("Q"))
    keys: array[int] = field(default_factory=lambda: array("Q"))


def encode_state(
    *,
    clean: bool,
    next_seq: int,
    next_letter: int,
    next_keys: int,
    masks: list[tuple[int, int]],
    free: array[int],
    running: list[bytes],
    handed: array[int],
    keys: array[int],
) -> bytes:
    """The row; ``running`` comes packed, since most of it does not change between two commits."""
    parts = [
        _HEAD.pack(
            VERSION,
            CLEAN if clean else 0,
            next_seq,
            next_letter,
            next_keys,
            len(masks),
            len(free),
            len(running),
            len(handed),
            len(keys),
        )
    ]
    for slot, done in masks:
        width = (done.bit_length() + 7) >> 3
        parts.append(_MASK.pack(slot, width))
        parts.append(done.to_bytes(width, "little"))
    parts.append(free.tobytes())
    parts += running
    parts.append(handed.tobytes())
    parts.append(keys.tobytes())
    return b"".join(parts)


def decode_state(row: bytes) -> InboxState:
    """Read the row.

    Raises:
        ValueError: if it is damaged, or of a version this library does not know.
    """
    try:
        version, flags, seq, letter, next_keys, masks, free, running, handed, keys = (
            _HEAD.unpack_from(row)
        )
        if version != VERSION:
            raise ValueError(f"the state row has version {version}, expected {VERSION}")
        state = InboxState(bool(flags & CLEAN), seq, letter, next_keys)
        offset = _HEAD.size
        for _ in range(masks):
            slot, width = _MASK.unpack_from(row, offset)
            offset += _MASK.size
            state.masks[slot] = int.from_bytes(row[offset : offset + width], "little")
            offset += width
        offset = _read(state.free, row, offset, free)
        for _ in range(running):
            number, attempts, crashes, active = RUNNING.unpack_from(row, offset)
            state.running[number] = (attempts, crashes, bool(active))
            offset += RUNNING.size
        offset = _read(state.handed, row, offset, handed)
        offset = _read(state.keys, row, offset, keys)
    except struct.error as error:
        raise ValueError("the state row is cut short") from error
    if offset != len(row):
        raise ValueError("the state row has a wrong length")
    return state


def _read(target: array[int], row: bytes, offset: int, count: int) -> int:
    end = offset + count * target.itemsize
    if end > len(row):
        raise ValueError("the state row is cut short")
    target.frombytes(row[offset:end])
    return end
