"""A storage in an SQLite file: survives restarts and ``kill -9``, shared by the processes here."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from signalbot.errors import StorageError
from signalbot.infrastructure.state_directory import make_private_file, prepare_directory
from signalbot.infrastructure.storage.base import KEEP, Life, Storage

FILE = "storage.db"

SCHEMA = 1
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {}
"""From a version to the function that makes the tables of the next one, in a transaction."""

_TABLES = (
    "CREATE TABLE item (place TEXT PRIMARY KEY, text TEXT NOT NULL, expires REAL)",
    "CREATE INDEX item_expires ON item (expires) WHERE expires IS NOT NULL",
    "CREATE TABLE lock (place TEXT PRIMARY KEY, token TEXT NOT NULL, expires REAL NOT NULL)",
)
_BUSY_TIMEOUT = 5.0
_GUARD_TIMEOUT = 30.0
_SWEEP_EVERY = 60.0
_SWEEP_AT_ONCE = 1000

_inherited: list[sqlite3.Connection] = []


class SqliteStorage(Storage):
    """``storage.db`` in a private directory, opened at the first use.

    One connection for all threads: measured with eight of them it is as fast as one connection
    each, hundreds of waiting conversations need no file handles, and it can be closed before a
    fork, which is the only way that SQLite allows. Each operation is one statement, committed by
    itself, so a kill leaves it done or not done. Across a power failure the last ones may be
    missing (``synchronous=NORMAL``); the file stays sound.

    Args:
        directory: made with mode 0700 if missing, refused if others may write in it.
        clock: seconds since the epoch, the same for all processes that share the file.
    """

    def __init__(self, directory: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._path = Path(directory) / FILE
        self._clock = clock
        # Guarded by _guard, as is every use of it; None until the first use and after close().
        self._connection: sqlite3.Connection | None = None
        self._pid = os.getpid()
        self._next_sweep = 0.0

    def __repr__(self) -> str:
        return f"<SqliteStorage {self._path}>"

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)  # none if __init__ failed
        if connection is not None and self._pid == os.getpid():
            connection.close()

    def close(self) -> None:
        with self._turn():
            self._disconnect()

    def _read(self, place: str) -> str | None:
        rows = self._run(
            "SELECT text FROM item WHERE place = ? AND (expires IS NULL OR expires > ?)",
            (place, self._clock()),
        )
        return rows[0][0] if rows else None

    def _write(self, place: str, text: str, ttl: float | None) -> None:
        self._count(
            "INSERT OR REPLACE INTO item (place, text, expires) VALUES (?, ?, ?)",
            (place, text, self._end(ttl)),
        )

    def _swap(self, place: str, old: str | None, new: str, ttl: Life) -> bool:
        end = None if ttl is KEEP else self._end(ttl)
        now = self._clock()
        if old is None:
            return self._did(
                "INSERT INTO item (place, text, expires) VALUES (?, ?, ?) ON CONFLICT (place)"
                " DO UPDATE SET text = excluded.text, expires = excluded.expires"
                " WHERE item.expires <= ?",
                (place, new, end, now),
            )
        if ttl is KEEP:
            return self._did(
                "UPDATE item SET text = ? WHERE place = ? AND text = ?"
                " AND (expires IS NULL OR expires > ?)",
                (new, place, old, now),
            )
        return self._did(
            "UPDATE item SET text = ?, expires = ? WHERE place = ? AND text = ?"
            " AND (expires IS NULL OR expires > ?)",
            (new, end, place, old, now),
        )

    def _remove(self, place: str) -> bool:
        return self._did(
            "DELETE FROM item WHERE place = ? AND (expires IS NULL OR expires > ?)",
            (place, self._clock()),
        )

    def _list(self, prefix: str) -> list[str]:
        rows = self._run(
            "SELECT place FROM item WHERE place >= ? AND place < ?"
            " AND (expires IS NULL OR expires > ?)",
            (prefix, _behind(prefix), self._clock()),
        )
        return [place for (place,) in rows]

    def _remove_all(self, prefix: str) -> int:
        return self._count(
            "DELETE FROM item WHERE place >= ? AND place < ? AND (expires IS NULL OR expires > ?)",
            (prefix, _behind(prefix), self._clock()),
        )

    def _take_lock(self, place: str, token: str, lease: float) -> bool:
        now = self._clock()
        return self._did(
            "INSERT INTO lock (place, token, expires) VALUES (?, ?, ?) ON CONFLICT (place)"
            " DO UPDATE SET token = excluded.token, expires = excluded.expires"
            " WHERE lock.expires <= ?",
            (place, token, now + lease, now),
        )

    def _extend_lock(self, place: str, token: str, lease: float) -> bool:
        return self._did(
            "UPDATE lock SET expires = ? WHERE place = ? AND token = ?",
            (self._clock() + lease, place, token),
        )

    def _release_lock(self, place: str, token: str) -> bool:
        return self._did("DELETE FROM lock WHERE place = ? AND token = ?", (place, token))

    def _end(self, ttl: float | None) -> float | None:
        return None if ttl is None else self._clock() + ttl

    # -- the connection ------------------------------------------------------------------------

    def _run(self, statement: str, values: Sequence[Any]) -> list[Any]:
        with self._turn(), self._errors():
            return self._open().execute(statement, values).fetchall()

    def _did(self, statement: str, values: Sequence[Any]) -> bool:
        return self._count(statement, values) > 0

    def _count(self, statement: str, values: Sequence[Any]) -> int:
        """Run a statement that changes rows; how many it changed."""
        with self._turn(), self._errors():
            connection = self._open()
            count = connection.execute(statement, values).rowcount
            self._sweep(connection)
            return count

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        # SQLite itself waits no longer than its busy timeout, so this is for a disk that hangs.
        if not self._guard.acquire(timeout=_GUARD_TIMEOUT):
            raise StorageError(f"{self._path} has been busy for {_GUARD_TIMEOUT:g} seconds.")
        guard = self._guard
        try:
            yield
        finally:
            guard.release()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"Cannot use {self._path}: {error}.") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._pid != os.getpid():
            # Only after a fork that could not wait for _before_fork(). Not closed, ever: that
            # would end the locks of whatever this process opens instead.
            _inherited.append(self._connection)
            self._connection = None
        if self._connection is None:
            prepare_directory(self._path.parent)
            make_private_file(self._path)
            self._pid = os.getpid()
            self._connection = _connect(self._path)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with self._errors():
                connection.close()

    def _before_fork(self) -> None:
        # SQLite's locks belong to the process, and its memory of them would be copied: a child
        # that had so much as the open file could break the database.
        with contextlib.suppress(StorageError):
            self._disconnect()

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """Once a minute delete what has expired, a thousand rows at most: writers wait for it."""
        now = self._clock()
        if now < self._next_sweep:
            return
        self._next_sweep = now + _SWEEP_EVERY
        # The change itself is committed; its caller must not hear that the rest was not.
        with contextlib.suppress(sqlite3.Error):
            swept = connection.execute(
                "DELETE FROM item WHERE rowid IN"
                " (SELECT rowid FROM item WHERE expires <= ? LIMIT ?)",
                (now, _SWEEP_AT_ONCE),
            ).rowcount
            connection.execute("DELETE FROM lock WHERE expires <= ?", (now,))
            if swept == _SWEEP_AT_ONCE:
                self._next_sweep = now  # there is more: with the next change


def _behind(prefix: str) -> str:
    """The first text behind all that begin so, in the order of code points, which is SQLite's."""
    # U+10FFFF is no character, but a str may hold it, many times over.
    kept = prefix.rstrip("\U0010ffff")
    last = ord(kept[-1])  # there is one: every place has a "="
    return kept[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    try:
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = normal")
        connection.execute("PRAGMA secure_delete = on")
        connection.execute(f"PRAGMA journal_size_limit = {8 * 2**20}")
        ensure_schema(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Several processes may do this at once, and here SQLite refuses instead of waiting."""
    deadline = time.monotonic() + _BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def ensure_schema(
    connection: sqlite3.Connection,
    path: Path,
    *,
    current: int = SCHEMA,
    migrations: Mapping[int, Callable[[sqlite3.Connection], None]] = MIGRATIONS,
) -> None:
    """Make the tables of a new file, or bring those of an older one up to ``current``.

    Raises:
        StorageError: if a newer library wrote the file, or something else did.
    """
    if _version(connection) == current:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another process may have been faster
        if version == 0:
            if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                raise StorageError(f"{path} is a database, but no storage of signalbot.")
            for statement in _TABLES:
                connection.execute(statement)
        elif version > current:
            raise StorageError(
                f"{path} was written by a newer signalbot (schema {version}, this one knows "
                f"{current}). Install that version again, or set another state_dir."
            )
        else:
            for step in range(version, current):
                migrations[step](connection)
        connection.execute(f"PRAGMA user_version = {current}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
