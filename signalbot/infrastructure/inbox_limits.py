"""How much the inbox may hold, on disk and in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from signalbot.infrastructure.inbox_ledger import Ledger
from signalbot.infrastructure.safe_disk import DATABASE

Overflow = Literal["dead_letter", "drop_oldest", "drop_newest"]

MAX_MEMORY = 64 * 2**20
"""Bytes of frames that may stand in memory alone, whatever the reason."""

_NEAR = 0.9


class InboxLimits:
    """Answers whether one more frame fits. Touched by the inbox thread alone.

    ``near`` begins at nine tenths: there typing and receipts go, so that messages stay.
    """

    def __init__(
        self,
        ledger: Ledger,
        directory: Path,
        *,
        overflow: Overflow,
        max_bytes: int,
        max_memory: int,
        min_free_bytes: int,
    ) -> None:
        self.overflow = overflow
        self._ledger = ledger
        self._directory = directory
        self._max_bytes = max_bytes
        self._max_memory = max_memory
        self._min_free_bytes = min_free_bytes
        self._database_bytes = 0
        self.shortage: str | None = None

    def room(self) -> float:
        """Bytes that may come until frames that nobody would miss must go."""
        return self._left(_NEAR)

    def is_reached(self) -> bool:
        """Whether the next frame needs the overflow policy."""
        return self._left(1.0) <= 0

    def may_bury(self) -> bool:
        """Whether a frame that is given up may go to the dead letters, which need disk too.

        They have as much room as the inbox itself: beyond, a flood would fill the disk by way of
        its own dead letters.
        """
        return (
            self._ledger.journal.refusal is None
            and self.shortage is None
            and self._database_bytes < 2 * self._max_bytes + 2**20
        )

    def look(self) -> None:
        """Ask the file system how much room there is."""
        try:
            info = os.statvfs(self._directory) if hasattr(os, "statvfs") else None
            names = (DATABASE, f"{DATABASE}-wal")
            self._database_bytes = sum((self._directory / name).stat().st_size for name in names)
        except OSError:
            return  # the next commit will tell
        if info is None:
            return
        free = info.f_bavail * info.f_frsize
        self.shortage = (
            f"only {free // 2**20} MiB are free on the disk of {self._directory}"
            if free < self._min_free_bytes
            else None
        )

    def _left(self, part: float) -> float:
        ledger = self._ledger
        left = self._max_bytes * part - ledger.table.bytes
        if not ledger.saves or ledger.journal.refusal is not None:
            left = min(left, self._max_memory * part - ledger.unsaved_bytes)
        return left
