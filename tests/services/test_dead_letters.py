"""The public service for dead letters, on a running bot and beside one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.storage.inbox_base import Failure
from signalbot.services.dead_letters import DeadLetters
from tests.infrastructure.inboxes import Collector, frame, open_inbox, state_of


def bury(inbox: DiskInbox, got: Collector, count: int, **failure: str) -> None:
    before = inbox.count_dead_letters()
    for number in range(before, before + count):
        inbox.feed(frame(number, chat=f"chat-{number % 2}"))
    for delivery in got.wait(before + count)[before:]:
        inbox.begin(delivery)
        inbox.fail(delivery, Failure(failure.get("reason", "error"), handler="bot.order"))
    state_of(inbox, lambda stats: stats.dead_letters == before + count)
    # The numbers run ahead of the disk; a request is answered after the commit.
    assert len(inbox.dead_letters(limit=None)) == before + count


def test_on_a_running_bot_everything_goes_through_the_inbox(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        letters = DeadLetters(tmp_path / "account", lambda: inbox)
        bury(inbox, got, 4)
        bury(inbox, got, 2, reason="rejected")

        assert [letter.reason for letter in letters.list(limit=3)] == ["rejected"] * 2 + ["error"]
        assert [letter.chat for letter in letters.list(chat="chat-1", reason="error")] == [
            "chat-1"
        ] * 2
        assert letters.get(1) == letters.list(limit=None)[-1]
        assert letters.get(99) is None
        assert (letters.replay(1), letters.replay([2, 3, 99])) == (1, 2)
        assert letters.purge(reason="rejected") == 2
        assert len(letters) == letters.count() == 1
        assert letters.purge() == 1


def test_a_row_of_the_list_is_what_the_command_line_prints(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), clock=lambda: 50.0) as inbox:
        bury(inbox, got, 1)
        (letter,) = DeadLetters(tmp_path / "account", lambda: inbox).list()

    assert letter.to_dict() == {
        "id": 1,
        "reason": "error",
        "error_type": None,
        "handler": "bot.order",
        "attempts": 1,
        "first_at": 50.0,
        "last_at": 50.0,
        "chat": "chat-0",
        "kind": "message",
    }


def test_while_the_bot_is_stopped_a_replay_waits_for_its_start(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        bury(inbox, got, 3)
    letters = DeadLetters(tmp_path / "account", lambda: None)

    assert [letter.id for letter in letters.list()] == [3, 2, 1]
    assert letters.replay([1, 3]) == 2
    assert letters.count() == 3

    with open_inbox(tmp_path, again := Collector()) as inbox:
        assert [d.raw for d in again.wait(2)] == [frame(0, "chat-0"), frame(2, "chat-0")]
        state_of(inbox, lambda stats: stats.dead_letters == 1)


def test_while_the_bot_is_stopped_a_purge_is_done_at_once(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        bury(inbox, got, 3)
    letters = DeadLetters(tmp_path / "account", lambda: None)

    assert letters.purge(chat="chat-0") == 2
    assert letters.purge([2]) == 1
    assert letters.list() == []
    assert b"chat-0" not in (tmp_path / "account" / "cache.db").read_bytes()


def test_beside_a_running_bot_a_purge_is_left_for_it(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector()) as inbox:
        bury(inbox, got, 3)
        lock = os.open(tmp_path / "account" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        beside = DeadLetters(tmp_path / "account", lambda: None)

        assert beside.purge([1, 2]) == 2
        assert [letter.id for letter in beside.list()] == [3]
        assert inbox.count_dead_letters() == 1
        os.close(lock)


def test_without_a_state_directory_there_is_nothing(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "nowhere", lambda: None)

    assert letters.list() == []
    assert letters.get(1) is None
    assert (letters.count(), letters.replay(all=True), letters.purge()) == (0, 0, 0)
    assert not (tmp_path / "nowhere").exists()


def test_ids_and_keywords_do_not_mix(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        DeadLetters(tmp_path, lambda: None).purge([1], reason="error")
