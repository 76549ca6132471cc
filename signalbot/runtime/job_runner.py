"""Runs jobs when they are due, in the worker pool."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from signalbot.errors import BotStopping, Retry, StorageError
from signalbot.model.retry import RetryPolicy
from signalbot.observability.logging import get_logger
from signalbot.routing.jobs import Job
from signalbot.routing.options import Inherit
from signalbot.routing.schedules import Schedule
from signalbot.runtime.clock import Cancellable
from signalbot.runtime.hooks import Hooks
from signalbot.runtime.lanes import Run, Wait
from signalbot.runtime.loop import LoopThread
from signalbot.runtime.seams import Seams

log = get_logger("signalbot.jobs")

# A clock that was set, or a machine that slept, is noticed after this many seconds.
_LONGEST_WAIT = 30.0
_MOST_MISSED = 1000


@dataclass
class JobRun:
    """One run of a job on its way through the pool."""

    job: Job
    due: float
    attempt: int = 0


@dataclass(frozen=True)
class JobContext:
    """What an error handler gets for a job: no event, no chat."""

    bot: Any
    name: str
    attempt: int
    log: Any
    event: None = None
    text: str = ""


class JobRunner:
    """Keeps one timer for each job, and offers the job to the pool under a lane of its own.

    So a job never overlaps with itself, shares the workers with the handlers, and is watched
    like them. When it ran last is stored under its name: a restart knows what it missed.
    """

    def __init__(
        self,
        bot: Any,
        loop: LoopThread,
        offer: Callable[[Any, Any], bool],
        *,
        memory: Callable[[], Any],
        retry: RetryPolicy | None,
        hooks: Hooks,
        error_handler: Callable[[BaseException], Callable[[Any, Any], Any] | None],
        seams: Seams,
    ) -> None:
        self._bot = bot
        self._loop = loop
        self._offer = offer
        self._memory = memory
        self._retry = retry
        self._hooks = hooks
        self._error_handler = error_handler
        self._seams = seams
        self._clock = seams.clock
        self._timers: dict[str, Cancellable] = {}
        self._is_open = False
        # Runs offered and not ended, by job: the loop adds, workers take away, each one atomically.
        self._under_way: dict[str, int] = {}
        self.counts: dict[str, dict[str, int]] = {}

    def start(self) -> None:
        """Begin to wait for every job; what was missed is offered by each job's policy."""
        self._is_open = True
        for job in self._bot.jobs:
            self.counts[job.name] = {"done": 0, "failed": 0, "skipped": 0}
            now = self._clock.time()
            last = self._memory().get(job.name)
            if not isinstance(last, int | float) or last > now:
                last = now
                self._memory().set(job.name, now)
            missed, following = runs_between(job.schedule, last, now)
            if missed and job.missed != "skip":
                for due in missed if job.missed == "all" else missed[-1:]:
                    self._offer_run(job, due)
            self._arm(job, following)

    def stop(self, timeout: float) -> None:
        """Offer nothing more."""
        self._is_open = False
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def execute(self, job_run: JobRun, run: Run) -> Wait | None:
        """In a worker: run the job, and settle it."""
        job = job_run.job
        job_run.attempt += 1
        try:
            self._hooks.enter_handler()
            result = job.call(self._bot)
            if inspect.isawaitable(result):
                self._loop.finish(result, job.name)
        except BotStopping:
            return None  # not recorded: the next start knows that it was missed
        except BaseException as error:  # noqa: BLE001 - whatever a job raises is told
            wait = self._settle_error(job_run, error)
            if wait is not None:
                return wait
        else:
            self.counts[job.name]["done"] += 1
        finally:
            self._hooks.leave_handler()
        self._under_way[job.name] -= 1
        try:
            self._memory().set(job.name, job_run.due)
        except StorageError as error:  # a full disk: the next start may run it once more
            log.warning("job.not_recorded", job=job.name, detail=str(error))
        return None

    def _settle_error(self, job_run: JobRun, error: BaseException) -> Wait | None:
        job = job_run.job
        ctx = JobContext(self._bot, job.name, job_run.attempt, log)
        policy = self._retry if isinstance(job.retry, Inherit) else job.retry
        if not self._seams.retries:
            policy = None
        if policy is not None and policy.allows(error, attempt=job_run.attempt):
            self._seams.on_uncaught(ctx, error, True)
            own = error.delay if isinstance(error, Retry) else None
            delay = policy.delay_after(job_run.attempt) if own is None else own
            log.warning("job.retry", job=job.name, attempt=job_run.attempt, delay=round(delay, 3))
            return Wait(delay)
        self.counts[job.name]["failed"] += 1
        handler = self._error_handler(error)
        if handler is not None:
            try:
                handler(ctx, error)
            except Exception as raised:  # noqa: BLE001 - told like the job's own error
                error = raised
            else:
                return None
        self._seams.on_uncaught(ctx, error, False)
        log.error(
            "job.failed",
            job=job.name,
            attempts=job_run.attempt,
            error_type=type(error).__name__,
            exc_info=(type(error), error, error.__traceback__),
        )
        return None

    def _arm(self, job: Job, due: float | None) -> None:
        if due is not None:
            delay = min(max(0.0, due - self._clock.time()), _LONGEST_WAIT)
            self._timers[job.name] = self._clock.call_later(self._loop, delay, self._look, job, due)

    def _look(self, job: Job, due: float) -> None:
        """Loop: offer the job if it is due by now."""
        if not self._is_open:
            return
        now = self._clock.time()
        if now < due:
            # Not after `due`, unless the clock was set back: then the job must not wait for that.
            again = job.schedule.next_after(dt.datetime.fromtimestamp(now, dt.timezone.utc))
            self._arm(job, due if again is None else min(due, again.timestamp()))
            return
        missed, following = runs_between(job.schedule, due, now)
        if self._under_way.get(job.name):
            self.counts[job.name]["skipped"] += 1
            log.warning("job.still_running", job=job.name)
        else:
            for moment in [due, *missed] if job.missed == "all" else [due]:
                self._offer_run(job, moment)
        self._arm(job, following)

    def _offer_run(self, job: Job, due: float) -> None:
        self._under_way[job.name] = self._under_way.get(job.name, 0) + 1
        if not self._offer(("job", job.name), JobRun(job, due)):
            self._under_way[job.name] -= 1


def runs_between(schedule: Schedule, last: float, now: float) -> tuple[list[float], float | None]:
    """The times at which a job was due after ``last`` up to ``now``, and the next one after."""
    due: list[float] = []
    moment = dt.datetime.fromtimestamp(last, dt.timezone.utc)
    while (following := schedule.next_after(moment)) is not None and following.timestamp() <= now:
        due.append(following.timestamp())
        moment = following
        if len(due) >= _MOST_MISSED:
            # A job of every second that slept for weeks: only its latest runs are of interest.
            moment = dt.datetime.fromtimestamp(now, dt.timezone.utc)
            following = schedule.next_after(moment)
            break
    return due, None if following is None else following.timestamp()
