"""Nothing grows without bound, and what has to go goes in the order that hurts least."""

from __future__ import annotations

from pathlib import Path

import pytest

from signalbot.errors import InboxFull
from signalbot.infrastructure.inbox_mailbox import Mailbox
from signalbot.infrastructure.storage.inbox_base import Failure
from tests.infrastructure.inboxes import Collector, frame, number_of, open_inbox, state_of

SMALL = {"max_queued": 1, "max_bytes": 6000}
"""Room for about twenty frames, one of which is out."""


def fill(inbox, count: int = 60, **of: str) -> None:  # type: ignore[no-untyped-def]
    for number in range(count):
        inbox.put(frame(number, **of), 1.0, "websocket")


def test_by_default_what_does_not_fit_becomes_a_dead_letter(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), **SMALL) as inbox:
        fill(inbox)
        stats = state_of(inbox, lambda stats: stats.recorded + stats.dead_letters == 60)
        letters = inbox.dead_letters(limit=None)

        assert stats.recorded > 10
        assert stats.shed == {"dead_letter": stats.dead_letters}
        assert {letter.reason for letter in letters} == {"overflow"}
        assert [number_of(letter.raw) for letter in letters] == list(
            range(59, stats.recorded - 1, -1)
        )
        assert len(got.wait(1)) == 1


def test_drop_newest_keeps_what_came_first(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), overflow="drop_newest", **SMALL) as inbox:
        fill(inbox)
        stats = state_of(inbox, lambda stats: sum(stats.shed.values()) + stats.recorded == 60)
        for count in range(1, stats.recorded + 1):
            inbox.finish(got.wait(count)[count - 1])

    assert set(stats.shed) == {"drop_newest"}
    assert [number_of(d.raw) for d in got.all] == list(range(stats.recorded))


def test_drop_oldest_keeps_what_came_last_and_what_is_out(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), overflow="drop_oldest", **SMALL) as inbox:
        fill(inbox)
        stats = state_of(inbox, lambda stats: stats.recorded == 60)
        for count in range(1, stats.pending + 1):
            inbox.finish(got.wait(count)[count - 1])

    kept = [number_of(d.raw) for d in got.all]
    assert stats.shed == {"drop_oldest": 60 - stats.pending}
    assert kept == [0, *range(60 - stats.pending + 1, 60)]


def test_typing_and_receipts_go_before_any_message(tmp_path: Path) -> None:
    with open_inbox(tmp_path, max_queued=1, max_bytes=10_000) as inbox:
        number = 0
        while inbox.stats().bytes < 9_000:
            inbox.feed(frame(number, text="x" * 400))
            number += 1
        inbox.feed(frame(1000, kind="typing"))
        inbox.feed(frame(1001, kind="receipt"))
        inbox.feed(frame(1002))

        assert inbox.stats().shed == {"typing": 1, "receipt": 1}
        assert inbox.stats().recorded == number + 1


def test_who_waits_for_an_answer_is_told_that_the_inbox_is_full(tmp_path: Path) -> None:
    with open_inbox(tmp_path, **SMALL) as inbox:
        fill(inbox)
        state_of(inbox, lambda stats: stats.recorded + stats.dead_letters == 60)
        before = inbox.count_dead_letters()

        with pytest.raises(InboxFull):
            inbox.feed(frame(1000))
        assert inbox.count_dead_letters() == before


def test_a_full_inbox_refuses_a_replay_and_keeps_the_letters(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), **SMALL) as inbox:
        inbox.feed(frame(1000))
        inbox.fail(got.wait(1)[0], Failure("error"))
        fill(inbox)
        state_of(inbox, lambda stats: stats.recorded + stats.dead_letters == 62)

        with pytest.raises(InboxFull):
            inbox.replay([1])
        assert inbox.dead_letter(1) is not None


def test_little_room_on_the_disk_is_said_once_and_frames_go_on(tmp_path: Path) -> None:
    events: list[str] = []
    with open_inbox(
        tmp_path,
        got := Collector(),
        min_free_bytes=2**60,
        on_event=lambda name, **_: events.append(name),
    ) as inbox:
        inbox.put_many([frame(number) for number in range(5)], 1.0, "websocket")
        got.wait(5)
        health = inbox.health

        assert not health.durable
        assert "MiB are free" in (health.reason or "")
        assert inbox.stats().memory_bytes > 0
    assert events == ["undurable"]


def test_dead_letters_do_not_fill_the_disk_in_the_place_of_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signalbot.infrastructure.inbox_loop.TICK", 0.0)
    text = "y" * 10_000
    with open_inbox(tmp_path, max_queued=1, max_bytes=2000) as inbox:
        for start in range(0, 600, 50):
            raws = [frame(number, text=text) for number in range(start, start + 50)]
            inbox.put_many(raws, 1.0, "websocket")
            state_of(inbox, lambda s: sum(s.shed.values()) + s.recorded == start + 50)  # noqa: B023

        assert inbox.stats().shed["drop_newest"] > 0
        assert (tmp_path / "account" / "cache.db").stat().st_size < 4 * 2**20


def test_frames_that_nobody_wants_are_counted_only(tmp_path: Path) -> None:
    with open_inbox(
        tmp_path, got := Collector(), wanted=lambda peek: peek.kind == "message"
    ) as inbox:
        inbox.feed(frame(1, kind="typing"))
        inbox.feed(frame(2))

        assert (inbox.stats().unwanted, inbox.stats().recorded) == (1, 1)
        assert [d.peek.kind for d in got.wait(1)] == ["message"]


def test_unreadable_frames_are_kept_and_count_as_stored(tmp_path: Path) -> None:
    def peek(raw: bytes) -> object:
        raise RecursionError("too deep")

    with open_inbox(tmp_path) as inbox:
        assert inbox.feed(b"no json") is True
        (letter,) = inbox.dead_letters()
        assert (letter.reason, letter.raw) == ("unreadable", b"no json")
    with open_inbox(tmp_path, peek=peek) as inbox:
        inbox.put(b"[[[[", 1.0, "websocket")
        state_of(inbox, lambda stats: stats.dead_letters == 2)
        assert inbox.dead_letters()[0].error_type == "RecursionError"


def test_the_reader_sheds_what_is_far_too_much_for_memory() -> None:
    mailbox = Mailbox(max_bytes=10_000)
    message = frame(1, text="x" * 1000)

    for _ in range(20):
        mailbox.put(frame(2, kind="typing"), 1.0, "websocket")
        mailbox.put_many([message, message], 1.0, "websocket")
        mailbox.put(frame(2, kind="receipt"), 1.0, "websocket")

    assert mailbox.bytes <= 10_000
    assert mailbox.bytes > 9_000
    assert set(mailbox.shed) == {"typing", "receipt", "memory"}


def test_a_text_about_typing_is_no_typing() -> None:
    mailbox = Mailbox(max_bytes=2000)
    mailbox.put(frame(1, text="x" * 1300), 1.0, "websocket")

    mailbox.put(frame(2, text='"typingMessage":'), 1.0, "websocket")

    assert mailbox.shed == {}
