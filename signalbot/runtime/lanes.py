"""Which job of which chat is next: pure bookkeeping, no threads."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from signalbot.errors import AskConflict
from signalbot.routing.options import INHERIT


@dataclass(frozen=True)
class Wait:
    """What a job answers that wants to run again: in so many seconds, its chat held or not."""

    delay: float
    hold_chat: bool = True


class Lane:
    """One chat's queue. It exists only while it holds something."""

    __slots__ = ("claimed", "fifo", "key", "resumes", "waiters")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.fifo: deque[Any] = deque()
        self.resumes: list[Waiter] = []  # mostly empty, and an empty deque takes 760 bytes
        self.waiters: list[Waiter] = []
        self.claimed = False  # a handler runs, waits for its retry, or is about to run


class Run:
    """One job in a worker: what the watchdog and the context look at."""

    __slots__ = (
        "abandoned",
        "expired",
        "handler",
        "job",
        "lane",
        "owns_chat",
        "parked_for",
        "started",
        "thread",
        "timeout",
    )

    def __init__(self, lane: Lane, job: Any) -> None:
        self.lane = lane
        self.job = job
        self.thread = threading.get_ident()
        self.handler: str | None = None  # its name, once routing has chosen
        self.started = time.monotonic()
        self.parked_for = 0.0
        self.timeout: Any = INHERIT  # seconds, or None, where the handler says so itself
        self.owns_chat = True
        self.expired = False
        self.abandoned = False

    def age(self, now: float) -> float:
        """Seconds at work, without those spent parked."""
        return now - self.started - self.parked_for


class Waiter:
    """A parked conversation. ``gate`` is held until it may go on with chat and slot."""

    __slots__ = ("gate", "match", "run", "state", "subject", "value")

    def __init__(self, run: Run, match: Callable[[Any], bool], subject: Hashable) -> None:
        self.run = run
        self.match = match
        self.subject = subject
        self.gate = threading.Lock()
        self.gate.acquire()
        self.state = "waiting"  # then "answered", "timeout" or "stopping"
        self.value: Any = None


class Lanes:
    """Every chat with work or waiting conversations; a chat is in ``ready`` at most once.

    Not thread-safe: the worker pool calls it under its lock.
    """

    def __init__(self) -> None:
        self.ready: deque[Lane] = deque()
        self.queued = 0
        self._lanes: dict[Hashable, Lane] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def busy(self) -> set[Hashable]:
        """Chats that run something soon; those that wait for an answer or a timer are at rest."""
        return {lane.key for lane in self.ready} | {each.key for each in self if each.resumes}

    def offer(self, key: Hashable, job: Any) -> None:
        """Give a job to the conversation that waits for it, else queue it for its chat."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key)
        elif lane.waiters:
            waiter = next((waiter for waiter in lane.waiters if waiter.match(job)), None)
            if waiter is not None:
                self.give_back(waiter, "answered", job)
                return
        lane.fifo.append(job)
        self.queued += 1
        self._make_ready(lane)

    def pop(self, lane: Lane) -> Any:
        """The chat's next job."""
        self.queued -= 1
        return lane.fifo.popleft()

    def put_back(self, lane: Lane, job: Any) -> None:
        """Make a job the chat's next one again."""
        lane.fifo.appendleft(job)
        self.queued += 1

    def release(self, lane: Lane) -> None:
        """The chat is free: next in line, or forget the chat."""
        if lane.resumes or lane.fifo:
            self.ready.append(lane)
            return
        lane.claimed = False
        if not lane.waiters:
            self._lanes.pop(lane.key, None)

    def wait(self, waiter: Waiter) -> None:
        """Have the chat's next jobs shown to a conversation.

        Raises:
            AskConflict: the same people are being asked already, or by the same job."""
        waiters = waiter.run.lane.waiters
        if any(each.subject == waiter.subject or each.run is waiter.run for each in waiters):
            raise AskConflict("This person is being asked something in this chat already.")
        waiters.append(waiter)

    def give_back(self, waiter: Waiter, state: str, value: Any) -> None:
        """Have a parked conversation go on as soon as its chat and a slot are free."""
        lane = waiter.run.lane
        lane.waiters.remove(waiter)
        waiter.state, waiter.value = state, value
        lane.resumes.append(waiter)
        self._make_ready(lane)

    def withdraw(self, waiter: Waiter) -> None:
        """Nobody will ask after all; an answer that came anyway is a message like others."""
        lane = waiter.run.lane
        if waiter in lane.waiters:
            lane.waiters.remove(waiter)
        elif waiter in lane.resumes:
            lane.resumes.remove(waiter)
            self.put_back(lane, waiter.value)
        if not lane.claimed and not lane.waiters and self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]

    def desert(self, run: Run) -> set[Waiter]:
        """The job is over, and nobody is left to hear an answer; its conversations wake."""
        lane = run.lane
        deserted = {each for each in (*lane.waiters, *lane.resumes) if each.run is run}
        for waiter in deserted:
            self.withdraw(waiter)
            waiter.state, waiter.value = "timeout", None
            waiter.gate.release()
        return deserted

    def _make_ready(self, lane: Lane) -> None:
        if not lane.claimed:
            lane.claimed = True
            self.ready.append(lane)
