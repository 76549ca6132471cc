"""A thread pool that keeps order per chat."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from signalbot.errors import AskUnavailable, BotStopping
from signalbot.runtime.crew import Crew
from signalbot.runtime.lanes import Lane, Lanes, Run, Wait, Waiter
from signalbot.runtime.rest import Rest

_TICK = 0.001


class WorkerPool:
    """Runs jobs in at most ``workers`` threads at a time, one per chat, fair over chats.

    A chat with work is in ``ready`` once; a worker takes it, runs one job, and puts it back at
    the tail. A parked conversation gives up both its slot and its chat, keeps only its thread,
    and gets both back by the same queue, before new messages of that chat.

    A batch of jobs wakes one worker, not one for each: under the GIL more of them only switch.
    If jobs take long (they block, as handlers do that send), ``_pump`` calls up more, a
    millisecond later. Threads are our own and daemon: a ThreadPoolExecutor would hang the
    interpreter's exit on one blocked handler.

    ``_lock`` guards lanes, crew and counters; never held in a job, a thread's start or a timer's.
    """

    def __init__(
        self,
        handle: Callable[[Any, Run], Wait | None],
        *,
        workers: int,
        max_parked: int,
        call_later: Callable[..., Any],
        set_timer: Callable[..., Any] | None = None,
        on_thread_exit: Callable[[], None] | None = None,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._handle = handle
        self._max_parked = max_parked
        self._call_later = call_later
        self._set_timer = set_timer or call_later  # by the users' clock: retries, answers
        self._on_thread_exit = on_thread_exit
        self._on_error = on_error
        self._lock = threading.Lock()
        self.rest = Rest(self._lock)
        self._lanes = self.lanes = Lanes()  # others look at it by ``rest.look``
        self._running: dict[int, Run] = {}
        self._arming: list[Lane] = []  # their retry's timer is being set
        self._parked: set[Waiter] = set()
        self._crew = Crew(workers, self._work, on_error)
        self._stopping = False
        self._finished = 0
        self._is_pumping = False

    # -- from the loop, and from anywhere ----------------------------------------------------

    def offer(self, key: Hashable, job: Any) -> bool:
        """Queue a job for its chat; False if the pool is stopping. Never blocks.

        A conversation that waits for just this job gets it at once, past the queue."""
        return self.offer_all([(key, job)])

    def offer_all(self, jobs: Iterable[tuple[Hashable, Any]]) -> bool:
        """Queue several jobs at the price of one wake-up."""
        with self._lock:
            if self._stopping:
                return False
            for key, job in jobs:
                self._lanes.offer(key, job)
            # While the pump runs, it says whether another worker is of use. It need not run for one
            # chat (at 200 messages a second that was a tenth of the CPU), or while all are up.
            needed = 0 if self._is_pumping else self._call_up(1)
            pump = len(self._lanes.ready) > 1 and not (self._is_pumping or self._crew.is_all_up)
            if pump:
                self._is_pumping = True
                self._crew.note_progress(self._finished)
        self._crew.start(needed, self._lock)
        if pump:
            self._call_later(_TICK, self._pump)
        return True

    def counts(self) -> dict[str, int]:
        """How many jobs are queued, running and parked; how many threads and chats."""
        with self._lock:
            return {
                "queued": self._lanes.queued,
                "running": len(self._running),
                "parked": len(self._parked),
                "threads": len(self._crew.threads),
                "chats": len(self._lanes),
            }

    @property
    def has_parked(self) -> bool:
        """Whether a conversation waits for an answer."""
        return bool(self._parked)

    def running(self) -> list[Run]:
        """A snapshot of what is at work now."""
        with self._lock:
            return list(self._running.values())

    def abandon(self, run: Run) -> bool:
        """Give up on a stuck job: its chat goes on, another thread takes its slot."""
        with self._lock:
            if run.abandoned or self._running.get(run.thread) is not run:
                return False
            run.abandoned = True
            self._leave(run)
            needed = self._call_up(1)
            self.rest.changed()
        self._crew.start(needed, self._lock)
        return True

    # -- stopping ------------------------------------------------------------------------------

    def wait_empty(self, deadline: float) -> bool:
        """Wait until nothing is queued or running (monotonic seconds); False if late."""
        return self.rest.wait(lambda: not self._lanes.queued and not self._running, deadline)

    def stop_taking(self) -> None:
        """No handler starts any more; every parked conversation wakes with BotStopping.

        What is queued stays in the inbox, and so does a conversation's first message."""
        with self._lock:
            self._stopping = True
            for waiter in self._parked:
                waiter.state = "stopping"
                # It needs no slot to end in, and must not touch a chat that another handler has.
                waiter.run.owns_chat = False
                self._running[waiter.run.thread] = waiter.run
                self._crew.active += 1
                waiter.gate.release()
            self._parked.clear()
            for lane in self._lanes:
                lane.waiters.clear()
                lane.resumes.clear()

    def wait_idle(self, deadline: float) -> list[Run]:
        """Wait for the running handlers until then; answers those that still run."""
        self.rest.wait(lambda: not self._running, deadline)
        return self.running()

    def close(self, deadline: float) -> None:
        """End the idle threads; those left behind are daemon and end with the process."""
        with self._lock:
            self._crew.wake_all()
        self.rest.wait(lambda: len(self._crew.threads) <= len(self._running), deadline)

    def busy(self) -> set[Hashable]:
        """In ``rest``: chats at work. Those with a retry or an answer to wait for are not."""
        at_work = [*(run.lane for run in self._running.values()), *self._arming]
        return self._lanes.busy().union(lane.key for lane in at_work)

    # -- parking -------------------------------------------------------------------------------

    def park(
        self,
        run: Run,
        *,
        match: Callable[[Any], bool],
        subject: Hashable,
        timeout: float | None,
        ask: Callable[[], None],
    ) -> Any:
        """Ask, then sleep until a job matches; meanwhile neither a slot nor the chat is held.

        The waiter is registered before ``ask`` runs, so that a fast answer is not missed.
        Returns the matching job, or None if the seconds ran out.

        Raises:
            AskUnavailable: if ``max_parked`` conversations wait already, or the job is over.
            AskConflict: if the subject is being asked in this chat already.
            BotStopping: if the bot stops."""
        waiter = Waiter(run, match, subject)
        with self._lock:
            self._admit(waiter)
        try:
            ask()
        except BaseException:
            with self._lock:
                self._parked.discard(waiter)
                self._lanes.withdraw(waiter)
            raise
        parked_at = time.monotonic()
        timer = None if timeout is None else self._set_timer(timeout, self._expire, waiter)
        with self._lock:
            if waiter.state != "stopping":
                self._leave(run)
            needed = self._call_up(1)
            self.rest.changed()
        self._crew.start(needed, self._lock)
        waiter.gate.acquire()  # until answered or expired, and for the chat and a slot
        if timer is not None:
            timer.cancel()
        run.parked_for += time.monotonic() - parked_at
        if waiter.state == "stopping":
            raise BotStopping
        return waiter.value

    def _expire(self, waiter: Waiter) -> None:
        """Loop: nobody answered in time."""
        with self._lock:
            if waiter.state == "waiting":
                self._lanes.give_back(waiter, "timeout", None)
            needed = self._call_up(1)
        self._crew.start(needed, self._lock)

    def _admit(self, waiter: Waiter) -> None:
        if self._stopping:
            raise BotStopping
        if len(self._parked) >= self._max_parked:
            raise AskUnavailable(f"{len(self._parked)} conversations wait already (max_parked).")
        if self._running.get(waiter.run.thread) is not waiter.run:
            raise AskUnavailable("A handler asks one thing at a time, and nothing after its end.")
        self._lanes.wait(waiter)
        self._parked.add(waiter)

    # -- slots, under the lock -----------------------------------------------------------------

    def _leave(self, run: Run) -> None:
        """A running job gives up its slot, and its chat if it has it."""
        del self._running[run.thread]
        self._crew.active -= 1
        if run.owns_chat:
            self._lanes.release(run.lane)

    def _call_up(self, limit: int) -> int:
        """Wake up to so many workers for the chats that are ready; answers how many to start."""
        if self._stopping:
            return 0
        return self._crew.call_up(min(limit, len(self._lanes.ready)))

    def _wake(self, lane: Lane) -> None:
        """Loop: a retry is due, its chat goes back into the queue."""
        with self._lock:
            self._lanes.ready.append(lane)
            needed = self._call_up(1)
        self._crew.start(needed, self._lock)

    def _pump(self) -> None:
        """Loop, each millisecond while chats wait: more workers, unless jobs are very short."""
        with self._lock:
            if not self._lanes.ready or self._stopping or self._crew.is_all_up:
                self._is_pumping = False
                return
            needed = self._call_up(self._crew.worth_adding(self._finished))
        self._crew.start(needed, self._lock)
        self._call_later(_TICK, self._pump)

    # -- workers -------------------------------------------------------------------------------

    def _work(self) -> None:
        gate = threading.Lock()
        gate.acquire()
        try:
            with self._lock:
                while (lane := self._next_lane(gate)) is not None:
                    if not self._serve(lane):
                        return
                    del lane  # an idle worker must not keep the last message alive
        finally:
            if self._on_thread_exit is not None:
                self._on_thread_exit()
            with self._lock:
                self._crew.threads.discard(threading.current_thread())
                self.rest.changed()

    def _next_lane(self, gate: threading.Lock) -> Lane | None:
        """Under the lock: the chat that waits longest; sleeps outside it while there is none."""
        while not self._lanes.ready:
            if self._stopping:
                self._crew.active -= 1
                return None
            self._crew.sleep(gate, self._lock)
        return self._lanes.ready.popleft()

    def _serve(self, lane: Lane) -> bool:
        """Under the lock, but for the handler: run one job of the chat; False: the thread ends."""
        run = self._take(lane)
        if run is None:
            return False
        wait: Wait | None = None
        self._lock.release()
        try:
            wait = self._handle(run.job, run)
        except BaseException as error:  # noqa: BLE001 - the thread's edge, and unexpected
            if self._on_error is not None:
                self._on_error(error)
        finally:
            self._lock.acquire()
        if run.abandoned:  # another thread has the slot
            return False
        if self._running.get(run.thread) is run:
            self._finish(run, wait)
        else:  # it ran on the loop, and left a question of its own unanswered
            self._parked -= self._lanes.desert(run)
            wait, run.owns_chat = wait and Wait(wait.delay, hold_chat=False), False
        if wait is not None and not self._stopping:
            self._arming.append(lane)
            self._lock.release()
            try:
                self._set_timer(wait.delay, *self._when_due(run, wait))
            finally:
                self._lock.acquire()
                self._arming.remove(lane)
        if self.rest.is_watched:
            self.rest.changed()
        return run.owns_chat

    def _take(self, lane: Lane) -> Run | None:
        """Begin the chat's next job; None if the slot went elsewhere."""
        if lane.resumes:
            waiter = lane.resumes.pop(0)
            self._parked.discard(waiter)
            # This thread's slot and chat go to the parked one, which serves on afterwards: so
            # there are never more than `workers` handlers at work.
            self._running[waiter.run.thread] = waiter.run
            waiter.gate.release()
            return None
        if self._stopping or not lane.fifo:
            self._crew.active -= 1
            return None
        run = Run(lane, self._lanes.pop(lane))
        self._running[run.thread] = run
        return run

    def _finish(self, run: Run, wait: Wait | None) -> None:
        """Account for an ended job, and free its chat."""
        lane = run.lane
        self._finished += 1
        del self._running[run.thread]
        if self._stopping:
            self._crew.active -= 1
            run.owns_chat = False  # this thread ends; nothing of the chat starts any more
        elif wait is not None and wait.hold_chat:
            self._lanes.put_back(lane, run.job)  # still claimed: nothing of it runs meanwhile
        else:
            self._lanes.release(lane)

    def _when_due(self, run: Run, wait: Wait) -> tuple[Callable[..., Any], Any]:
        if wait.hold_chat:
            return self._wake, run.lane
        return (lambda lane: self.offer(lane.key, run.job)), run.lane
