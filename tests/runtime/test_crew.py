"""When one more worker is of use, by a clock that the test sets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from signalbot.runtime import crew as module
from signalbot.runtime.crew import Crew


@dataclass
class Clocks:
    """A process that has been at work since a moment ago."""

    crew: Crew
    passed: float = 0.0
    cpu: float = 0.0

    def after(self, passed: float, *, cpu: float, finished: int) -> int:
        self.passed += passed
        self.cpu += cpu
        return self.crew.worth_adding(finished)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    crew = Crew(32, lambda: None, None)
    crew._cores = 2
    crew.active = 4
    made = Clocks(crew)
    clock = SimpleNamespace(monotonic=lambda: made.passed, process_time=lambda: made.cpu)
    monkeypatch.setattr(module, "time", clock)
    crew.note_progress(0)
    return made


def test_more_workers_for_jobs_that_wait(clocks: Clocks) -> None:
    assert clocks.after(0.001, cpu=0.0005, finished=2) == 4  # twice as many
    assert clocks.after(0.001, cpu=0.001, finished=4) == 4  # one core of two is idle


def test_none_for_very_short_jobs(clocks: Clocks) -> None:
    assert clocks.after(0.001, cpu=0.0, finished=100) == 0


def test_none_while_all_cores_are_at_work_and_jobs_get_done(clocks: Clocks) -> None:
    assert clocks.after(0.001, cpu=0.00195, finished=2) == 0


def test_more_where_nothing_gets_done_however_busy_the_process_is(clocks: Clocks) -> None:
    assert clocks.after(0.001, cpu=0.00195, finished=0) == 12


def test_a_crew_knows_the_cores_of_this_process() -> None:
    assert 1 <= Crew(1, lambda: None, None)._cores <= (os.cpu_count() or 1)
