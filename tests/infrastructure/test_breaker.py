"""The breaker opens on real trouble, lets one probe through, and never makes calls wait."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pybreaker
import pytest

from signalbot.errors import CircuitOpen
from signalbot.infrastructure.breaker import Breaker

DEADLINE = 5.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> list[tuple[str, str, str]]:
    return []


@pytest.fixture
def breaker(clock: Clock, changes: list[tuple[str, str, str]]) -> Breaker:
    return Breaker(
        "send",
        fail_max=3,
        reset_timeout=10.0,
        is_failure=lambda error: isinstance(error, OSError),
        on_change=lambda *change: changes.append(change),
        clock=clock,
    )


def fail(error: BaseException | None = None) -> None:
    raise error or OSError("down")


def trip(breaker: Breaker) -> None:
    for _ in range(breaker.fail_max):
        with pytest.raises(OSError, match="down"):
            breaker.call(fail)


def test_it_opens_after_so_many_failures_in_a_row(breaker: Breaker, clock: Clock) -> None:
    trip(breaker)

    with pytest.raises(CircuitOpen) as caught:
        breaker.call(pytest.fail)

    assert breaker.current_state == "open"
    assert caught.value.retry_after == 10.0
    assert not caught.value.may_have_been_sent
    clock.now += 4
    assert breaker.retry_after == 6.0


def test_a_success_in_between_starts_the_count_again(breaker: Breaker) -> None:
    for _ in range(5):
        for _ in range(2):
            with pytest.raises(OSError, match="down"):
                breaker.call(fail)
        assert breaker.call(lambda: "fine") == "fine"

    assert breaker.current_state == "closed"


def test_the_error_that_trips_it_is_the_caller_s_own(breaker: Breaker) -> None:
    error = OSError("mine")
    breaker.fail_max = 1

    with pytest.raises(OSError, match="mine") as caught:
        breaker.call(fail, error)

    assert caught.value is error
    assert "pybreaker" not in "".join(str(entry.path) for entry in caught.traceback)


@pytest.mark.parametrize("error", [ValueError("4xx"), KeyboardInterrupt(), SystemExit()])
def test_neutral_errors_count_neither_way(breaker: Breaker, error: BaseException) -> None:
    for _ in range(2):
        with pytest.raises(OSError, match="down"):
            breaker.call(fail)
    for _ in range(10):
        with pytest.raises(type(error)):
            breaker.call(fail, error)

    assert breaker.fail_counter == 2
    assert breaker.current_state == "closed"


def test_a_good_probe_closes_it(
    breaker: Breaker, clock: Clock, changes: list[tuple[str, str, str]]
) -> None:
    trip(breaker)
    clock.now += 10.1

    assert breaker.call(lambda: 1) == 1

    assert breaker.current_state == "closed"
    assert changes == [
        ("send", "closed", "open"),
        ("send", "open", "half-open"),
        ("send", "half-open", "closed"),
    ]


def test_a_bad_probe_opens_it_again(breaker: Breaker, clock: Clock) -> None:
    trip(breaker)
    clock.now += 10.1

    with pytest.raises(OSError, match="down"):
        breaker.call(fail)

    assert breaker.current_state == "open"
    with pytest.raises(CircuitOpen):
        breaker.call(pytest.fail)
    assert breaker.retry_after == 10.0


@pytest.mark.parametrize("error", [ValueError("4xx"), KeyboardInterrupt()])
def test_a_neutral_probe_gives_the_permit_back(
    breaker: Breaker, clock: Clock, error: BaseException
) -> None:
    trip(breaker)
    clock.now += 10.1

    with pytest.raises(type(error)):
        breaker.call(fail, error)

    assert breaker.current_state == "half-open"
    assert breaker.call(lambda: "next") == "next"
    assert breaker.current_state == "closed"


def test_one_probe_only(breaker: Breaker, clock: Clock) -> None:
    trip(breaker)
    clock.now += 10.1
    gate, started = threading.Event(), threading.Event()

    def probe() -> str:
        started.set()
        assert gate.wait(DEADLINE)
        return "probe"

    with ThreadPoolExecutor(16) as pool:
        first = pool.submit(breaker.call, probe)
        assert started.wait(DEADLINE)
        others = [pool.submit(breaker.call, pytest.fail) for _ in range(15)]
        rejected = [type(other.exception(DEADLINE)) for other in others]
        gate.set()
        assert first.result(DEADLINE) == "probe"

    assert rejected == [CircuitOpen] * 15
    assert breaker.current_state == "closed"


def test_no_lock_is_held_while_calls_run(breaker: Breaker) -> None:
    everyone = threading.Barrier(16)

    with ThreadPoolExecutor(16) as pool:
        # Only passes if all sixteen are inside at once.
        results = list(pool.map(lambda _: breaker.call(everyone.wait, DEADLINE), range(16)))

    assert sorted(results) == list(range(16))


def test_a_late_failure_does_not_open_it_again(breaker: Breaker, clock: Clock) -> None:
    breaker.fail_max = 1
    gate, started = threading.Event(), threading.Event()

    def slow_failure() -> None:
        started.set()
        assert gate.wait(DEADLINE)
        raise OSError("late")

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(breaker.call, slow_failure)
        assert started.wait(DEADLINE)
        trip(breaker)
        clock.now += 10.1
        breaker.call(lambda: None)
        gate.set()
        assert isinstance(late.exception(DEADLINE), OSError)

    assert breaker.current_state == "closed"
    assert breaker.fail_counter == 0


def test_a_late_success_does_not_close_it(breaker: Breaker) -> None:
    gate, started = threading.Event(), threading.Event()

    def slow_success() -> None:
        started.set()
        assert gate.wait(DEADLINE)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(breaker.call, slow_success)
        assert started.wait(DEADLINE)
        trip(breaker)
        gate.set()
        late.result(DEADLINE)

    assert breaker.current_state == "open"


def test_listeners_run_without_the_lock_and_may_be_broken(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    lock_was_free: list[bool] = []

    breaker: Breaker

    def try_lock() -> None:
        lock_was_free.append(breaker._lock.acquire(timeout=1))
        if lock_was_free[-1]:
            breaker._lock.release()

    def listener(name: str, old: str, new: str) -> None:
        other = threading.Thread(target=try_lock)
        other.start()
        other.join(DEADLINE)
        raise RuntimeError("broken listener")

    breaker = Breaker("send", fail_max=1, on_change=listener, clock=clock)

    with caplog.at_level(logging.ERROR), pytest.raises(OSError, match="down"):
        breaker.call(fail)

    assert lock_was_free == [True]
    assert breaker.current_state == "open"
    assert "breaker.listener_failed" in caplog.text


def test_pybreaker_s_own_listeners_cannot_break_it(breaker: Breaker) -> None:
    heard: list[str] = []

    class Broken(pybreaker.CircuitBreakerListener):
        def failure(self, cb: object, exc: BaseException) -> None:
            heard.append("failure")
            raise RuntimeError

        def success(self, cb: object) -> None:
            heard.append("success")
            raise RuntimeError

        def state_change(self, cb: object, old_state: object, new_state: object) -> None:
            heard.append("change")
            raise RuntimeError

    breaker.add_listener(Broken())

    trip(breaker)

    assert breaker.current_state == "open"
    assert heard == ["failure", "failure", "failure", "change"]


def test_it_can_be_opened_and_closed_by_hand(breaker: Breaker) -> None:
    breaker.open()
    with pytest.raises(CircuitOpen):
        breaker.call(pytest.fail)

    breaker.close()

    assert breaker.call(lambda: "again") == "again"
