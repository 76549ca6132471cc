"""The letterbox for processes that do not own the inbox."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from signalbot.errors import InboxFull, StorageError
from signalbot.infrastructure import handoff as handoff_module
from signalbot.infrastructure.handoff import FRAME, REPLAY, Handoff
from signalbot.infrastructure.storage.inbox_base import Failure
from tests.infrastructure.inboxes import Collector, fork, frame, number_of, open_inbox, state_of

SENDER = """
import sys, time
from pathlib import Path
from signalbot.infrastructure.handoff import Handoff
from tests.infrastructure.inboxes import frame
with Handoff(Path(sys.argv[1])) as handoff:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        handoff.put_frame(frame(number), received_at=12.5)
"""


def send_from_another_process(directory: Path, start: int, stop: int) -> None:
    subprocess.run(
        [sys.executable, "-c", SENDER, directory / "account", str(start), str(stop)],
        cwd=Path(__file__).parents[2],
        check=True,
    )


def test_frames_of_another_process_are_taken_within_about_a_second(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        send_from_another_process(tmp_path, 0, 3)
        sent = time.monotonic()
        deliveries = got.wait(3)
        took = time.monotonic() - sent
        for delivery in deliveries:
            inbox.finish(delivery)
        with Handoff(tmp_path / "account") as handoff:
            deadline = time.monotonic() + 5
            while handoff.take() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert handoff.take() == []

    assert took < 2.0
    assert [number_of(d.raw) for d in deliveries] == [0, 1, 2]
    assert {(d.source, d.received_at) for d in deliveries} == {("webhook", 12.5)}


def test_what_came_without_an_owner_is_taken_at_the_start(tmp_path: Path) -> None:
    with Handoff(tmp_path / "account") as handoff:
        for number in range(300):
            handoff.put_frame(frame(number), received_at=1.0)

    with open_inbox(tmp_path, got := Collector(), max_per_chat=1000):
        assert [number_of(d.raw) for d in got.wait(300)] == list(range(300))


def test_a_frame_that_is_taken_twice_is_handled_once(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        inbox.feed(frame(1))
        send_from_another_process(tmp_path, 1, 3)
        got.wait(2)

        assert inbox.stats().duplicates == 1


def test_the_file_is_private(tmp_path: Path) -> None:
    with Handoff(tmp_path / "account") as handoff:
        handoff.put_frame(frame(1), received_at=1.0)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "account").iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "account").stat().st_mode) == 0o700


def test_a_letterbox_that_nobody_empties_gets_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handoff_module, "MAX_BYTES", 50_000)
    handoff = Handoff(tmp_path / "account")

    with pytest.raises(InboxFull):  # noqa: PT012 - the size grows by whole pages
        for number in range(1000):
            handoff.put_frame(frame(number, text="x" * 1000), received_at=1.0)
    handoff.close()


def test_a_letterbox_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "account").mkdir(0o700)
    (tmp_path / "account" / "handoff.db").write_bytes(b"no database " * 500)

    with Handoff(tmp_path / "account") as handoff, pytest.raises(StorageError, match="not a data"):
        handoff.put_frame(frame(1), received_at=1.0)


def test_a_broken_letterbox_does_not_stop_the_inbox(tmp_path: Path) -> None:
    (tmp_path / "account").mkdir(0o700)
    (tmp_path / "account" / "handoff.db").write_bytes(b"no database " * 500)
    events: list[str] = []

    with open_inbox(tmp_path, on_event=lambda name, **_: events.append(name)) as inbox:
        assert inbox.feed(frame(1)) is True

    assert set(events) == {"handoff_failed"}


def test_commands_are_carried_out_in_turn(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        inbox.feed(frame(1))
        inbox.fail(got.wait(1)[0], Failure("error"))
        state_of(inbox, lambda stats: stats.dead_letters == 1)
        with Handoff(tmp_path / "account") as handoff:
            odd = handoff.command(REPLAY, where={"no such": "filter"})
            number = handoff.command(REPLAY, ids=[1])

            assert handoff.wait_taken(number, 5.0)
            assert handoff.wait_taken(odd, 5.0)
        assert got.wait(2)[1].source == "replay"


def test_waiting_for_an_owner_ends(tmp_path: Path) -> None:
    with Handoff(tmp_path / "account") as handoff:
        number = handoff.command(REPLAY, ids=[1])

        assert not handoff.wait_taken(number, 0.1)


def test_it_may_be_used_from_threads_and_after_a_fork(tmp_path: Path) -> None:
    handoff = Handoff(tmp_path / "account")
    threads = [
        threading.Thread(target=handoff.put_frame, args=(b"t",), kwargs={"received_at": 1.0})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    child = fork()
    if child == 0:
        code = 1
        try:
            handoff.put_frame(b"child", received_at=2.0)
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    handoff.put_frame(b"parent", received_at=3.0)

    items = handoff.take()
    handoff.close()

    assert [item.payload for item in items] == [b"t"] * 8 + [b"child", b"parent"]
    assert {item.kind for item in items} == {FRAME}


def test_looking_costs_nothing_while_nothing_changes(tmp_path: Path) -> None:
    handoff = Handoff(tmp_path / "account")
    assert not handoff.changed()
    handoff.put_frame(b"x", received_at=1.0)
    handoff.take()
    old = time.time() - 10
    for path in (tmp_path / "account").iterdir():
        os.utime(path, (old, old))
    handoff.take()

    assert not handoff.changed()
    sender = sqlite3.connect(tmp_path / "account" / "handoff.db")
    with sender:
        sender.execute("DELETE FROM item")
    sender.close()
    assert handoff.changed()
    handoff.close()


def test_a_letterbox_that_was_full_has_room_again_when_it_was_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handoff_module, "MAX_BYTES", 2**20)
    with Handoff(tmp_path) as sender, Handoff(tmp_path) as owner:
        with contextlib.suppress(InboxFull):
            for _ in range(100):
                sender.put_frame(bytes(50_000), received_at=1.0)
        with pytest.raises(InboxFull):
            sender.put_frame(b"{}", received_at=1.0)
        owner.remove([item.id for item in owner.take()])

        sender.put_frame(b"{}", received_at=2.0)

        assert [item.at for item in owner.take()] == [2.0]
