"""A letterbox beside the inbox, for processes that do not own it.

A web process that receives a webhook, or the command line, puts frames and commands into
``handoff.db`` in the account's directory; the owner of the inbox takes them out within about a
second, or at its next start.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signalbot.errors import InboxFull, StorageError
from signalbot.infrastructure.state_directory import make_private_file, prepare_directory

FILE = "handoff.db"
FRAME = "frame"
REPLAY = "replay"
PURGE = "purge"

MAX_BYTES = 64 * 2**20
"""What may lie here untaken; beyond, the sender is told that nothing was stored."""

BATCH = 256
_FRESH = 1.0
_inherited: list[sqlite3.Connection] = []
"""Connections of a parent process: closing them here would break its locks."""


@dataclass(frozen=True, slots=True)
class Item:
    """One frame or command that waits for the owner; ``source`` is empty for a command."""

    id: int
    kind: str
    payload: bytes
    source: str
    at: float

    def command(self) -> dict[str, Any]:
        """The arguments of a command.

        Raises:
            ValueError: if they cannot be read.
        """
        arguments = json.loads(self.payload)
        if not isinstance(arguments, dict):
            raise ValueError("a command's arguments are an object")
        return arguments


class Handoff:
    """Both ends of the letterbox; usable from any thread and after a fork.

    The connection is kept: opening one, and the checkpoint when the last one closes, would cost
    ten times the write itself.
    """

    def __init__(self, directory: str | Path, *, lock: threading.Lock | None = None) -> None:
        self._directory = Path(directory)
        self._path = self._directory / FILE
        # Guards the connection; the owner passes the lock that its forks wait for.
        self._lock = lock if lock is not None else threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._pid = os.getpid()
        self._signature: tuple[int, ...] = ()

    def __enter__(self) -> Handoff:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- senders

    def put_frame(self, raw: bytes, *, received_at: float, source: str = "webhook") -> None:
        """Store a frame for the owner; it is safe from the end of this process on return.

        Raises:
            InboxFull: nobody has taken anything for long.
            StorageError: it could not be stored.
        """
        self._insert(FRAME, raw, source, received_at)

    def command(self, kind: str, **arguments: Any) -> int:
        """Leave a command for the owner; returns its number for :meth:`wait_taken`."""
        return self._insert(kind, json.dumps(arguments).encode(), "", time.time())

    def wait_taken(self, number: int, timeout: float) -> bool:
        """Wait until the owner has carried out a command; False if it did not in time."""
        deadline = time.monotonic() + timeout
        while True:
            with self._lock:
                row = self._run("SELECT 1 FROM item WHERE id = ?", (number,)).fetchone()
            if row is None:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)

    def _insert(self, kind: str, payload: bytes, source: str, at: float) -> int:
        with self._lock:
            if self._size() > MAX_BYTES:
                raise InboxFull(
                    "The letterbox for the bot's process is full: is a bot running for it?"
                )
            cursor = self._run(
                "INSERT INTO item (kind, payload, source, at) VALUES (?, ?, ?, ?)",
                (kind, payload, source, at),
            )
            return int(cursor.lastrowid or 0)

    # --- the owner

    def changed(self) -> bool:
        """Whether anything may have come since :meth:`take`; costs two ``stat`` calls."""
        signature = self._look()
        if not signature:
            return False
        # Within one tick of the file system's clock a second write may leave no trace: look
        # again until the last write is old.
        newest = max(signature[0], signature[2]) / 1e9
        return signature != self._signature or abs(time.time() - newest) < _FRESH

    def take(self, above: int = 0) -> list[Item]:
        """The oldest items with a number above this one; they stay until :meth:`remove`.

        Raises:
            StorageError: if the file cannot be read.
        """
        signature = self._look()
        if not signature:
            return []
        with self._lock:
            rows = self._run(
                "SELECT id, kind, payload, source, at FROM item WHERE id > ? ORDER BY id LIMIT ?",
                (above, BATCH),
            ).fetchall()
        if len(rows) < BATCH:
            self._signature = signature
        return [Item(*row) for row in rows]

    def remove(self, numbers: Sequence[int]) -> None:
        """Forget items that are safe in the inbox now."""
        with self._lock:
            connection = self._open()
            try:
                with connection:
                    connection.executemany(
                        "DELETE FROM item WHERE id = ?", [(number,) for number in numbers]
                    )
            except sqlite3.Error as error:
                raise StorageError(f"Cannot write {self._path}: {error}.") from error

    def close(self) -> None:
        """Close the connection of this process."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and self._pid == os.getpid():
                connection.close()

    def abandon(self) -> None:
        """In a forked child: forget the parent's connection, and the lock it may have held."""
        if self._connection is not None:
            _inherited.append(self._connection)
        self._connection = None
        self._lock = threading.Lock()

    # --- both

    def _look(self) -> tuple[int, ...]:
        """Times and sizes of the database and its log; empty if there is none."""
        try:
            main = os.stat(self._path)
        except OSError:
            return ()
        try:
            log = os.stat(f"{self._path}-wal")
        except OSError:
            return (main.st_mtime_ns, main.st_size, 0, 0)
        return (main.st_mtime_ns, main.st_size, log.st_mtime_ns, log.st_size)

    def _size(self) -> int:
        """Bytes of what lies here; the file keeps its size when that was taken."""
        look = self._look()
        if not look or look[1] + look[3] <= MAX_BYTES:
            return 0  # surely not too much, and asked before each frame
        (pages,) = self._run("PRAGMA page_count", ()).fetchone()
        (free,) = self._run("PRAGMA freelist_count", ()).fetchone()
        (page_size,) = self._run("PRAGMA page_size", ()).fetchone()
        return int((pages - free) * page_size)

    def _run(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._open().execute(statement, values)
        except sqlite3.Error as error:
            raise StorageError(f"Cannot use {self._path}: {error}.") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._pid != os.getpid():
            _inherited.append(self._connection)
            self._connection = None
        if self._connection is None:
            prepare_directory(self._directory)
            make_private_file(self._path)
            self._pid = os.getpid()
            self._connection = _connect(self._path)
        return self._connection


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = normal")
        connection.execute("PRAGMA secure_delete = on")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY AUTOINCREMENT,"
            " kind TEXT NOT NULL, payload BLOB NOT NULL, source TEXT NOT NULL, at REAL NOT NULL)"
        )
    except sqlite3.Error as error:
        raise StorageError(f"Cannot use {path}: {error}.") from error
    return connection
