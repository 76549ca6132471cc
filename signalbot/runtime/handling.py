"""Joins what handles deliveries: dispatcher, processor, pool, watchdog, jobs, conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from signalbot.infrastructure.storage.inbox_base import Inbox
from signalbot.model import GroupUpdate, decode
from signalbot.model.delivery import Delivery
from signalbot.observability.logging import get_logger
from signalbot.observability.metrics import Metrics
from signalbot.observability.reports import Reports
from signalbot.routing.live_table import LiveTable
from signalbot.runtime.conversations import Conversations
from signalbot.runtime.dispatcher import Dispatcher
from signalbot.runtime.feeder import Feeder
from signalbot.runtime.group_watch import GroupWatch, LookAround
from signalbot.runtime.hooks import Hooks
from signalbot.runtime.job_runner import JobRun, JobRunner
from signalbot.runtime.lanes import Run, Wait
from signalbot.runtime.later import Later, LaterRun
from signalbot.runtime.loop import LoopThread
from signalbot.runtime.processor import Processor
from signalbot.runtime.seams import Seams
from signalbot.runtime.subscriptions import Subscriptions
from signalbot.runtime.watchdog import Watchdog
from signalbot.runtime.worker_pool import WorkerPool
from signalbot.services.membership import Membership

log = get_logger("signalbot.handling")


@dataclass(frozen=True)
class Outside:
    """What the handling side is given by the composition root.

    ``make_context(event, delivery=None, run=None)`` makes what a handler gets.
    """

    bot: Any
    settings: Any
    loop: LoopThread
    inbox: Inbox
    tables: LiveTable
    storage: Any
    make_context: Callable[..., Any]
    subscriptions: Subscriptions
    membership: Membership
    hooks: Hooks
    seams: Seams
    metrics: Metrics
    reports: Reports
    on_failed: Callable[[BaseException], None]


class Handling:
    """The parts between the inbox's deliveries and the handlers, of one run."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._work: dict[type, Callable[[Any, Run], Wait | None]]
        settings, clock, loop = outside.settings, outside.seams.clock, outside.loop
        self.dispatcher = Dispatcher(
            outside.tables,
            loop,
            on_event=outside.subscriptions.offer,
            on_uncaught=outside.seams.on_uncaught,
        )
        self.processor = Processor(
            outside.inbox,
            self.dispatcher.dispatch,
            lambda event, delivery, run: outside.make_context(
                self.groups.filled(event) if event.kind == GroupUpdate.kind else event,
                delivery,
                run,
            ),
            account=settings.phone_number,
            retry=settings.retry,
            hooks=outside.hooks,
            metrics=outside.metrics,
            on_error=self.dispatcher.settle_error,
            seams=outside.seams,
        )
        work = self._work = {Delivery: self.processor}
        self.pool = WorkerPool(
            self._execute,
            workers=settings.workers,
            max_parked=settings.max_parked,
            call_later=loop.call_later,
            set_timer=partial(clock.call_later, loop),
            on_thread_exit=outside.hooks.leave_thread,
            on_error=outside.on_failed,
        )
        self.groups = GroupWatch(outside.membership, outside.tables, self.pool.offer)
        self.jobs = JobRunner(
            outside.bot,
            loop,
            self.pool.offer,
            memory=lambda: outside.storage.namespace("jobs"),
            retry=settings.retry,
            hooks=outside.hooks,
            error_handler=lambda error: outside.tables().error_handler(error),
            seams=outside.seams,
        )
        self.later = Later(
            loop,
            self.pool.offer,
            memory=lambda: outside.storage.namespace("later"),
            make_context=lambda raw: outside.make_context(
                decode(raw, account=settings.phone_number)
            ),
            send_parts=self.dispatcher.send_parts,
            retry=settings.retry,
            hooks=outside.hooks,
            seams=outside.seams,
        )
        work[JobRun], work[LaterRun] = self.jobs.execute, self.later.execute
        work[LookAround] = self.groups.execute
        self.conversations = Conversations(
            self.pool,
            outside.inbox,
            account=settings.phone_number,
            is_command=lambda text: outside.tables().is_command(text),
            is_heard=lambda sender, chat: outside.tables().is_heard(sender, chat),
            before_park=outside.hooks.enter_park,
            observe=self._take_answer,
            clock=clock,
        )
        watchdog = Watchdog(
            loop,
            self.pool,
            handler_timeout=settings.handler_timeout,
            on_expired=outside.reports.warn_of_slow_handler,
            on_stuck=self._give_up,
        )
        self.feeder = Feeder(loop, self.pool.offer_all, on_work=watchdog.arm)

    def _execute(self, job: Any, run: Run) -> Wait | None:
        """In a worker: nothing that one job does may end the bot."""
        try:
            return self._work[type(job)](job, run)
        except Exception as error:
            log.exception("job.broke_off", error_type=type(error).__name__)
            if isinstance(job, Delivery) and not run.abandoned:
                self.processor.break_off(job, error)
            return None

    def _take_answer(self, event: Any, delivery: Delivery) -> None:
        ctx = self._outside.make_context(event, delivery)
        self._outside.seams.on_step("answer", delivery, ctx)
        self._outside.subscriptions.offer(ctx)
        self.dispatcher.observe(ctx)

    def _give_up(self, run: Run, stack: str) -> None:
        self._outside.reports.warn_of_stuck_handler(run, stack)
        if isinstance(run.job, Delivery):
            self.processor.give_up(run.job, stack, run.handler)
