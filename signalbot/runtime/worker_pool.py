"""A thread pool that keeps order per chat."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

from signalbot.errors import AskConflict, AskUnavailable, BotStopping
from signalbot.runtime.lanes import Lane, Lanes, Run, Wait, Waiter


class WorkerPool:
    """Runs jobs in at most ``workers`` threads at a time, one per chat, fair over chats.

    A chat with work is in ``ready`` once; a worker takes it, runs one job, and puts it back at
    the tail. A parked conversation gives up both its slot and its chat, keeps only its thread,
    and gets both back by the same queue, before new messages of that chat.

    ``_lock`` guards the lanes and the counters. It is never held while a job runs, a thread
    starts or a timer is set. Threads are our own and daemon: a ThreadPoolExecutor would hang the
    interpreter's exit on one blocked handler.
    """

    def __init__(
        self,
        handle: Callable[[Any, Run], Wait | None],
        *,
        workers: int,
        max_parked: int,
        call_later: Callable[..., Any],
        on_thread_exit: Callable[[], None] | None = None,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._handle = handle
        self._workers = workers
        self._max_parked = max_parked
        self._call_later = call_later
        self._on_thread_exit = on_thread_exit
        self._on_error = on_error
        self._lock = threading.Lock()
        self._at_rest = threading.Condition(self._lock)
        self._lanes = Lanes()
        self._running: dict[int, Run] = {}
        self._parked: set[Waiter] = set()
        self._threads: set[threading.Thread] = set()
        self._active = 0  # threads with a slot: the running ones and the idle ones
        self._stopping = False
        self._number = 0

    # -- from the loop, and from anywhere ----------------------------------------------------

    def offer(self, key: Hashable, job: Any) -> bool:
        """Queue a job for its chat; False if the pool is stopping. Never blocks.

        A conversation that waits for just this job gets it at once, past the queue."""
        with self._lock:
            if self._stopping:
                return False
            self._lanes.offer(key, job)
            needed = self._thread_needed()
        if needed:
            self._spawn()
        return True

    def counts(self) -> dict[str, int]:
        """How many jobs are queued, running and parked; how many threads and chats."""
        with self._lock:
            return {
                "queued": self._lanes.queued,
                "running": len(self._running),
                "parked": len(self._parked),
                "threads": len(self._threads),
                "chats": len(self._lanes),
            }

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
            needed = self._thread_needed()
            self._at_rest.notify_all()
        if needed:
            self._spawn()
        return True

    # -- stopping ------------------------------------------------------------------------------

    def wait_empty(self, deadline: float) -> bool:
        """Wait until nothing is queued or running (monotonic seconds); False if late."""
        return self._wait(lambda: not self._lanes.queued and not self._running, deadline)

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
                self._active += 1
                waiter.gate.release()
            self._parked.clear()
            for lane in self._lanes:
                lane.waiters.clear()
                lane.resumes.clear()

    def wait_idle(self, deadline: float) -> list[Run]:
        """Wait for the running handlers until then; answers those that still run."""
        self._wait(lambda: not self._running, deadline)
        return self.running()

    def close(self, deadline: float) -> None:
        """End the idle threads; those left behind are daemon and end with the process."""
        with self._lock:
            idle = self._active - len(self._running)
        for _ in range(idle):
            self._lanes.ready.put(None)
        self._wait(lambda: len(self._threads) <= len(self._running), deadline)

    def _wait(self, condition: Callable[[], bool], deadline: float) -> bool:
        with self._lock:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._at_rest.wait(left)
            return True

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
            AskUnavailable: if ``max_parked`` conversations wait already.
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
        with self._lock:
            if waiter.state != "stopping":
                self._leave(run)
            needed = self._thread_needed()
        if needed:
            self._spawn()
        if not waiter.gate.acquire(timeout=-1 if timeout is None else max(timeout, 0.0)):
            with self._lock:
                if waiter.state == "waiting":
                    self._lanes.give_back(waiter, "timeout", None)
                needed = self._thread_needed()
            if needed:
                self._spawn()
            waiter.gate.acquire()  # now for the chat and a slot
        run.parked_for += time.monotonic() - parked_at
        if waiter.state == "stopping":
            raise BotStopping
        return waiter.value

    def _admit(self, waiter: Waiter) -> None:
        lane = waiter.run.lane
        if self._stopping:
            raise BotStopping
        if len(self._parked) >= self._max_parked:
            raise AskUnavailable(
                f"{len(self._parked)} conversations wait for an answer already (max_parked)."
            )
        if any(other.subject == waiter.subject for other in lane.waiters):
            raise AskConflict("This person is being asked something in this chat already.")
        self._parked.add(waiter)
        lane.waiters.append(waiter)

    # -- slots, under the lock -----------------------------------------------------------------

    def _leave(self, run: Run) -> None:
        """A running job gives up its slot, and its chat if it has it."""
        del self._running[run.thread]
        self._active -= 1
        if run.owns_chat:
            self._lanes.release(run.lane)

    def _thread_needed(self) -> bool:
        """Whether one more thread would find work; it is counted at once if so."""
        idle = self._active - len(self._running)
        if self._active < self._workers and self._lanes.ready.qsize() > idle and not self._stopping:
            self._active += 1
            return True
        return False

    def _wake(self, lane: Lane) -> None:
        """Loop: a retry is due, its chat goes back into the queue."""
        with self._lock:
            self._lanes.ready.put(lane)
            needed = self._thread_needed()
        if needed:
            self._spawn()

    # -- workers -------------------------------------------------------------------------------

    def _spawn(self) -> None:
        """Start the thread that ``_thread_needed`` has counted."""
        with self._lock:
            self._number += 1
            name = f"signalbot-worker-{self._number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:
            # No more threads: a limit, or 3.12 while the interpreter exits. The work stays
            # queued for the workers that live; with none left it is worth an alarm.
            with self._lock:
                self._active -= 1
                self._threads.discard(thread)
                alone = not self._active
            if alone and self._on_error is not None:
                self._on_error(error)

    def _work(self) -> None:
        try:
            while (lane := self._lanes.ready.get()) is not None:
                serving = self._serve(lane)
                del lane  # an idle worker must not keep the last message alive
                if not serving:
                    return
            with self._lock:
                self._active -= 1
        finally:
            if self._on_thread_exit is not None:
                self._on_thread_exit()
            with self._lock:
                self._threads.discard(threading.current_thread())
                self._at_rest.notify_all()

    def _serve(self, lane: Lane) -> bool:
        """Run one job of the chat, more if no other chat waits; False: end this thread."""
        while True:
            with self._lock:
                run = self._take(lane)
            if run is None:
                return False
            wait: Wait | None = None
            try:
                wait = self._handle(run.job, run)
            except BaseException as error:  # the thread's outer edge; the processor never raises
                if self._on_error is not None:
                    self._on_error(error)
            with self._lock:
                if run.abandoned:  # another thread has the slot
                    return False
                again = self._finish(run, wait)
                self._at_rest.notify_all()
            if wait is not None:
                self._call_later(wait.delay, *self._when_due(run, wait))
            if not again:
                return run.owns_chat

    def _take(self, lane: Lane) -> Run | None:
        """Begin the chat's next job; None if the slot went elsewhere."""
        if lane.resumes:
            waiter = lane.resumes.popleft()
            self._parked.discard(waiter)
            # This thread's slot and chat go to the parked one, which serves on afterwards: so
            # there are never more than `workers` handlers at work.
            self._running[waiter.run.thread] = waiter.run
            waiter.gate.release()
            return None
        if self._stopping or not lane.fifo:
            self._active -= 1
            return None
        run = Run(lane, self._lanes.pop(lane))
        self._running[run.thread] = run
        return run

    def _finish(self, run: Run, wait: Wait | None) -> bool:
        """Account for an ended job; True: the same chat goes on at once in this thread."""
        lane = run.lane
        del self._running[run.thread]
        if self._stopping:
            self._active -= 1
            run.owns_chat = False  # this thread ends; nothing of the chat starts any more
            return False
        if wait is not None and wait.hold_chat:
            self._lanes.put_back(lane, run.job)  # still claimed: nothing of it runs meanwhile
            return False
        if lane.fifo and not lane.resumes and self._lanes.ready.empty():
            return True
        self._lanes.release(lane)
        return False

    def _when_due(self, run: Run, wait: Wait) -> tuple[Callable[..., Any], Any]:
        if wait.hold_chat:
            return self._wake, run.lane
        return (lambda lane: self.offer(lane.key, run.job)), run.lane
