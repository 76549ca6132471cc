"""The dead letters as they stand on disk, for a process that does not own the inbox.

diskcache writes its settings on every open, so looking through it would compete with the owner.
A plain SQLite connection in query-only mode does not; it trusts a row no more than SafeDisk does.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from signalbot.errors import StorageError
from signalbot.infrastructure.dead_letter_store import PREFIX, decode_letter, letter_row
from signalbot.infrastructure.safe_disk import DATABASE, MODE_RAW, literal_path
from signalbot.infrastructure.storage.inbox_base import ALL, DeadLetter, DeadLetterFilter

_BATCH = 500
_AFTER = PREFIX[:-1] + chr(ord(PREFIX[-1]) + 1)
_ROW = "key, value FROM Cache WHERE raw = 1 AND mode = ? AND filename IS NULL"


@contextlib.contextmanager
def without_owner(directory: Path) -> Iterator[bool]:
    """Keep a bot from starting meanwhile; False if one is running (or nobody can tell)."""
    if not directory.is_dir():
        yield False
        return
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _is_locked_by_us(descriptor)
    finally:
        os.close(descriptor)


def _is_locked_by_us(descriptor: int) -> bool:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


class DeadLetterFile:
    """Reads beside a running owner; use as a context manager.

    Raises:
        StorageError: from every method, if the file cannot be read.
    """

    def __init__(self, directory: Path) -> None:
        self._path = Path(literal_path(directory)) / DATABASE
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> DeadLetterFile:
        if self._path.exists():
            with self._reporting():
                self._connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
                self._connection.execute("PRAGMA secure_delete = on")
                self._connection.execute("PRAGMA query_only = on")
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def find(self, where: DeadLetterFilter = ALL, limit: int | None = None) -> list[DeadLetter]:
        """The newest that fit, newest first."""
        found: list[DeadLetter] = []
        for letter in self._all():
            if limit is not None and len(found) >= limit:
                break
            if where.matches(letter):
                found.append(letter)
        return found

    def get(self, id: int) -> DeadLetter | None:
        for key, value in self._query(f"SELECT {_ROW} AND key = ?", MODE_RAW, letter_row(id)):
            return _read(key, value)
        return None

    def count(self, where: DeadLetterFilter = ALL) -> int:
        if not where.matches_all:
            return sum(where.matches(letter) for letter in self._all())
        rows = self._query(
            "SELECT count(*), 0 FROM Cache WHERE key >= ? AND key < ?", PREFIX, _AFTER
        )
        return int(rows[0][0]) if rows else 0

    def purge(self, which: Iterable[int] | DeadLetterFilter) -> int:
        """Delete letters; only while there is no owner, who counts them."""
        if isinstance(which, DeadLetterFilter):
            ids: Iterable[int] = [letter.id for letter in self.find(which)]
        else:
            ids = which
        if self._connection is None:
            return 0
        with self._reporting():
            connection = self._connection
            connection.execute("PRAGMA query_only = off")
            connection.execute("BEGIN IMMEDIATE")
            count = connection.executemany(
                "DELETE FROM Cache WHERE key = ? AND raw = 1", [(letter_row(id),) for id in ids]
            ).rowcount
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return max(0, count)

    def _all(self) -> Iterator[DeadLetter]:
        """Newest first, some at a time: there may be a million."""
        below = _AFTER
        while True:
            rows = self._query(
                f"SELECT {_ROW} AND key >= ? AND key < ? ORDER BY key DESC LIMIT ?",
                MODE_RAW,
                PREFIX,
                below,
                _BATCH,
            )
            for key, value in rows:
                letter = _read(key, value)
                if letter is not None:
                    yield letter
            if len(rows) < _BATCH:
                return
            below = rows[-1][0]

    def _query(self, statement: str, *values: object) -> list[tuple[str, bytes]]:
        if self._connection is None:
            return []
        with self._reporting():
            return self._connection.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"Cannot read {self._path}: {error}.") from error


def _read(key: str, value: bytes) -> DeadLetter | None:
    try:
        return decode_letter(int(key[len(PREFIX) :], 16), bytes(value))
    except (ValueError, TypeError):
        return None
