"""Housekeeping: rows shrink, keys and dead letters grow old, the log is emptied."""

from __future__ import annotations

import os
import threading
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signalbot.errors import StorageError
from signalbot.infrastructure.inbox_recovery import recover
from signalbot.infrastructure.inbox_setup import BuiltInbox, InboxSettings, build
from signalbot.infrastructure.inbox_state import InboxState, decode_state, encode_state
from signalbot.infrastructure.seen import SeenKeys, pack_keys, unpack_keys
from signalbot.infrastructure.segments import decode, encode
from signalbot.infrastructure.state_directory import (
    account_directory,
    make_private_file,
    prepare_directory,
)
from signalbot.infrastructure.storage.inbox_base import Failure
from signalbot.model.delivery import Delivery
from tests.infrastructure.inboxes import frame, number_of, peek_own

DAY = 86_400.0


class Bench:
    """An inbox without its thread, with a clock to turn."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.now = 1_700_000_000.0
        self.events: list[str] = []
        self.out: dict[int, Delivery] = {}
        self.settings = InboxSettings(
            **{
                "directory": directory,
                "peek": peek_own,
                "durability": "process",
                "max_queued": 1000,
                "max_per_chat": 1000,
                "max_bytes": 2**30,
                "max_memory": 2**26,
                "min_free_bytes": 0,
                "overflow": "dead_letter",
                "wanted": None,
                "dedupe_for": DAY,
                "dead_letter_ttl": 14 * DAY,
                "max_crashes": 3,
                "on_event": lambda name, **_: self.events.append(name),
                "clock": lambda: self.now,
                **settings,
            }
        )
        self.inbox: BuiltInbox = build(self.settings, threading.Lock())

    def reopen(self) -> None:
        self.close()
        self.inbox = build(self.settings, threading.Lock())

    def close(self) -> None:
        self.inbox.core.ledger.journal.close()

    @property
    def rows(self) -> list[str]:
        journal = self.inbox.core.ledger.journal
        return [key for prefix in ("j:", "s:", "x:") for key in journal.keys(prefix)]

    def take(self, *numbers: int, **of: str) -> None:
        self.inbox.core.recorder.take(
            (frame(number, **of), self.now, "feed", None, 0) for number in numbers
        )
        self.commit()

    def commit(self) -> None:
        ledger = self.inbox.core.ledger
        ledger.stage()
        assert ledger.journal.commit()
        ledger.saved()
        for delivery in self.inbox.core.recorder.settle(durable=True, why=""):
            self.out[number_of(delivery.raw)] = delivery

    def finish(self, *numbers: int) -> None:
        for number in numbers:
            self.inbox.core.handed.finish(self.out.pop(number).seq)
        self.commit()

    def upkeep(self, monotonic: float) -> None:
        job = self.inbox.upkeep.run(monotonic)
        for _ in job or ():
            pass
        ledger = self.inbox.core.ledger
        if ledger.is_dirty or ledger.journal.has_pending:
            self.commit()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def test_a_row_is_used_again_and_deleted_when_nothing_comes(bench: Bench) -> None:
    for number in range(20):
        bench.take(number)
        bench.finish(number)
    assert bench.rows == ["j:00000000"]

    bench.upkeep(100.0)
    bench.upkeep(200.0)

    assert bench.rows == []


def test_small_rows_are_joined_and_lose_what_is_done(bench: Bench) -> None:
    for number in range(0, 100, 2):
        bench.take(number, number + 1)
    bench.finish(*range(0, 100, 2))
    before = len(bench.rows)

    bench.inbox.core.ledger.compact(-1.0)
    bench.inbox.core.ledger.sweep(0)
    bench.commit()

    assert (before, len(bench.rows)) == (50, 1)
    bench.reopen()
    assert not bench.inbox.core.handed.refill()
    bench.commit()
    assert sorted(bench.out) == list(range(1, 100, 2))
    assert all(delivery.redelivered for delivery in bench.out.values())


def test_a_row_that_is_mostly_waiting_is_left_alone(bench: Bench) -> None:
    bench.take(*range(60))
    bench.finish(*range(15))
    (segment,) = bench.inbox.core.ledger.table

    bench.inbox.core.ledger.compact(-1.0)

    assert list(bench.inbox.core.ledger.table) == [segment]


def test_rows_that_vanish_are_reported_and_hold_nothing_up(bench: Bench) -> None:
    core = bench.inbox.core
    core.handed.lanes._max_queued = 0
    bench.take(1, 2)
    bench.take(3)
    core.ledger.journal.delete("j:00000000")
    core.ledger.journal.commit()
    core.ledger._cache.clear()
    core.ledger._cache_bytes = 0
    core.handed.lanes._max_queued = 10

    core.handed.refill()
    bench.commit()

    assert sorted(bench.out) == [3]
    assert bench.events == ["damaged", "damaged"]
    assert core.recorder.intake.shed == {"damaged": 2}


def test_keys_are_forgotten_after_their_day(bench: Bench) -> None:
    bench.take(*range(300))
    bench.finish(*range(300))
    bench.commit()
    assert [row for row in bench.rows if row.startswith("s:")] == ["s:00000001"]
    bench.now += DAY / 2
    bench.upkeep(100.0)
    bench.take(5)
    assert bench.out == {}

    bench.now += DAY
    bench.upkeep(200.0)
    bench.take(5)

    assert list(bench.out) == [5]
    assert [row for row in bench.rows if row.startswith("s:")] == []


def test_dead_letters_expire(bench: Bench) -> None:
    core = bench.inbox.core
    for number in range(3):
        bench.take(number)
        core.fail(bench.out.pop(number), Failure("error"))
        bench.commit()
        bench.now += 6 * DAY

    bench.upkeep(1000.0)

    assert core.letters.count == 2
    assert core.letters.get(1) is None
    assert core.letters.get(2) is not None
    bench.now += 10 * DAY
    assert core.letters.get(3) is None
    bench.reopen()
    bench.upkeep(2000.0)
    assert bench.inbox.core.letters.count == 0


def test_a_damaged_letter_expires_with_those_before_it(bench: Bench) -> None:
    core = bench.inbox.core
    core.letters.add(1, b"damaged")
    bench.take(1)
    bench.commit()

    bench.upkeep(1000.0)

    assert core.letters.count == 0


def test_the_log_is_emptied_after_a_while_without_work(bench: Bench, tmp_path: Path) -> None:
    bench.take(1, text="secret")
    bench.finish(1)
    for monotonic in (100.0, 101.0, 102.0, 110.0):
        bench.upkeep(monotonic)

    assert (tmp_path / "cache.db-wal").stat().st_size == 0
    assert b"secret" not in (tmp_path / "cache.db").read_bytes()
    assert bench.inbox.core.ledger.journal.is_truncated


def test_what_was_kept_in_memory_is_saved_when_there_is_room_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = SimpleNamespace(f_bavail=1, f_frsize=2**20)
    monkeypatch.setattr(os, "statvfs", lambda _: room)
    bench.inbox.core.limits._min_free_bytes = 2 * 2**20
    bench.upkeep(100.0)
    bench.take(1, 2)
    assert bench.rows == []
    bench.finish(1)
    bench.upkeep(200.0)
    assert bench.rows == []

    room.f_bavail = 100
    bench.upkeep(300.0)

    assert bench.inbox.core.ledger.unsaved_bytes == 0
    bench.reopen()
    bench.inbox.core.handed.refill()
    bench.commit()
    assert 2 in bench.out


# --- the keys


def test_the_number_of_keys_is_bounded() -> None:
    seen = SeenKeys(keep_for=DAY, max_keys=100)
    for hour in range(5):
        seen.add_all(array("Q", range(hour * 50, hour * 50 + 50)), hour * 3600.0)
        seen.forget_old(hour * 3600.0)

    assert len(seen) <= 100
    assert 249 in seen.keys
    assert 0 not in seen.keys


def test_one_busy_hour_forgets_its_own_oldest() -> None:
    seen = SeenKeys(keep_for=DAY, max_keys=100)
    seen.add_all(array("Q", range(150)), 0.0)

    seen.forget_old(1.0)

    assert len(seen) == 75
    assert 149 in seen.keys


def test_a_clock_that_jumps_back_forgets_nothing_too_early() -> None:
    seen = SeenKeys(keep_for=DAY)
    seen.add_all(array("Q", [1]), 1_000_000.0)
    seen.add_all(array("Q", [2]), 500_000.0)

    seen.forget_old(1_000_000.0)

    assert {1, 2} <= set(seen.keys)


# --- rows


def test_rows_of_keys_and_state_survive_the_way_to_the_disk() -> None:
    keys = array("Q", [1, 2**64 - 1])
    when, back = unpack_keys(pack_keys(keys, 12.5))
    assert (when, back) == (12.5, keys)

    row = encode_state(
        clean=False,
        next_seq=2**40,
        next_letter=3,
        next_keys=4,
        masks=[(7, 1 << 300 | 1)],
        free=array("I", [1, 2]),
        running=[],
        handed=array("Q", [5]),
        keys=keys,
    )
    state = decode_state(row)

    assert (state.clean, state.next_seq, state.masks) == (False, 2**40, {7: 1 << 300 | 1})
    assert (list(state.free), list(state.handed), state.keys) == ([1, 2], [5], keys)
    for end in range(len(row)):
        with pytest.raises(ValueError, match="state row"):
            decode_state(row[:end])
    with pytest.raises(ValueError, match="version"):
        decode_state(b"\x09" + row[1:])
    with pytest.raises(ValueError, match="length"):
        decode_state(row + b"x")


@pytest.mark.parametrize(
    "row", [b"", b"\x01", b"\x02\x00\x00\x00\x00", b"\x01\xff\xff\xff\xff", encode([], []) + b"x"]
)
def test_damaged_segments_are_told(row: bytes) -> None:
    with pytest.raises(ValueError, match="segment"):
        decode(row)


def test_keys_cut_short_are_told() -> None:
    with pytest.raises(ValueError, match="cut short"):
        unpack_keys(b"123")


def test_an_empty_inbox_recovers_to_nothing(bench: Bench) -> None:
    core = bench.inbox.core

    found = recover(core.ledger, core.handed.lanes, now=0.0, max_crashes=3)

    assert (found.crashed, found.damaged, found.letters) == ([], [], 0)
    assert InboxState().clean


# --- the directory


def test_the_directory_of_an_account_tells_neither_server_nor_number(tmp_path: Path) -> None:
    one = account_directory(tmp_path, "http://127.0.0.1:8080", "+4915112345678")
    other = account_directory(tmp_path, "http://127.0.0.1:8080", "+4915112345679")

    assert one.parent == tmp_path
    assert one != other
    assert one == account_directory(str(tmp_path), "http://127.0.0.1:8080", "+4915112345678")
    assert "4915" not in one.name


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(StorageError, match="Set state_dir"):
        prepare_directory(tmp_path / "file" / "account")


def test_a_private_file_is_no_link_and_loses_foreign_rights(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "open").write_text("x")
    (tmp_path / "open").chmod(0o644)
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(StorageError, match="Cannot write"):
        make_private_file(tmp_path / "link")
    with pytest.raises(StorageError, match="no plain file"):
        make_private_file(tmp_path / "pipe")
    make_private_file(tmp_path / "open")

    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "open").read_text() == "x"
