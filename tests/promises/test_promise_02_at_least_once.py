"""A frame that was committed is handled at least once, whatever becomes of the process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.soak import Plan, Soak, may_mount
from benchmarks.soak_oracle import belongs_there, judge

KILLS = 22


@pytest.mark.timeout(120)
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    plan = Plan(
        kills=KILLS,
        kill_every=(0.05, 0.7),
        fault_every=None,
        rate=400,
        behaviours=("plain",) * 6 + ("slow", "fail", "reply"),
    )

    outcome = Soak(plan, tmp_path, seed=seed).run()

    verdict = outcome.verdict
    print(f"{KILLS} kills (seed {seed}): {outcome.line}\n{outcome.details}")
    assert verdict.runs >= KILLS // 2
    assert outcome.committed > KILLS
    assert verdict.lost == []
    assert verdict.unmarked == []
    assert verdict.disorder == []
    assert outcome.repeated_sends == 0
    # In flight at a kill: the handlers of eight workers, what waits for a retry, and what had been
    # handled in the last hundredth of a second.
    assert verdict.repeated <= verdict.runs * plan.chats
    assert outcome.clean_end


@pytest.mark.timeout(120)
def test_a_short_soak(tmp_path: Path) -> None:
    seed = int.from_bytes(os.urandom(4), "big")
    plan = Plan(
        seconds=8, rate=80, kill_every=(1.0, 4.0), fault_every=(0.3, 1.2),
        disk_mib=24 if may_mount() else 0,
    )  # fmt: skip

    outcome = Soak(plan, tmp_path, seed=seed).run()

    print(f"seed {seed}\n{outcome.details}\n{outcome.line}")
    assert outcome.verdict.is_kept, outcome.verdict
    assert outcome.repeated_sends == 0
    assert outcome.committed == outcome.sent
    assert outcome.clean_end
    # What was injected was also felt.
    assert outcome.jumps >= outcome.injected.get("clock jump", 0) // 2
    assert outcome.ended >= outcome.injected.get("bot restart", 0) // 2


@pytest.mark.parametrize(
    ("notes", "wrong"),
    [
        (["R 1 9", "B a 0 0 1", "H a 0"], "lost"),  # a 1 was committed as well
        (["R 1 9", "B a 0 0 1", "H a 0", "B a 0 0 1", "B a 1 0 1", "H a 1"], "unmarked"),
        (["R 1 9", "B a 1 0 1", "H a 1", "B a 0 0 1", "H a 0"], "disorder"),
        (["R 1 9", "B a 0 0 1", "B a 1 0 1", "H a 1", "R 2 9", "B a 0 1 2", "H a 0"], "disorder"),
        (["R 1 9", "B a 0 0 1", "E a 0 1 ValueError", "B a 1 0 1", "H a 1", "B a 0 0 2", "H a 0"],
         "disorder"),
        # Begun a second time with no mark but its number, which is none; a reject is no retry.
        (["R 1 9", "B a 0 0 1", "R 2 9", "B a 0 0 2", "H a 0", "B a 1 0 1", "H a 1"], "unmarked"),
        (["R 1 9", "B a 0 0 1", "E a 0 1 Reject", "B a 0 0 1", "H a 0", "B a 1 0 1", "H a 1"],
         "unmarked"),
        (["R 1 9", "B a 0 0 3", "E a 0 3 ValueError", "B a 0 0 4", "H a 0", "B a 1 0 1", "H a 1"],
         "unmarked"),
        (["R 1 9", "B a 0 0 1", "B a 1 0 1", "H a 0", "H a 1", "R 2 9", "B a 1 1 2", "B a 0 1 2"],
         "disorder"),
    ],
)  # fmt: skip
def test_the_oracle_can_say_no(notes: list[str], wrong: str) -> None:
    verdict = judge(notes, [("a", 0), ("a", 1)], [])

    assert not verdict.is_kept
    assert getattr(verdict, wrong)


@pytest.mark.parametrize(
    ("what", "reason", "belongs"),
    [
        ("reject", "rejected", True), ("reply", "handler_error", True), ("plain", "crashed", True),
        ("plain", "handler_error", False), ("fail", "rejected", False), ("slow", "stuck", False),
        ("reply", "unreadable", False), ("plain", "overflow", False),
    ],
)  # fmt: skip
def test_the_oracle_knows_what_may_be_a_dead_letter(what: str, reason: str, belongs: bool) -> None:
    verdict = judge(
        ["R 1 9"],
        [("a", 0)],
        [("a", 0)],
        misplaced=[] if belongs_there(what, reason) else [("a", 0)],
    )

    assert belongs_there(what, reason) is belongs
    assert verdict.is_kept is belongs


def test_what_a_full_disk_forgot_is_only_excused_if_nobody_had_acknowledged_it() -> None:
    twice = ["R 1 9", "B a 0 0 1", "R 2 9", "B a 0 0 1", "H a 0", "C a 0"]
    acknowledged = ["R 1 9", "C a 0", "B a 0 0 1", "R 2 9", "B a 0 0 1", "H a 0"]

    assert judge(twice, [("a", 0)], [], may_forget=True).forgotten == 1
    assert judge(twice, [("a", 0)], []).unmarked == [("a", 0)]
    assert judge(acknowledged, [("a", 0)], [], may_forget=True).unmarked == [("a", 0)]


def test_the_oracle_can_say_yes() -> None:
    notes = [
        "R 1 9", "B a 0 0 1", "E a 0 1 ValueError", "B a 0 0 2", "H a 0", "B a 1 0 1",
        "R 2 9", "B a 0 1 3", "H a 0", "B a 1 1 2", "H a 1", "B b 0 0 1", "E b 0 1 Reject",
    ]  # fmt: skip

    verdict = judge(notes, [("a", 0), ("a", 1), ("b", 0)], [("b", 0)])

    assert verdict.is_kept
    assert (verdict.runs, verdict.repeated, verdict.retried) == (2, 2, 1)
