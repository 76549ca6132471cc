"""A disk that refuses to write stops no frame, is said once, and is forgiven when it recovers."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbot.errors import StorageError
from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.storage.inbox_base import Failure
from tests.infrastructure.inboxes import (
    PATIENCE,
    Collector,
    crash_image,
    frame,
    number_of,
    open_inbox,
    state_of,
)


class Events:
    def __init__(self) -> None:
        self.all: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, name: str, **facts: Any) -> None:
        with self._changed:
            self.all.append(name)
            self._changed.notify_all()

    def wait(self, name: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: name in self.all, PATIENCE), self.all


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbot.infrastructure.safe_disk.BUSY_TIMEOUT", 0.05)
    monkeypatch.setattr("signalbot.infrastructure.inbox_journal.RETRY_AFTER", 0.1)


@contextlib.contextmanager
def tiny_disk(where: Path, size: str) -> Iterator[Path]:
    """A file system of its own; needs the right to mount."""
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(where)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if mounted.returncode:
        pytest.skip(f"mounting a small disk needs root: {mounted.stderr.strip()}")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def test_a_full_disk_stops_no_frame_and_loses_nothing(tmp_path: Path) -> None:
    events = Events()
    got = Collector()
    with tiny_disk(tmp_path / "disk", "2m") as disk:  # noqa: SIM117 - the second needs the first
        with open_inbox(disk, got, on_event=events, max_per_chat=1000) as inbox:
            inbox.feed(frame(0))
            filler = disk / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass
            for number in range(1, 200):
                inbox.put(frame(number, text="x" * 3000), 1.0, "websocket")
            deliveries = got.wait(200)
            events.wait("undurable")
            with pytest.raises(StorageError, match="could not be stored"):
                inbox.feed(frame(500))
            for delivery in deliveries[:100]:
                inbox.finish(delivery)
            assert not inbox.health.durable
            assert inbox.stats().memory_bytes > 0

            filler.unlink()
            events.wait("durable")
            assert inbox.feed(frame(500)) is True
            state_of(inbox, lambda stats: stats.finished == 100)
            inbox.feed(frame(501))
            crashed = crash_image(inbox, disk, tmp_path / "crashed")

    assert events.all == ["undurable", "durable"]
    assert [number_of(d.raw) for d in got.all][:200] == list(range(200))
    with open_inbox(crashed, again := Collector(), max_per_chat=1000):
        back = [number_of(d.raw) for d in again.wait(102)]
    assert back == [*range(100, 200), 500, 501]


@contextlib.contextmanager
def refusing(directory: Path) -> Iterator[None]:
    """Keep the database from being written, as a hung process of somebody else would."""
    other = sqlite3.connect(directory / "account" / "cache.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_frame_that_is_in_memory_alone_is_not_acknowledged_to_who_brings_it_again(
    tmp_path: Path,
) -> None:
    events = Events()
    with open_inbox(tmp_path, got := Collector(), on_event=events) as inbox:
        with refusing(tmp_path):
            inbox.put(frame(1), 1.0, "websocket")
            events.wait("undurable")
            with pytest.raises(StorageError, match="could not be stored"):
                inbox.feed(frame(1), "webhook")
        events.wait("durable")
        assert inbox.feed(frame(1), "webhook") is False
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")

    assert [number_of(delivery.raw) for delivery in got.all] == [1]
    with open_inbox(crashed, again := Collector()):
        again.wait(1)


@pytest.mark.parametrize("neighbours", [0, 3])
def test_a_frame_that_was_refused_is_new_when_it_comes_again_even_after_a_crash(
    tmp_path: Path, neighbours: int
) -> None:
    events = Events()
    with open_inbox(tmp_path, got := Collector(), on_event=events) as inbox:
        inbox.feed(frame(0))
        with refusing(tmp_path):
            inbox.put(frame(100), 1.0, "websocket")
            events.wait("undurable")
            with inbox.lock:  # so that all of these stand in one segment
                refused = threading.Thread(target=feed_in_vain, args=(inbox, frame(1)))
                refused.start()
                inbox.put_many([frame(10 + n) for n in range(neighbours)], 1.0, "websocket")
            refused.join(PATIENCE)
        events.wait("durable")
        for delivery in got.wait(2 + neighbours):
            inbox.finish(delivery)
        inbox.feed(frame(2))
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")
        assert inbox.feed(frame(1)) is True

    with open_inbox(crashed, again := Collector()) as inbox:
        assert inbox.feed(frame(100)) is False
        assert inbox.feed(frame(1)) is True
        again.wait(2)


def feed_in_vain(inbox: DiskInbox, raw: bytes) -> None:
    with pytest.raises(StorageError):
        inbox.feed(raw, "webhook")


def test_frames_go_on_while_the_database_is_locked(tmp_path: Path) -> None:
    events = Events()
    with open_inbox(tmp_path, got := Collector(), on_event=events, max_queued=2) as inbox:
        inbox.feed(frame(0))
        with refusing(tmp_path):
            for number in range(1, 6):
                inbox.put(frame(number), 1.0, "websocket")
            events.wait("undurable")
            # Only two are out at once: the others wait in memory, and follow in their order.
            for count in range(1, 7):
                inbox.finish(got.wait(count)[count - 1])
            state_of(inbox, lambda stats: stats.finished == 6)
        events.wait("durable")

    assert [number_of(d.raw) for d in got.all] == list(range(6))
    with open_inbox(tmp_path, again := Collector()) as inbox:
        assert inbox.stats().pending == 0
    assert again.all == []


def test_failures_are_kept_until_they_can_be_written(tmp_path: Path) -> None:
    events = Events()
    with open_inbox(tmp_path, got := Collector(), on_event=events) as inbox:
        inbox.feed(frame(0))
        with refusing(tmp_path):
            inbox.put(frame(1), 1.0, "websocket")
            for delivery in got.wait(2):
                inbox.fail(delivery, Failure("error"))
            events.wait("undurable")
            state_of(inbox, lambda stats: stats.failed == 2)
            assert len(inbox.dead_letters()) == 2
            assert len(inbox.dead_letters(limit=1)) == 1
        events.wait("durable")

    with open_inbox(tmp_path) as inbox:
        assert [letter.raw for letter in inbox.dead_letters()] == [frame(1), frame(0)]


def test_a_redelivered_frame_may_begin_although_nothing_can_be_written(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        inbox.feed(frame(0))
        got.wait(1)
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")
    with open_inbox(crashed, again := Collector()) as inbox, refusing(crashed):
        (delivery,) = again.wait(1)
        inbox.begin(delivery)

        assert delivery.attempt == 1


def test_without_durability_frames_stay_in_memory_and_dead_letters_do_not(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), durability="off") as inbox:
        assert inbox.feed(frame(0)) is True
        assert inbox.feed(frame(0)) is False
        inbox.feed(frame(1))
        inbox.fail(got.wait(1)[0], Failure("error"))
        state_of(inbox, lambda stats: stats.dead_letters == 1)
        assert inbox.health.reason == "durability is off"

    with open_inbox(tmp_path, again := Collector(), durability="off") as inbox:
        assert inbox.stats().pending == 0
        assert inbox.count_dead_letters() == 1
        assert inbox.feed(frame(0)) is False
    assert again.all == []


def test_power_durability_syncs(tmp_path: Path) -> None:
    with open_inbox(tmp_path, durability="power") as inbox:
        inbox.feed(frame(0))
        database = sqlite3.connect(tmp_path / "account" / "cache.db")
        rows = dict(database.execute("SELECT key, value FROM Settings"))
        database.close()

    assert rows["sqlite_synchronous"] == 2


def test_the_files_are_private_and_the_texts_gone_after_close(tmp_path: Path) -> None:
    directory = tmp_path / "account"
    with open_inbox(tmp_path, got := Collector()) as inbox:
        inbox.feed(frame(0, text="very secret"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
        inbox.finish(got.wait(1)[0])
        state_of(inbox, lambda stats: stats.pending == 0)

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert set(modes) >= {"cache.db", "cache.db-wal", "cache.db-shm"}
    assert set(modes.values()) == {0o600}
    assert not any(b"very secret" in path.read_bytes() for path in directory.iterdir())


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_directory_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "account").mkdir()
    (tmp_path / "account").chmod(mode)

    with pytest.raises(StorageError, match="chmod 700"), open_inbox(tmp_path):
        pass


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "account").write_text("x")

    with pytest.raises(StorageError, match=r"Cannot use|is a file"), open_inbox(tmp_path):
        pass


def test_a_database_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "account").mkdir(0o700)
    (tmp_path / "account" / "cache.db").write_bytes(b"not a database " * 1000)

    with pytest.raises(StorageError, match="not a database"), open_inbox(tmp_path):
        pass


NOBODY = 65534

OPEN_AS_NOBODY = """
import os, sys
from tests.infrastructure.inboxes import open_inbox
from pathlib import Path
from signalbot.errors import StorageError
import signalbot.model.decode, signalbot.infrastructure.inbox
os.setuid(int(sys.argv[2]))
try:
    with open_inbox(Path(sys.argv[1])):
        pass
except StorageError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take on another user")
@pytest.mark.parametrize(
    ("owner", "mode", "expected"),
    [(0, 0o755, "belongs to user 0"), (NOBODY, 0o500, "is read-only for this user")],
)
def test_a_directory_that_is_not_ours_says_so(owner: int, mode: int, expected: str) -> None:
    # pytest's own directories are closed to other users.
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        directory = Path(above) / "account"
        directory.mkdir()
        os.chown(directory, owner, owner)
        directory.chmod(mode)

        said = subprocess.run(
            [sys.executable, "-c", OPEN_AS_NOBODY, above, str(NOBODY)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert expected in said
    assert str(directory) in said


def test_an_error_of_who_takes_deliveries_does_not_stop_the_recording(tmp_path: Path) -> None:
    events = Events()

    def fail(_: object) -> None:
        raise RuntimeError("a bug")

    with open_inbox(tmp_path, Collector(fail), on_event=events) as inbox:
        assert inbox.feed(frame(0)) is True
        assert inbox.feed(frame(1)) is True
        events.wait("deliver_failed")

    with open_inbox(tmp_path, got := Collector()):
        assert len(got.wait(2)) == 2


def test_a_bug_in_the_inbox_is_said_and_frees_who_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = Events()
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with open_inbox(tmp_path, on_event=events) as inbox:
        monkeypatch.setattr("signalbot.infrastructure.inbox_recorder.lane_of", lambda _: 1 / 0)
        with pytest.raises(StorageError, match="failed"):
            inbox.feed(frame(0))
        events.wait("failed")

        with pytest.raises(StorageError, match="failed"):
            inbox.feed(frame(1))
        assert not inbox.health.durable
        assert not inbox.is_open
