"""After a crash nothing committed is missing, and nothing that may have begun is unmarked."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path

import pytest
from diskcache import Cache

from signalbot.errors import StorageError
from signalbot.infrastructure import inbox_setup
from signalbot.infrastructure.inbox_schema import ensure_schema
from signalbot.infrastructure.safe_disk import open_cache
from signalbot.infrastructure.storage.inbox_base import Failure
from tests.infrastructure.inboxes import (
    Collector,
    crash_image,
    frame,
    open_inbox,
    peek_by_bytes,
    state_of,
)


def test_handed_out_frames_come_back_marked_and_waiting_ones_do_not(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), max_queued=2, max_per_chat=2) as inbox:
        for number in range(4):
            inbox.feed(frame(number))
        inbox.begin(got.wait(2)[0])
        inbox.feed(frame(4))
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")

    with open_inbox(crashed, again := Collector()):
        back = again.wait(5)

    assert [(d.redelivered, d.attempt) for d in back] == [
        (True, 1),
        (True, 0),
        (False, 0),
        (False, 0),
        (False, 0),
    ]


def test_a_waiting_frame_is_marked_once_it_was_handed_out(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), max_queued=1) as inbox:
        inbox.feed(frame(0))
        inbox.feed(frame(1))
        inbox.finish(got.wait(1)[0])
        got.wait(2)
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")

    with open_inbox(crashed, again := Collector()):
        (back,) = again.wait(1)

    assert (back.raw, back.redelivered) == (frame(1), True)


def test_a_mark_survives_a_run_that_never_handed_the_frame_out(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        inbox.feed(frame(0))
        inbox.feed(frame(1))
        got.wait(2)
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")
    with open_inbox(crashed, second := Collector(), max_queued=1) as inbox:
        second.wait(1)

    with open_inbox(crashed, third := Collector()):
        back = third.wait(2)

    assert [d.redelivered for d in back] == [True, True]


def test_a_frame_that_ends_the_process_becomes_a_dead_letter(tmp_path: Path) -> None:
    where = tmp_path / "life-0"
    with open_inbox(where) as inbox:
        inbox.feed(frame(1, chat="deadly"))
        where = crash_image(inbox, where, tmp_path / "life-1")
    lives = 0
    while True:
        with open_inbox(where, got := Collector()) as inbox:
            if inbox.stats().dead_letters:
                (letter,) = inbox.dead_letters()
                break
            (delivery,) = got.wait(1)
            inbox.begin(delivery)
            lives += 1
            assert (delivery.redelivered, delivery.attempt) == (True, lives)
            where = crash_image(inbox, where, tmp_path / f"life-{lives + 1}")

    assert lives == 3
    assert (letter.reason, letter.attempts, letter.chat) == ("crashed", 3, "deadly")
    assert got.all == []


def test_retries_are_no_crashes(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        inbox.feed(frame(1))
        (delivery,) = got.wait(1)
        for _ in range(5):
            inbox.begin(delivery)
            inbox.park(delivery)
            state_of(inbox, lambda stats: stats.parked == 1)
            inbox.unpark(delivery)
        inbox.park(delivery)
        inbox.feed(frame(2))
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")

    with open_inbox(crashed, again := Collector(), max_crashes=1) as inbox:
        back = again.wait(2)

    assert [(d.redelivered, d.attempt) for d in back] == [(True, 5), (True, 0)]


def test_keys_of_finished_frames_survive_a_crash(tmp_path: Path) -> None:
    got = Collector()
    with open_inbox(tmp_path, got) as inbox:
        got.then = inbox.finish
        inbox.put_many([frame(number) for number in range(1000)], 1.0, "websocket")
        got.wait(1000)
        state_of(inbox, lambda stats: stats.pending == 0)
        inbox.feed(frame(1000))
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")

    with open_inbox(crashed) as inbox:
        known = [inbox.feed(frame(number)) for number in range(0, 1001, 50)]
        new = inbox.feed(frame(2000))

    assert not any(known)
    assert new


def test_numbers_are_never_used_again(tmp_path: Path) -> None:
    seqs = []
    for number in range(3):
        with open_inbox(tmp_path, got := Collector()) as inbox:
            inbox.feed(frame(number))
            (delivery,) = got.wait(1)
            seqs.append(delivery.seq)
            inbox.finish(delivery)

    assert seqs == sorted(set(seqs))


def test_a_damaged_row_goes_to_the_dead_letters_and_hides_no_other(tmp_path: Path) -> None:
    with open_inbox(tmp_path) as inbox:
        inbox.feed(frame(1))
        inbox.feed(frame(2))
    database = sqlite3.connect(tmp_path / "account" / "cache.db")
    with database:
        database.execute("UPDATE Cache SET value = x'01ff' WHERE key = 'j:00000000'")
    database.close()

    with open_inbox(tmp_path, got := Collector()) as inbox:
        (delivery,) = got.wait(1)
        (letter,) = inbox.dead_letters()

    assert delivery.raw == frame(2)
    assert (letter.reason, letter.raw) == ("damaged", b"\x01\xff")


# --- the schema

# Written by the first version, base64: a segment of two frames of which the first is done and the
# second was begun twice; keys of frames that had left, a row of them and one in the state row; a
# dead letter.
SCHEMA_1 = Path(__file__).parent / "inbox_schema_1.json"


def test_a_directory_of_schema_1_is_read(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "account")
    for key, value in json.loads(SCHEMA_1.read_text()).items():
        cache.set(key, value if isinstance(value, int) else base64.b64decode(value))
    cache.close()

    then = 1_700_000_100.0
    with open_inbox(tmp_path, got := Collector(), clock=lambda: then, peek=peek_by_bytes) as inbox:
        (delivery,) = got.wait(1)
        letters = inbox.dead_letters()
        known = [inbox.feed(raw) for raw in (frame(1), frame(2), frame(3), frame(4, "bob"))]

    assert (delivery.seq, delivery.raw, delivery.source) == (4, frame(4, "bob"), "webhook")
    assert (delivery.redelivered, delivery.attempt) == (True, 2)
    assert [(letter.id, letter.reason, letter.raw) for letter in letters] == [
        (1, "error", frame(2))
    ]
    assert known == [False, False, False, False]


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "account")
    cache.set("m:schema", 99)
    cache.close()

    with pytest.raises(StorageError, match="newer signalbot"), open_inbox(tmp_path):
        pass


def test_a_foreign_cache_is_refused(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "account")
    cache.set("somebody", "else")
    cache.close()

    with pytest.raises(StorageError, match="no inbox of signalbot"), open_inbox(tmp_path):
        pass


def test_older_rows_are_migrated_one_version_at_a_time(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    ensure_schema(cache)
    cache.set("a", 1)

    def fail(cache: Cache) -> None:
        cache.set("a", 100)
        raise StorageError("half way")

    def add(cache: Cache) -> None:
        cache.set("a", cache.get("a") + 1)

    with pytest.raises(StorageError, match="half way"):
        ensure_schema(cache, current=3, migrations={1: add, 2: fail})
    after_failure = cache.get("a"), cache.get("m:schema")
    ensure_schema(cache, current=3, migrations={2: add})

    assert after_failure == (2, 2)
    assert (cache.get("a"), cache.get("m:schema")) == (3, 3)
    cache.close()


def test_a_directory_that_cannot_be_written_at_all_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_setup.Journal, "commit", lambda _self: False)

    with pytest.raises(StorageError, match="Cannot write"), open_inbox(tmp_path):
        pass


def test_replays_are_counted_over_a_crash(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        inbox.feed(frame(1))
        inbox.fail(got.wait(1)[0], Failure("error"))
        state_of(inbox, lambda stats: stats.dead_letters == 1)
        inbox.replay([1])
        crashed = crash_image(inbox, tmp_path, tmp_path / "crashed")

    with open_inbox(crashed, again := Collector()) as inbox:
        inbox.fail(again.wait(1)[0], Failure("error"))
        state_of(inbox, lambda stats: stats.dead_letters == 1)
        (letter,) = inbox.dead_letters()

    assert letter.replays == 1
