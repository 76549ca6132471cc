"""A diskcache that stores plain values in its database, never a pickle or a file.

diskcache unpickles what it finds (CVE-2025-69872, no fixed release) and opens or deletes any path
that a row names; its JSONDisk does so too. It also evicts rows by default. All of that is off here.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from diskcache import UNKNOWN, Cache, Disk, Timeout

from signalbot.errors import StorageError
from signalbot.infrastructure.state_directory import make_private_file, prepare_directory

MODE_RAW = 1
"""diskcache's mark for a value that stands in the row as it is; every other mode is refused."""

DATABASE = "cache.db"

BUSY_TIMEOUT = 1.0
"""Seconds to wait for another writer: none of ours takes longer, and frames wait meanwhile."""


class SafeDisk(Disk):  # type: ignore[misc]  # diskcache has no types
    """Lets bytes, str, int and float through, inline, and refuses every other row."""

    def put(self, key: Any) -> tuple[Any, bool]:
        if type(key) not in (str, int):
            raise TypeError(f"a key is a str or an int, not {type(key).__name__}")
        return super().put(key)  # type: ignore[no-any-return]

    def get(self, key: Any, raw: bool) -> Any:
        if not raw or type(key) not in (str, int):
            raise ValueError("refused a row whose key is pickled")
        return super().get(key, raw)

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> tuple[int, int, None, Any]:
        if read or type(value) not in (bytes, str, int, float):
            raise TypeError(f"a value is bytes, str, int or float, not {type(value).__name__}")
        return super().store(value, False, key=key)  # type: ignore[no-any-return]

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode != MODE_RAW or filename is not None or read:
            raise ValueError("refused a row whose value is pickled, or stands in a file")
        return super().fetch(mode, filename, value, read)

    def remove(self, file_path: str) -> None:
        """Nothing is in files, so a path in a row is an attack: delete nothing."""


def open_cache(directory: Path, *, synchronous: int = 1) -> Cache:
    """Open the directory's cache after checking that this process can write and read it.

    Args:
        synchronous: SQLite's; 1 survives the end of the process, 2 a power cut.

    Raises:
        StorageError: if it is not ours, cannot be written, or fails its self-test.
    """
    prepare_directory(directory)
    make_private_file(directory / DATABASE)
    _check_is_writable(directory / DATABASE)
    try:
        cache = Cache(
            literal_path(directory),
            timeout=BUSY_TIMEOUT,
            disk=SafeDisk,
            eviction_policy="none",
            cull_limit=0,
            size_limit=2**62,
            disk_min_file_size=2**40,
            statistics=0,
            tag_index=0,
            sqlite_auto_vacuum=0,
            sqlite_synchronous=synchronous,
            sqlite_journal_mode="wal",
            # Deleted texts are overwritten, and the log does not keep them for long.
            sqlite_secure_delete=1,
            sqlite_journal_size_limit=8 * 2**20,
            # A checkpoint syncs the disk: with SQLite's 1,000 pages one frame in 150 would wait.
            sqlite_wal_autocheckpoint=4_000,
            # diskcache's 32 MiB of pages and 64 MiB of mapped file would be most of a bot's memory.
            sqlite_cache_size=128,
            sqlite_mmap_size=0,
        )
        self_test(cache)
    except (sqlite3.Error, Timeout, OSError, ValueError, TypeError, AssertionError) as error:
        raise StorageError(
            f"Cannot use {directory / DATABASE}: {_reason(error)}. Move the file away, or set "
            "state_dir to another directory on a local disk."
        ) from error
    return cache


def self_test(cache: Cache) -> None:
    """Write, read and delete a row: some SQLite builds and file systems fail only here."""
    with cache.transact(retry=False):
        cache.set("m:test", b"\x00test")
        if cache.get("m:test") != b"\x00test":
            raise ValueError("the self-test read something else than it wrote")
        cache.delete("m:test")


def checkpoint(cache: Cache) -> None:
    """Move the log into the database and empty it, so that deleted texts are gone from both."""
    cache.reset("sqlite_wal_checkpoint", "TRUNCATE", update=False)


def _check_is_writable(database: Path) -> None:
    """diskcache hides a read-only database behind an empty Timeout, after a minute of trying."""
    try:
        connection = sqlite3.connect(database, timeout=5, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS signalbot_probe (x)")
            connection.execute("ROLLBACK")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StorageError(
            f"Cannot write {database}: {error}. Make it writable for this user, or set state_dir "
            "to another directory on a local disk."
        ) from error


def literal_path(directory: Path) -> str:
    """diskcache expands ``~`` and ``$NAME`` in the path that it is given."""
    path = os.path.abspath(directory)
    if os.path.expandvars(path) != path:
        raise StorageError(f"The state directory {path} must not hold the name of a variable.")
    return path


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
