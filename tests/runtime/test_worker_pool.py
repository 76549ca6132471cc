"""The worker pool: order per chat, fairness, parking, retries, stopping."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from typing import Any

import pytest

from signalbot.errors import AskConflict, AskUnavailable, BotStopping
from signalbot.runtime.lanes import Run, Wait
from signalbot.runtime.worker_pool import WorkerPool


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def timer(delay: float, function: Any, *args: Any) -> threading.Timer:
    thread = threading.Timer(delay, function, args)
    thread.daemon = True
    thread.start()
    return thread


def make(handle: Any, workers: int = 4, max_parked: int = 1000, **more: Any) -> WorkerPool:
    return WorkerPool(handle, workers=workers, max_parked=max_parked, call_later=timer, **more)


def end(pool: WorkerPool) -> None:
    pool.stop_taking()
    assert pool.wait_idle(soon()) == []
    pool.close(soon())
    assert pool.counts()["threads"] == 0


def test_each_chat_keeps_its_order_while_chats_run_side_by_side() -> None:
    seen: dict[int, list[int]] = defaultdict(list)
    at_work: set[int] = set()
    peak = 0
    clashes: list[int] = []
    lock = threading.Lock()

    def handle(job: tuple[int, int], run: Run) -> None:
        nonlocal peak
        chat, number = job
        with lock:
            if chat in at_work:
                clashes.append(chat)
            at_work.add(chat)
            peak = max(peak, len(at_work))
        seen[chat].append(number)
        time.sleep(0)
        with lock:
            at_work.discard(chat)

    pool = make(handle)
    for number in range(20):
        for chat in range(500):
            pool.offer(chat, (chat, number))

    assert pool.wait_empty(soon(30))
    end(pool)
    assert clashes == []
    assert peak <= 4
    assert all(seen[chat] == list(range(20)) for chat in range(500))


def test_a_hung_handler_delays_its_own_chat_only() -> None:
    let_go = threading.Event()
    done: list[Any] = []
    other = threading.Event()

    def handle(job: str, run: Run) -> None:
        if job == "hang":
            let_go.wait(10)
        done.append(job)
        if job == "other":
            other.set()

    pool = make(handle, workers=2)
    pool.offer("a", "hang")
    pool.offer("a", "behind")
    pool.offer("b", "other")

    assert other.wait(5)
    assert done == ["other"]
    let_go.set()
    assert pool.wait_empty(soon())
    assert done == ["other", "hang", "behind"]
    end(pool)


def test_a_chat_with_a_long_queue_does_not_starve_another() -> None:
    order: list[str] = []
    first = threading.Event()
    go = threading.Event()

    def handle(job: str, run: Run) -> None:
        first.set()
        go.wait(5)
        order.append(job)

    pool = make(handle, workers=1)
    for _ in range(100):
        pool.offer("a", "a")
    first.wait(5)
    pool.offer("b", "b")
    go.set()

    assert pool.wait_empty(soon())
    end(pool)
    assert order.index("b") <= 2


def test_a_retry_holds_its_chat_and_no_worker() -> None:
    ran: list[str] = []
    tries = 0

    def handle(job: str, run: Run) -> Wait | None:
        nonlocal tries
        if job == "shaky" and tries < 2:
            tries += 1
            return Wait(0.02)
        ran.append(job)
        return None

    pool = make(handle, workers=1)
    pool.offer("a", "shaky")
    pool.offer("a", "behind")
    pool.offer("b", "other chat")

    assert pool.wait_empty(soon())
    end(pool)
    assert ran == ["other chat", "shaky", "behind"]


def test_a_relaxed_retry_lets_later_messages_pass() -> None:
    ran: list[str] = []
    again = threading.Event()

    def handle(job: str, run: Run) -> Wait | None:
        if job == "shaky" and not ran:
            return Wait(0.02, hold_chat=False)
        ran.append(job)
        if job == "shaky":
            again.set()
        return None

    pool = make(handle, workers=1)
    pool.offer("a", "shaky")
    pool.offer("a", "behind")

    assert again.wait(5)
    end(pool)
    assert ran == ["behind", "shaky"]


def test_parked_conversations_hold_neither_slots_nor_chats() -> None:
    asked = threading.Semaphore(0)
    answers: dict[int, Any] = {}
    free = threading.Event()

    def handle(job: Any, run: Run) -> None:
        kind, chat = job
        if kind == "ask":
            answers[chat] = pool.park(
                run,
                match=lambda other: other[0] == "answer",
                subject="x",
                timeout=20,
                ask=asked.release,
            )
        else:
            free.set()

    pool = make(handle, workers=4)
    for chat in range(500):
        pool.offer(chat, ("ask", chat))
    for _ in range(500):
        assert asked.acquire(timeout=20)
    began = time.monotonic()
    pool.offer("other", ("ping", "other"))
    assert free.wait(5)
    assert time.monotonic() - began < 2

    for chat in range(500):
        pool.offer(chat, ("answer", chat))
    deadline = soon(20)
    while len(answers) < 500 and time.monotonic() < deadline:
        pool.wait_empty(time.monotonic() + 0.05)
    assert pool.wait_empty(soon())
    assert answers == {chat: ("answer", chat) for chat in range(500)}
    assert pool.counts()["parked"] == 0
    end(pool)


def test_nobody_answers() -> None:
    got: list[Any] = []
    both = threading.Event()

    def handle(job: Any, run: Run) -> None:
        got.append(
            pool.park(run, match=lambda other: False, subject=job, timeout=0.05, ask=lambda: None)
        )
        assert run.age(time.monotonic()) < 0.05
        if len(got) == 2:
            both.set()

    pool = make(handle, workers=1)
    pool.offer("a", 1)
    pool.offer("a", 2)

    assert pool.wait_empty(soon())
    assert both.wait(5)
    assert pool.wait_empty(soon())
    end(pool)
    assert got == [None, None]


def test_too_many_and_twice_the_same_person() -> None:
    errors: list[type[BaseException]] = []
    parked = threading.Event()

    def handle(job: Any, run: Run) -> None:
        try:
            pool.park(run, match=lambda other: False, subject=job, timeout=None, ask=parked.set)
        except (AskConflict, AskUnavailable) as error:
            errors.append(type(error))
            both.release()

    both = threading.Semaphore(0)
    pool = make(handle, workers=2, max_parked=1)
    pool.offer("a", "alice")
    assert parked.wait(5)
    pool.offer("b", "bob")
    assert both.acquire(timeout=5)
    assert errors == [AskUnavailable]
    end(pool)

    errors.clear()
    parked.clear()
    pool = make(handle, workers=2, max_parked=5)
    pool.offer("a", "alice")
    assert parked.wait(5)
    pool.offer("a", "alice")
    assert both.acquire(timeout=5)
    assert errors == [AskConflict]
    end(pool)


def test_stop_wakes_the_parked_and_starts_nothing_new() -> None:
    ended: list[str] = []
    parked = threading.Event()

    def handle(job: Any, run: Run) -> None:
        try:
            pool.park(run, match=lambda other: False, subject=1, timeout=None, ask=parked.set)
        except BotStopping:
            ended.append(job)
            raise

    pool = make(handle, workers=1, on_error=lambda error: None)
    pool.offer("a", "conversation")
    assert parked.wait(5)
    pool.stop_taking()

    assert pool.offer("b", "late") is False
    assert pool.wait_idle(soon()) == []
    assert ended == ["conversation"]
    pool.close(soon())


def test_an_abandoned_job_frees_its_chat_and_its_slot() -> None:
    stuck = threading.Event()
    started = threading.Event()
    ran = threading.Event()

    def handle(job: str, run: Run) -> None:
        if job == "stuck":
            started.set()
            stuck.wait(20)
        else:
            ran.set()

    pool = make(handle, workers=1)
    pool.offer("a", "stuck")
    pool.offer("a", "next")
    assert started.wait(5)
    (run,) = pool.running()

    assert pool.abandon(run) is True
    assert pool.abandon(run) is False
    assert ran.wait(5)
    pool.stop_taking()
    assert pool.wait_idle(soon()) == []
    stuck.set()
    pool.close(soon())
    assert pool.counts()["threads"] == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_invariants_hold_under_a_storm_of_asks_and_answers(seed: int) -> None:
    rng = random.Random(seed)
    lock = threading.Lock()
    at_work: dict[int, int] = defaultdict(int)
    wrong: list[str] = []
    handled = [0]
    total = 15_000

    def enter(chat: int) -> None:
        with lock:
            at_work[chat] += 1
            if at_work[chat] > 1:
                wrong.append("two in one chat")
            if sum(at_work.values()) > 4:
                wrong.append("more than the workers")

    def leave(chat: int) -> None:
        with lock:
            at_work[chat] -= 1

    def handle(job: tuple[int, int, float], run: Run) -> None:
        chat, sender, ask = job
        enter(chat)
        if ask:
            try:
                leave(chat)
                answer = pool.park(
                    run,
                    match=lambda other: other[1] == sender,
                    subject=sender,
                    timeout=ask,
                    ask=lambda: None,
                )
                enter(chat)
                if answer is not None and answer[1] != sender:
                    wrong.append("somebody else's answer")
                handled[0] += answer is not None
            except (AskConflict, AskUnavailable):
                enter(chat)
        leave(chat)
        with lock:
            handled[0] += 1

    pool = make(handle, workers=4, max_parked=64)
    for _ in range(total):
        ask = rng.uniform(0.001, 0.03) if rng.random() < 0.2 else 0.0
        chat = rng.randrange(37)
        pool.offer(chat, (chat, rng.randrange(3), ask))
    assert pool.wait_empty(soon(30))
    deadline = soon(10)
    while pool.counts()["parked"] and time.monotonic() < deadline:
        pool.wait_empty(soon(0.1))
    # The last ones to be woken still run; a chat that is interrupted by the stop is not forgotten.
    assert pool.wait_empty(soon())
    end(pool)
    assert wrong == []
    assert pool.counts()["chats"] == 0
