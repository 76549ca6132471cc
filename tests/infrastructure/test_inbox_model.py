"""Random lives of an inbox, each compared with a model that forgets nothing."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signalbot.infrastructure.inbox_core import InboxCore
from signalbot.infrastructure.inbox_setup import InboxSettings, build
from signalbot.infrastructure.storage.inbox_base import Failure
from signalbot.model.delivery import Delivery
from tests.infrastructure.inboxes import frame, number_of, peek_own

CHATS = 5


class Life:
    """One process: the inbox without its thread, and what the outside knows of it."""

    def __init__(self, core: InboxCore) -> None:
        self.core = core
        self.out: dict[int, Delivery] = {}

    def commit(self) -> None:
        ledger = self.core.ledger
        ledger.stage()
        assert ledger.journal.commit()
        ledger.saved()
        for delivery in self.core.recorder.settle(durable=True, why=""):
            self.out[number_of(delivery.raw)] = delivery


@contextmanager
def life(directory: Path, chance: random.Random) -> Iterator[Life]:
    settings = InboxSettings(
        directory=directory,
        peek=peek_own,
        durability="process",
        max_queued=chance.choice([1, 4, 40]),
        max_per_chat=chance.choice([1, 3, 40]),
        max_bytes=2**30,
        max_memory=2**26,
        min_free_bytes=0,
        overflow="dead_letter",
        wanted=None,
        dedupe_for=86400.0,
        dead_letter_ttl=None,
        max_crashes=1000,
        on_event=lambda *_args, **_facts: None,
        clock=lambda: 1_700_000_000.0,
    )
    built = build(settings, threading.Lock())
    try:
        yield Life(built.core)
    finally:
        # No state row, no flag: what is not committed is gone, as after kill -9.
        built.core.ledger.journal.close()


@pytest.mark.parametrize("seed", range(5))
def test_random_lives(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    recorded: set[int] = set()
    done: set[int] = set()
    begun: set[int] = set()
    number = 0
    for _ in range(6):
        with life(tmp_path, chance) as now:
            core = now.core
            assert core.ledger.table.frames == len(recorded - done)
            coming, ending = set[int](), set[int]()
            order: dict[int, list[int]] = defaultdict(list)
            for _ in range(60):
                act = chance.random()
                if act < 0.35:
                    count = chance.choice([1, 2, 30])
                    new = range(number, number + count)
                    number += count
                    core.recorder.take(
                        (frame(n, chat=str(n % CHATS)), 1.0, "feed", None, 0) for n in new
                    )
                    coming.update(new)
                elif act < 0.65 and now.out:
                    for n in chance.sample(sorted(now.out), min(len(now.out), 8)):
                        delivery = now.out.pop(n)
                        if chance.random() < 0.1:
                            core.fail(delivery, Failure("error"))
                        else:
                            core.handed.finish(delivery.seq)
                        ending.add(n)
                elif act < 0.7:
                    core.ledger.compact(-1.0)
                elif act < 0.75:
                    core.ledger.sweep(chance.choice([0, 2]))
                elif act < 0.8 and now.out:
                    delivery = chance.choice(list(now.out.values()))
                    core.handed.park(delivery)
                    if chance.random() < 0.5:
                        core.handed.unpark(delivery)
                core.handed.refill()
                if chance.random() < 0.5:
                    known = set(now.out)
                    now.commit()
                    recorded |= coming
                    done |= ending
                    coming, ending = set(), set()
                    for n in sorted(set(now.out) - known, key=lambda n: now.out[n].seq):
                        assert now.out[n].redelivered >= (n in begun)
                        order[n % CHATS].append(n)
                        begun.add(n)
            for numbers in order.values():
                assert numbers == sorted(numbers)
    with life(tmp_path, chance) as last:
        core = last.core
        core.recorder.take((frame(n, str(n % CHATS)), 1.0, "feed", None, 0) for n in recorded)
        assert core.recorder.intake.duplicates == len(recorded)
        left = set()
        while core.ledger.table.frames:
            core.handed.refill()
            last.commit()
            for delivery in last.out.values():
                left.add(number_of(delivery.raw))
                core.handed.finish(delivery.seq)
            last.out.clear()
    assert left == recorded - done
