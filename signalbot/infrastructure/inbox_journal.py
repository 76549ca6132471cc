"""Writes that are collected, then committed together, and kept when the disk refuses them."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from itertools import islice

from diskcache import Cache, Timeout

from signalbot.infrastructure.safe_disk import checkpoint

RETRY_AFTER = 1.0
"""Seconds between two attempts while the disk refuses writes."""

_CHUNK = 100
_REFUSED = (sqlite3.Error, Timeout, OSError)


class Journal:
    """The rows of the inbox, written back in transactions.

    What stands in memory is the truth; the disk follows. A commit that fails loses nothing: its
    writes stay here and go along with the next one. Touched by the inbox thread alone; ``lock``
    is held whenever SQLite runs, so that a fork can wait for a quiet moment.
    """

    def __init__(self, cache: Cache, lock: threading.Lock) -> None:
        self._cache = cache
        self._lock = lock
        self._pending: dict[str, bytes | int | None] = {}
        self._next_try = 0.0
        self.refusal: str | None = None
        self.commits = 0
        self.is_truncated = False

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    @property
    def may_try(self) -> bool:
        """Whether a commit makes sense now: not within a second of a refused one."""
        return self.refusal is None or time.monotonic() >= self._next_try

    def set(self, key: str, value: bytes | int) -> None:
        self._pending[key] = value

    def delete(self, key: str) -> None:
        self._pending[key] = None

    def forget(self, key: str) -> None:
        """Take back a write that is not committed yet."""
        self._pending.pop(key, None)

    def get(self, key: str) -> bytes | None:
        """A row as it is after all writes; None if there is none.

        Raises:
            sqlite3.Error, Timeout, OSError: if the disk cannot be read now.
            ValueError: if it is no row that this library writes.
        """
        if key in self._pending:
            value = self._pending[key]
        else:
            with self._lock:
                value = self._cache.get(key)
        if value is not None and not isinstance(value, bytes):
            raise ValueError(f"row {key} holds no bytes")
        return value

    def has(self, key: str) -> bool:
        """Whether there is such a row, readable or not."""
        if key in self._pending:
            return self._pending[key] is not None
        with self._lock:
            return key in self._cache

    def count(self) -> int:
        """How many rows are on disk."""
        with self._lock:
            return len(self._cache)

    def keys(self, prefix: str) -> Iterator[str]:
        """The committed keys with this prefix, ascending; for the start, when there are few.

        diskcache finds the next keys by walking over all before them, so a walk through a
        million takes hours.
        """
        rows = self._cache.iterkeys()
        while True:
            with self._lock:
                chunk = list(islice(rows, _CHUNK))
            for key in chunk:
                if isinstance(key, str) and key.startswith(prefix):
                    yield key
                elif isinstance(key, str) and key > prefix:
                    return
            if not chunk:
                return

    def last_key(self) -> str:
        """The last of all committed keys."""
        with self._lock:
            return str(next(self._cache.iterkeys(reverse=True), ""))

    def commit(self) -> bool:
        """Write all that is collected in one transaction; False if the disk refused it."""
        cache, pending = self._cache, self._pending
        try:
            with self._lock, cache.transact(retry=False):
                for key, value in pending.items():
                    if value is None:
                        cache.delete(key)
                    else:
                        cache.set(key, value)
        except _REFUSED as error:
            self.refusal = _reason(error)
            self._next_try = time.monotonic() + RETRY_AFTER
            # A failed COMMIT may leave the connection inside its transaction, which would refuse
            # every later one; diskcache opens a new connection by itself.
            with self._lock, contextlib.suppress(*_REFUSED):
                cache.close()
            return False
        pending.clear()
        self.refusal = None
        self.commits += 1
        self.is_truncated = False
        return True

    def truncate(self) -> None:
        """Empty SQLite's log, so that deleted texts are gone from the disk."""
        with self._lock, contextlib.suppress(*_REFUSED):
            checkpoint(self._cache)
        self.is_truncated = True

    def close(self) -> None:
        with self._lock, contextlib.suppress(*_REFUSED):
            self._cache.close()


def _reason(error: Exception) -> str:
    # diskcache raises an empty Timeout for a locked and for a read-only database alike.
    return str(error) or "the database is locked or read-only"
