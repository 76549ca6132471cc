"""The pile gives back what was put on it, in order, whatever the sizes."""

from __future__ import annotations

import itertools
import random
from typing import NoReturn

import pytest

from signalbot.infrastructure import inbox_pile
from signalbot.infrastructure.inbox_mailbox import Mailbox, Signal
from signalbot.infrastructure.inbox_pile import Pile


def test_frames_of_all_sizes_come_back_in_order() -> None:
    chance = random.Random(8)
    frames = [
        bytes([n % 251]) * chance.choice((0, 1, 400, 400, 400, 70_000, 2**18, 2**18 + 1, 600_000))
        for n in range(400)
    ]
    pile = Pile()
    taken: list[bytes] = []
    rest = iter(frames)
    while len(taken) < len(frames):
        # Put and taken in turns, as two threads do it.
        for raw in itertools.islice(rest, chance.randrange(150)):
            pile.append(raw, 1.5, "websocket")
        taken += [entry[0] for entry in pile.take(chance.randrange(1, 100))]

    assert taken == frames
    assert len(pile) == 0
    assert pile.take(5) == []


def test_time_and_source_come_along() -> None:
    pile = Pile()
    for n in range(100):
        pile.append(b"frame", float(n), "polling" if n % 2 else "elsewhere")

    entries = pile.take(100)

    assert [entry[1] for entry in entries] == [float(n) for n in range(100)]
    assert {entry[2] for entry in entries[1::2]} == {"polling"}
    assert {entry[2] for entry in entries[::2]} == {"feed"}


def test_a_large_pile_leaves_no_chunk_behind() -> None:
    pile = Pile()
    for _ in range(5000):
        pile.append(b"x" * 436, 1.0, "websocket")
    chunks = list(pile._chunks)
    pile.take(3000)
    assert sum(chunk.closed for chunk in chunks) >= len(chunks) // 2
    pile.take(2000)

    assert all(chunk.closed for chunk in chunks)


def test_where_memory_ends_a_frame_is_shed_and_the_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args: object) -> NoReturn:
        raise OSError(12, "Cannot allocate memory")

    mailbox = Mailbox(max_bytes=10**6)
    with monkeypatch.context() as patched:
        patched.setattr(inbox_pile.mmap, "mmap", refuse)
        mailbox.put_many([b"frame"] * 70, 1.0, "websocket")
    mailbox.put(b"later", 2.0, "websocket")

    assert mailbox.drain() == [Signal.FRAMES]
    assert mailbox.shed == {"memory": 6}
    assert mailbox.bytes == 65 * len(b"frame")
    assert [entry[0] for entry in mailbox.take_pile().take(100)] == [b"frame"] * 64 + [b"later"]
