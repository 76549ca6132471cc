"""The cap is fair and exact; sends are paced and paused, nothing else is."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from signalbot.errors import RateLimited, RequestTimedOut
from signalbot.infrastructure.throttle import FairSlots, NoSlot, Throttle

DEADLINE = 5.0


class Clock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def throttle_with(clock: Clock, rate_limit: float | None = None) -> Throttle:
    return Throttle(4, rate_limit, clock=clock, sleep=clock.sleep)


def send(throttle: Throttle, clock: Clock, timeout: float = 100.0) -> None:
    throttle.enter(is_send=True, deadline=clock.now + timeout)
    throttle.leave()


def waiting(slots: FairSlots) -> int:
    return len(slots._waiting)


def until(condition: object) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.001)


def test_never_more_than_the_cap_run_at_once() -> None:
    slots = FairSlots(4)
    lock = threading.Lock()
    running = highest = 0

    def work(_: int) -> None:
        nonlocal running, highest
        slots.acquire(DEADLINE)
        with lock:
            running += 1
            highest = max(highest, running)
        with lock:
            running -= 1
        slots.release()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(2000)))

    assert highest <= 4
    assert slots._free == 4
    assert waiting(slots) == 0


def test_slots_go_out_in_order_of_arrival() -> None:
    slots = FairSlots(1)
    slots.acquire(1)
    order: list[int] = []

    def wait(number: int) -> None:
        slots.acquire(DEADLINE)
        order.append(number)
        slots.release()

    threads = []
    for number in range(8):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        until(lambda number=number: waiting(slots) == number + 1)
    slots.release()
    for thread in threads:
        thread.join(DEADLINE)

    assert order == list(range(8))


def test_waiting_for_a_slot_ends_with_the_deadline_and_leaves_no_trace() -> None:
    slots = FairSlots(1)
    slots.acquire(1)

    with pytest.raises(NoSlot) as caught:
        slots.acquire(0.02)

    assert isinstance(caught.value, RequestTimedOut)
    assert not caught.value.may_have_been_sent
    assert waiting(slots) == 0
    slots.release()
    slots.acquire(0)


def test_an_interrupted_wait_does_not_lose_the_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        """A lock whose waiter is hit by Ctrl-C just after its turn has come."""

        def acquire(self, timeout: float | None = None) -> bool:
            if timeout is not None:
                slots.release()
                raise KeyboardInterrupt
            return True

        def release(self) -> None: ...

    slots = FairSlots(1)
    slots.acquire(1)
    monkeypatch.setattr("signalbot.infrastructure.throttle.threading.Lock", Interrupted)

    with pytest.raises(KeyboardInterrupt):
        slots.acquire(1)

    assert slots._free == 1


def test_many_timeouts_and_turns_at_once_keep_the_count() -> None:
    slots = FairSlots(2)

    def work(number: int) -> None:
        try:
            slots.acquire(0.0005 * (number % 4))
        except NoSlot:
            return
        time.sleep(0.0002)
        slots.release()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(3000)))

    assert slots._free == 2
    assert waiting(slots) == 0


def test_rate_limit_allows_a_burst_and_then_the_rate(clock: Clock) -> None:
    throttle = throttle_with(clock, rate_limit=5.0)

    for _ in range(15):
        send(throttle, clock)

    assert clock.now - 1000.0 == pytest.approx(2.0)


def test_rate_limit_below_one_a_second(clock: Clock) -> None:
    throttle = throttle_with(clock, rate_limit=0.5)

    for _ in range(3):
        send(throttle, clock)

    assert clock.now - 1000.0 == pytest.approx(4.0)


def test_rate_limit_is_for_sends_only(clock: Clock) -> None:
    throttle = throttle_with(clock, rate_limit=1.0)

    for _ in range(100):
        throttle.enter(is_send=False, deadline=clock.now + 1)
        throttle.leave()

    assert clock.slept == []


def test_a_send_that_cannot_make_its_deadline_is_refused_at_once(clock: Clock) -> None:
    throttle = throttle_with(clock, rate_limit=1.0)
    send(throttle, clock)

    with pytest.raises(RateLimited) as caught:
        send(throttle, clock, timeout=0.5)

    assert clock.slept == []
    assert caught.value.retry_after == pytest.approx(1.0)
    send(throttle, clock)  # the refused one has taken no token
    assert clock.now - 1000.0 == pytest.approx(1.0)


def test_pauses_double_up_to_a_minute_until_a_send_succeeds(clock: Clock) -> None:
    throttle = throttle_with(clock)
    lengths = []

    for _ in range(8):
        lengths.append(throttle.pause_sends())
        send(throttle, clock)  # waits
    throttle.send_succeeded()
    lengths.append(throttle.pause_sends())

    assert lengths == [1, 2, 4, 8, 16, 32, 60, 60, 1]


def test_refusals_of_parallel_sends_are_one_refusal(clock: Clock) -> None:
    throttle = throttle_with(clock)

    lengths = [throttle.pause_sends() for _ in range(4)]

    assert lengths == [1, 1, 1, 1]


def test_a_send_that_was_on_its_way_does_not_end_the_pause(clock: Clock) -> None:
    throttle = throttle_with(clock)
    throttle.pause_sends()

    throttle.send_succeeded()
    send(throttle, clock)

    assert sum(clock.slept) == pytest.approx(1.0)


def test_an_asked_pause_is_honoured_within_reason(clock: Clock) -> None:
    throttle = throttle_with(clock)

    assert throttle.pause_sends(7.0) == 7.0
    assert throttle.pause_sends(3.0) == 7.0
    assert throttle.pause_sends(1e9) == 3600.0


def test_a_pause_stops_sends_and_nothing_else(clock: Clock) -> None:
    throttle = throttle_with(clock)
    throttle.pause_sends(30.0)

    throttle.enter(is_send=False, deadline=clock.now + 1)
    throttle.leave()

    assert clock.slept == []
    with pytest.raises(RateLimited) as caught:
        send(throttle, clock, timeout=29.0)
    assert caught.value.retry_after == 30.0
    assert clock.slept == []


def test_a_pause_can_be_lifted(clock: Clock) -> None:
    throttle = throttle_with(clock)
    throttle.pause_sends(30.0)

    throttle.resume_sends()
    send(throttle, clock)

    assert clock.slept == []


def test_a_send_that_waited_for_its_slot_still_heeds_a_new_pause(clock: Clock) -> None:
    throttle = Throttle(1, clock=clock, sleep=clock.sleep)
    throttle.enter(is_send=True, deadline=clock.now + 60)
    waiter = threading.Thread(target=send, args=(throttle, clock))
    waiter.start()
    until(lambda: waiting(throttle._slots) == 1)

    throttle.pause_sends(5.0)
    throttle.leave()
    waiter.join(DEADLINE)

    assert sum(clock.slept) == pytest.approx(5.0)
    assert throttle._slots._free == 1
