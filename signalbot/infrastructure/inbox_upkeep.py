"""The inbox's housekeeping, a little about once a second."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from diskcache import Timeout

from signalbot.infrastructure.dead_letter_store import DeadLetterStore, Job
from signalbot.infrastructure.inbox_ledger import Ledger
from signalbot.infrastructure.inbox_limits import InboxLimits

_SPARE_ROWS = 8
_COMPACT_AGE = 5.0
_CHECKPOINT_AFTER = 5.0
_EXPIRE_EVERY = 60.0


class Upkeep:
    """Knows what is due; touched by the inbox thread alone."""

    def __init__(
        self,
        ledger: Ledger,
        letters: DeadLetterStore,
        limits: InboxLimits,
        *,
        is_durable: bool,
        dedupe_for: float,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._letters = letters
        self._limits = limits
        self._is_durable = is_durable
        self._dedupe_for = dedupe_for
        self._clock = clock
        self._last_expiry = 0.0
        self._last_work = 0.0
        self._commits = 0

    def run(self, now: float) -> Job | None:
        """Do what is due; ``now`` is monotonic. The job, if any, is to be run in slices."""
        ledger, journal = self._ledger, self._ledger.journal
        if self._letters.count and now - self._last_expiry > _EXPIRE_EVERY:
            self._last_expiry = now
            expiry = self._letters.expire()
        else:
            expiry = None
        is_idle = journal.commits == self._commits and not ledger.is_dirty
        if is_idle and journal.is_truncated and self._limits.shortage is None:
            return expiry
        if not is_idle:
            self._commits, self._last_work = journal.commits, now
        self._limits.look()
        self._keep_durable()
        ledger.sweep(0 if is_idle else _SPARE_ROWS)
        ledger.forget_old_keys(self._clock(), self._dedupe_for)
        if ledger.is_touched:
            ledger.is_dirty = True
        if journal.refusal is None:
            if ledger.saves or not self._is_durable:
                self._compact()
            if now - self._last_work > _CHECKPOINT_AFTER and not ledger.is_dirty:
                journal.truncate()
        return expiry

    def _keep_durable(self) -> None:
        ledger = self._ledger
        if not self._is_durable:
            return
        if self._limits.shortage is not None:
            ledger.saves = False
        elif not ledger.saves:
            ledger.save_again()

    def _compact(self) -> None:
        try:
            self._ledger.compact(_COMPACT_AGE)
        except (sqlite3.Error, Timeout, OSError, ValueError, KeyError):
            # Nothing is lost: the rows stay as they are, and whoever needs them will report it.
            return
