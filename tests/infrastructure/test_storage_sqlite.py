"""What only the SQLite storage has: a file, its rights, its version, its housekeeping."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from signalbot.errors import StorageError
from signalbot.infrastructure.storage.sqlite import SqliteStorage, ensure_schema
from tests.infrastructure.storages import Clock


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "account"


def rows(directory: Path, table: str = "item") -> int:
    connection = sqlite3.connect(directory / "storage.db")
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()


def test_nothing_is_made_before_the_first_use(directory: Path) -> None:
    storage = SqliteStorage(directory)
    storage.close()

    assert not directory.exists()


def test_files_are_private(directory: Path) -> None:
    old = os.umask(0)
    try:
        with SqliteStorage(directory) as storage:
            storage["a"] = 1
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    finally:
        os.umask(old)

    assert modes == dict.fromkeys(("storage.db", "storage.db-wal", "storage.db-shm"), 0o600)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_what_is_deleted_is_not_left_in_the_file(directory: Path) -> None:
    with SqliteStorage(directory) as storage:
        storage["a"] = "a secret of many letters"
        storage["b"] = "a secret of many letters"
        storage["a"] = "short"
        del storage["b"]

    assert b"secret" not in (directory / "storage.db").read_bytes()


def test_values_outlive_the_process(directory: Path) -> None:
    with SqliteStorage(directory) as storage:
        storage["a"] = {"ä": ["\ud800"]}

    with SqliteStorage(directory) as storage:
        assert storage["a"] == {"ä": ["\ud800"]}


def test_expired_rows_are_swept(directory: Path) -> None:
    clock = Clock()
    with SqliteStorage(directory, clock=clock) as storage:
        for number in range(2500):
            storage.set(f"k{number}", 1, ttl=60)
        storage.lock("l", lease=60).acquire()
        clock.ahead = 200
        left = []
        for _ in range(4):
            storage["kept"] = 1
            left.append(rows(directory))

        # A thousand at a time, so that nobody waits long for the writer.
        assert left == [1501, 501, 1, 1]
        assert rows(directory, "lock") == 0


def test_a_writer_elsewhere_is_waited_for(directory: Path) -> None:
    with SqliteStorage(directory) as storage:
        storage["a"] = 1
        other = sqlite3.connect(directory / "storage.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=lambda: storage.incr("a"))
        writer.start()
        writer.join(0.1)
        assert writer.is_alive()
        other.execute("COMMIT")
        other.close()
        writer.join(10)

        assert storage["a"] == 2


def test_a_writer_that_never_ends_is_an_error(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalbot.infrastructure.storage.sqlite._BUSY_TIMEOUT", 0.05)
    with SqliteStorage(directory) as storage:
        storage["a"] = 1
        other = sqlite3.connect(directory / "storage.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(StorageError, match="locked"):
                storage["a"] = 2
            assert storage["a"] == 1
        finally:
            other.close()
        storage["a"] = 2
        assert storage["a"] == 2


def test_a_file_that_is_no_database_is_refused(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    (directory / "storage.db").write_bytes(b"no database at all, but long enough to tell" * 30)

    with (
        pytest.raises(StorageError, match="not a database") as caught,
        SqliteStorage(directory) as storage,
    ):
        storage.get("a")

    assert isinstance(caught.value.__cause__, sqlite3.Error)


def test_the_database_of_somebody_else_is_refused(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    connection = sqlite3.connect(directory / "storage.db")
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    with pytest.raises(StorageError, match="no storage of signalbot"):
        SqliteStorage(directory).get("a")


def test_a_newer_file_is_refused(directory: Path) -> None:
    with SqliteStorage(directory) as storage:
        storage["a"] = 1
    connection = sqlite3.connect(directory / "storage.db")
    connection.execute("PRAGMA user_version = 7")
    connection.close()

    with pytest.raises(StorageError, match="newer signalbot"):
        SqliteStorage(directory).get("a")


def test_an_older_file_is_brought_up_in_one_transaction(directory: Path) -> None:
    with SqliteStorage(directory) as storage:
        storage["a"] = 1
    path = directory / "storage.db"
    connection = sqlite3.connect(path, isolation_level=None)

    def add_column(to: sqlite3.Connection) -> None:
        to.execute("ALTER TABLE item ADD COLUMN extra")

    def fail(to: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk full")

    with pytest.raises(sqlite3.OperationalError):
        ensure_schema(connection, path, current=3, migrations={1: add_column, 2: fail})
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    ensure_schema(connection, path, current=2, migrations={1: add_column})

    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert connection.execute("SELECT extra FROM item").fetchall() == [(None,)]
    connection.close()


def test_a_value_that_is_no_json_is_told(directory: Path) -> None:
    with SqliteStorage(directory) as storage:
        storage["a"] = 1
        connection = sqlite3.connect(directory / "storage.db")
        with connection:
            connection.execute("UPDATE item SET text = '{'")
        connection.close()

        with pytest.raises(StorageError, match="no JSON"):
            storage["a"]


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written(directory: Path) -> None:
    directory.mkdir(mode=0o500)

    with pytest.raises(StorageError, match="read-only"):
        SqliteStorage(directory).get("a")


def test_a_directory_that_others_may_write_is_refused(directory: Path) -> None:
    directory.mkdir()
    directory.chmod(0o777)

    with pytest.raises(StorageError, match="can be written by others"):
        SqliteStorage(directory).get("a")


def test_many_may_open_a_new_file_at_once(directory: Path) -> None:
    storages = [SqliteStorage(directory) for _ in range(8)]
    gate = threading.Barrier(8)
    found = []

    def work(storage: SqliteStorage) -> None:
        gate.wait(10)
        found.append(storage.incr("n"))

    threads = [threading.Thread(target=work, args=(storage,)) for storage in storages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for storage in storages:
        storage.close()

    assert sorted(found) == list(range(1, 9))
