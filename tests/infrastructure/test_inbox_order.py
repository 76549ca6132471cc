"""Order per chat and fairness over chats, whichever way a frame takes."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from signalbot.infrastructure.inbox_lanes import Lanes
from signalbot.model.delivery import Delivery
from tests.infrastructure.inboxes import Collector, frame, number_of, open_inbox, state_of


@pytest.mark.parametrize("durability", ["process", "off"])
def test_what_waits_on_disk_keeps_its_order_in_each_chat(tmp_path: Path, durability: str) -> None:
    chats = 23
    most = 0
    order: dict[int, list[int]] = defaultdict(list)

    def handle(delivery: Delivery) -> None:
        nonlocal most
        most = max(most, inbox.stats().outstanding)
        order[number_of(delivery.raw) % chats].append(number_of(delivery.raw))
        inbox.finish(delivery)

    got = Collector(handle)
    with open_inbox(tmp_path, got, max_queued=50, max_per_chat=10, durability=durability) as inbox:
        for start in range(0, 3000, 100):
            numbers = range(start, start + 100)
            raws = [frame(number, chat=f"chat-{number % chats}") for number in numbers]
            inbox.put_many(raws, 1.0, "websocket")
        got.wait(3000)
        state_of(inbox, lambda stats: stats.pending == 0)

    assert most <= 50
    for chat, numbers_seen in order.items():
        assert numbers_seen == list(range(chat, 3000, chats))


def test_a_hung_chat_keeps_its_own_places_only(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), max_queued=16, max_per_chat=2) as inbox:
        for number in range(100):
            inbox.put(frame(number, chat="hung"), 1.0, "websocket")
        state_of(inbox, lambda stats: stats.pending == 100)
        for number in range(100, 110):
            inbox.put(frame(number, chat="lively"), 1.0, "websocket")
        for count in range(3, 13):
            inbox.finish(got.wait(count)[count - 1])
        state_of(inbox, lambda stats: stats.finished == 10)

        assert [number_of(d.raw) for d in got.all[:2]] == [0, 1]
        assert [number_of(d.raw) for d in got.all[2:]] == list(range(100, 110))
        assert (inbox.stats().outstanding, inbox.stats().spilled) == (2, 98)


def test_parked_frames_leave_their_places_to_others(tmp_path: Path) -> None:
    with open_inbox(tmp_path, got := Collector(), max_queued=2, max_per_chat=2) as inbox:
        for number in range(4):
            inbox.put(frame(number, chat=f"chat-{number}"), 1.0, "websocket")
        first, second = got.wait(2)
        inbox.park(first)
        inbox.park(first)
        third = got.wait(3)[2]
        inbox.unpark(first)
        state_of(inbox, lambda stats: stats.parked == 0)

        assert inbox.stats().outstanding == 3
        assert len(got.all) == 3
        for delivery in (first, second, third):
            inbox.finish(delivery)
        got.wait(4)


def test_frames_of_no_chat_keep_their_order_among_themselves(tmp_path: Path) -> None:
    errors = [b'{"error":"e%d","account":"+4915112345678"}' % number for number in range(20)]
    with open_inbox(tmp_path, got := Collector(), max_queued=4, max_per_chat=1) as inbox:
        inbox.put_many(errors, 1.0, "websocket")
        for count in range(1, 21):
            inbox.finish(got.wait(count)[count - 1])

    assert [delivery.raw for delivery in got.all] == errors


def test_large_frames_count_by_their_size() -> None:
    lanes = Lanes(max_queued=100, max_per_chat=100, max_bytes=1000)

    assert lanes.admit(1, 5000)
    assert not lanes.admit(2, 1)
    lanes.release(1, 5000)
    assert lanes.admit(2, 1)


def test_waiting_chats_take_turns() -> None:
    lanes = Lanes(max_queued=2, max_per_chat=1, max_bytes=1000)
    for seq in range(1, 5):
        lanes.wait(1, seq)
    lanes.wait(2, 9)
    order = []

    while (turn := lanes.next()) is not None:
        lane, seq = turn
        lanes.take(1)
        order.append(seq)
        lanes.release(lane, 1)

    assert order == [1, 9, 2, 3, 4]


def test_a_long_queue_gives_its_memory_back() -> None:
    lanes = Lanes(max_queued=1, max_per_chat=1, max_bytes=1000)
    for seq in range(5000):
        lanes.wait(1, seq)

    for expected in range(5000):
        assert lanes.next() == (1, expected)
        lanes.take(None)

    assert lanes.next() is None
