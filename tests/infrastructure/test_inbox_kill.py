"""``kill -9`` at any moment loses no committed frame, and repeats none unmarked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.infrastructure.inbox_victim import CHATS, FAILS_EVERY, sender_of

KILLS = 24
VICTIM = "tests.infrastructure.inbox_victim"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(120)
def test_killed_at_random_moments(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    log = tmp_path / "log"

    subprocess.run(
        [sys.executable, "-m", VICTIM, tmp_path / "account", log, str(KILLS), str(seed)],
        cwd=ROOT,
        check=True,
        timeout=110,
    )

    committed: set[int] = set()
    handled: set[int] = set()
    buried: set[int] = set()
    begun: dict[int, int] = defaultdict(int)
    unmarked: list[int] = []
    disorder: list[tuple[int, int]] = []
    last: dict[tuple[int, int, int], int] = {}
    run = 0
    for line in log.read_text().splitlines():
        fact, *rest = line.split()
        number = int(rest[0])
        if fact == "R":
            run = number
        elif fact == "C":
            committed.add(number)
        elif fact == "H":
            handled.add(number)
        elif fact == "D":
            buried.add(number)
        elif fact == "B":
            if begun[number] and rest[1] == "0":
                unmarked.append(number)
            begun[number] += 1
            # The senders do not wait for each other: order holds within what one of them sent.
            lane = (run, number % CHATS, sender_of(number))
            if number < last.get(lane, -1):
                disorder.append((last[lane], number))
            last[lane] = number
    repeated = sum(1 for times in begun.values() if times > 1)
    print(
        f"{KILLS} kills (seed {seed}): committed {len(committed)}, handled {len(handled)}, "
        f"lost after commit {len(committed - handled)}, repeated {repeated}, "
        f"unmarked {len(unmarked)}, out of order {len(disorder)}, dead letters {len(buried)}"
    )

    assert len(committed) > KILLS
    assert committed - handled == set()
    assert unmarked == []
    assert disorder == []
    assert {n for n in committed if n % FAILS_EVERY == 0} - buried == set()
    # In flight at a kill: a handler of each chat, and what finished within the last commits.
    assert repeated <= KILLS * (CHATS + 32)
