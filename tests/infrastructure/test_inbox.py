"""The durable inbox: what was recorded is handed out, in order, until it is done."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from signalbot.errors import StorageError
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
