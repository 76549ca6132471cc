"""The durable inbox: what was recorded is handed out, in order, until it is done."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from signalbot.errors import StorageError
from signalbot.infrastructure.inbox_mailbox import Mailbox
from signalbot.infrastructure.storage.inbox_base import ALL, Failure
from tests.infrastructure.inboxes import Collector, frame, open_inbox, state_of


def test_frames_are_delivered_once_and_forgotten_when_finished(tmp_path: Path) -> None:
    got = Collector()
    with open_inbox(tmp_path, got) as inbox:
        for number in range(10):
            inbox.put(frame(number), 1.0, "websocket")
        deliveries = got.wait(10)
        for delivery in deliveries:
            inbox.begin(delivery)
            inbox.finish(delivery)
        state_of(inbox, lambda stats: stats.pending == 0)

    assert [delivery.raw for delivery in deliveries] == [frame(number) for number in range(10)]
    assert [delivery.attempt for delivery in deliveries] == [1] * 10
    with open_inbox(tmp_path, again := Collector()) as inbox:
        assert inbox.stats().pending == 0
    assert again.all == []


def test_feed_says_whether_a_frame_is_new_even_after_a_restart(tmp_path: Path) -> None:
    with open_inbox(tmp_path) as inbox:
        assert inbox.feed(frame(1)) is True
        assert inbox.feed(frame(1)) is False
    with open_inbox(tmp_path) as inbox:
        assert inbox.feed(frame(1)) is False
        assert inbox.stats().duplicates == 1


def test_unfinished_frames_come_back_and_only_begun_ones_are_marked(tmp_path: Path) -> None:
    first = Collector()
    with open_inbox(tmp_path, first) as inbox:
        for number in range(3):
            inbox.put(frame(number, chat=str(number)), 1.0, "polling")
        inbox.begin(first.wait(3)[1])

    second = Collector()
    with open_inbox(tmp_path, second) as inbox:
        back = second.wait(3)

    assert [(d.raw, d.redelivered, d.attempt, d.source) for d in back] == [
        (frame(0, chat="0"), False, 0, "polling"),
        (frame(1, chat="1"), True, 1, "polling"),
        (frame(2, chat="2"), False, 0, "polling"),
    ]


def test_a_failed_frame_becomes_a_dead_letter_and_can_be_replayed(tmp_path: Path) -> None:
    got = Collector()
    with open_inbox(tmp_path, got) as inbox:
        inbox.feed(frame(7, chat="alice"))
        (delivery,) = got.wait(1)
        inbox.begin(delivery)
        inbox.fail(delivery, Failure("error", "ValueError", "no", "Traceback…", "bot.ping"))
        (letter,) = inbox.dead_letters()
        replayed = inbox.replay([letter.id])
        again = got.wait(2)[1]

        assert (letter.reason, letter.chat, letter.attempts, letter.raw) == (
            "error",
            "alice",
            1,
            frame(7, chat="alice"),
        )
        assert replayed == 1
        assert (again.raw, again.source, again.attempt) == (letter.raw, "replay", 0)
        assert inbox.dead_letters(ALL) == []


def test_closing_twice_and_using_it_later_is_clear(tmp_path: Path) -> None:
    with open_inbox(tmp_path) as inbox:
        assert inbox.close() is True
        assert inbox.close() is True
        with pytest.raises(StorageError, match="closed"):
            inbox.feed(frame(1))
        inbox.put(frame(1), 1.0, "websocket")

        assert inbox.stats().shed == {"closed": 1}
    assert "signalbot-inbox" not in {thread.name for thread in threading.enumerate()}


def test_many_frames_share_a_commit(tmp_path: Path) -> None:
    got = Collector()
    with open_inbox(tmp_path, got, max_per_chat=1000) as inbox:
        got.then = inbox.finish
        inbox.put_many([frame(number) for number in range(5000)], 1.0, "websocket")
        state_of(inbox, lambda stats: stats.finished == 5000)

        assert inbox.stats().commits <= 60


def test_an_idle_inbox_sleeps_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbot.infrastructure.inbox_loop.TICK", 0.01)
    calls: list[str] = []
    for name in ("wait", "doze"):
        original = getattr(Mailbox, name)

        def record(self: Mailbox, timeout: float, name=name, original=original) -> object:  # type: ignore[no-untyped-def]
            calls.append(name)
            return original(self, timeout)

        monkeypatch.setattr(Mailbox, name, record)
    with open_inbox(tmp_path, got := Collector()) as inbox:
        inbox.feed(frame(1))
        inbox.finish(got.wait(1)[0])
        state_of(inbox, lambda stats: stats.pending == 0)
        calls.clear()
        deadline = time.monotonic() + 5.0
        while calls.count("doze") < 8 and time.monotonic() < deadline:
            time.sleep(0.01)
        # A doze waits inside: each wake-up is one of both, and nothing beside.
        seen = calls[-8:]

    assert seen.count("doze") == seen.count("wait") == 4
