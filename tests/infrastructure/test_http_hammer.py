"""Sixteen threads against a slow server that fails; the benchmark of that name has it long."""

from __future__ import annotations

from benchmarks.hammer import hammer


def test_no_deadlock_no_wrong_answer_no_send_twice() -> None:
    report = hammer(1.2)

    assert report.problems == []
    # How many hear of the open breaker is chance: most wait the half second until it closes.
    assert report.outcomes["fine"] > 50
