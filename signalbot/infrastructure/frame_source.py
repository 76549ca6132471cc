"""What all ways of receiving have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OnFrame = Callable[[bytes, float], None]
"""Takes one frame's bytes and the time of its arrival (seconds since the epoch), at once."""


@dataclass
class SourceStats:
    """What a frame source has seen; written by its reader, read by anybody.

    Attributes:
        frames: messages handed over.
        bytes: their sizes added up.
        last_frame_at: when the last one came (seconds since the epoch), 0.0 before the first.
        last_heard_at: the same for any sign of life: pongs, polls that brought nothing.
    """

    frames: int = 0
    bytes: int = 0
    last_frame_at: float = 0.0
    last_heard_at: float = 0.0

    def count(self, size: int, at: float) -> None:
        """Note one frame."""
        self.frames += 1
        self.bytes += size
        self.last_frame_at = at
