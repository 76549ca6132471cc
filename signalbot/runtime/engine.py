"""One run of a bot, from start to report: owns the order in which things begin and end."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from signalbot.errors import AlreadyRunning, RequestTimedOut, SignalBotError
from signalbot.infrastructure.storage.inbox_base import Inbox
from signalbot.observability.logging import get_logger, label
from signalbot.runtime.feeder import Feeder
from signalbot.runtime.lanes import Run
from signalbot.runtime.listener import Listener
from signalbot.runtime.loop import CALL_THREAD, LoopThread
from signalbot.runtime.owner import OwnerLock, Standby, forget_forks, watch_forks
from signalbot.runtime.states import Lifecycle, State
from signalbot.runtime.watchdog import stack_of
from signalbot.runtime.worker_pool import WorkerPool

log = get_logger("signalbot.engine")

# What closing the intake and flushing the inbox may take, after the handlers' grace.
_CLOSE_INTAKE = 1.0
_FLUSH = 3.0
_LONG = 3600.0


@dataclass(frozen=True)
class AbandonedHandler:
    """A handler that was still running when the grace was over."""

    chat: str
    age: float
    stack: str


@dataclass(frozen=True)
class StopReport:
    """What became of the work when the bot stopped.

    Attributes:
        finished: handlers that ended within the grace.
        kept: frames that stay in the inbox for the next start.
        abandoned: handlers that did not end in time, with chat (a hash), age and stack.
    """

    finished: int = 0
    kept: int = 0
    abandoned: tuple[AbandonedHandler, ...] = ()


class Service(Protocol):
    """A door or a clock that runs beside the intake: webhook listener, jobs, health endpoint.

    A door says so by ``is_door = True``: it is closed with the intake, when the handlers have had
    their grace. What comes through it meanwhile is stored, and comes nowhere else again."""

    def start(self) -> None: ...
    def stop(self, timeout: float) -> None: ...


@dataclass(frozen=True)
class Parts:
    """What the composition root builds for one run."""

    lock: OwnerLock
    inbox: Inbox
    loop: LoopThread
    pool: WorkerPool
    feeder: Feeder
    listener: Listener | None
    services: Sequence[Service]
    durable: bool
    backlog_limit: int = 10_000  # pending frames that are still healthy


class Engine:
    """Starts the parts in order, and ends them in the reverse order, each with its reason."""

    def __init__(
        self,
        parts: Parts,
        lifecycle: Lifecycle,
        *,
        standby: bool,
        on_failed: Callable[[BaseException], None],
    ) -> None:
        self._parts = parts
        self._lifecycle = lifecycle
        self._standby_allowed = standby
        self._on_failed = on_failed
        self._standby: Standby | None = None
        self._opened = False
        # Serialises activation (also from the standby thread) with stopping.
        self._turn = threading.Lock()
        self._stopped = False
        self._report = StopReport()
        self._is_interrupted = False

    # -- starting ------------------------------------------------------------------------------

    def start(self, timeout: float | None) -> None:
        """Begin to receive; returns when connected (or standing by), or raises why not.

        ``timeout=None`` does not wait for the connection.

        Raises:
            AlreadyRunning: another process receives, and standing by was not asked for.
            StorageError: the state directory cannot be used.
            ApiError, SettingsError: the server refused, or was not there in time."""
        try:
            self._begin(timeout)
        except BaseException:
            self.stop(0.0)
            raise

    def _begin(self, timeout: float | None) -> None:
        try:
            self._parts.lock.acquire()
        except AlreadyRunning:
            if not self._standby_allowed:
                raise
            self._standby = Standby(self._parts.lock, self._take_over)
            self._lifecycle.move(State.STANDBY)
            self._standby.start()
            return
        self._activate()
        if timeout is not None:
            self._wait_until_connected(timeout)
        self._lifecycle.move(State.RUNNING)

    def _activate(self) -> None:
        """Everything but the connection: the backlog is under way when this returns."""
        parts = self._parts
        with self._turn:
            if self._stopped:
                return
            services = [parts.listener.serve] if parts.listener is not None else []
            # The loop comes before the inbox, which delivers its backlog as soon as it is open.
            parts.loop.start(*services)
            self._opened = True
            parts.inbox.open(parts.feeder.deliver)
            watch_forks(self)
            for service in parts.services:
                service.start()
            # Connecting comes last: from here on what arrives can be stored and handled.
            if parts.listener is not None:
                parts.listener.begin()

    def interrupt(self) -> None:
        """Have a start that waits for its first connection fail now. From any thread."""
        self._is_interrupted = True
        if self._parts.listener is not None:
            self._parts.listener.first_answer.set()

    def _wait_until_connected(self, timeout: float) -> None:
        listener = self._parts.listener
        if listener is None:
            return
        has_answer = listener.first_answer.wait(timeout)
        if self._is_interrupted:
            raise SignalBotError("The bot was stopped before it was connected.")
        if listener.failure is not None:
            raise listener.failure
        if has_answer:
            return
        raise RequestTimedOut(
            f"No connection within {timeout:g} s. Is the server reachable, and its address right? "
            "'signalbot doctor' looks closer."
        )

    def _take_over(self) -> None:
        """Standby thread: the owner is gone, and the lock is ours."""
        try:
            self._activate()
            self._lifecycle.move(State.RUNNING)
            log.warning("engine.took_over")
        except BaseException as error:  # noqa: BLE001 - the standby thread's outer edge
            self._on_failed(error)

    # -- stopping ------------------------------------------------------------------------------

    def stop(self, grace: float) -> StopReport:
        """End everything in order; what did not end in time is named in the report.

        Asked again it only answers with that report."""
        parts = self._parts
        if self._standby is not None:
            self._standby.stop(1.0)
        with self._turn:
            again, self._stopped = self._stopped, True
            if again or not self._opened:
                parts.lock.release()
                return self._report
        deadline = time.monotonic() + grace
        running = len(_at_work(parts.pool))
        # 1. Jobs end first: they begin new work.
        self._stop_services(max(0.2, min(1.0, grace)), doors=False)
        # 2. Without a durable inbox what is queued exists only here: it may run till the deadline.
        if not parts.durable:
            parts.pool.wait_empty(deadline)
        # 3. No handler starts any more; parked conversations wake and end.
        parts.pool.stop_taking()
        # 4. Running handlers get their grace; they may still send, the client is open.
        left = parts.pool.wait_idle(deadline)
        # 5. The intake closes last: until now every frame was stored, later ones are lost.
        self._stop_services(_CLOSE_INTAKE, doors=True)
        if parts.listener is not None:
            parts.listener.close(_CLOSE_INTAKE, patience=deadline - time.monotonic())
        # 6. What was finished is flushed before the lock goes to the next owner.
        is_flushed = parts.inbox.close(_FLUSH)
        kept = parts.inbox.stats().pending
        parts.pool.close(time.monotonic() + 0.5)
        parts.loop.stop(1.0)
        if is_flushed:
            parts.lock.release()
        else:
            self._release_later()
        forget_forks(self)
        abandoned = tuple(_describe(run) for run in left)
        for handler in abandoned:
            log.error("engine.handler_abandoned", chat=handler.chat, age=round(handler.age, 1),
                      stack=handler.stack)  # fmt: skip
        self._report = StopReport(max(0, running - len(left)), kept, abandoned)
        return self._report

    def _stop_services(self, timeout: float, *, doors: bool) -> None:
        for service in reversed(self._parts.services):
            if getattr(service, "is_door", False) is doors:
                try:
                    service.stop(timeout)
                except Exception as error:  # what comes after it, the lock too, must not wait
                    log.exception("engine.service_failed", error_type=type(error).__name__)

    def _release_later(self) -> None:
        """The disk hangs, and what the inbox writes one day must not meet another owner's work."""
        log.error("engine.inbox_hangs", detail="the account stays locked until the disk answers")

        def wait() -> None:
            while not self._parts.inbox.close(_LONG):
                pass
            self._parts.lock.release()

        with contextlib.suppress(RuntimeError):  # at exit no thread starts: the process unlocks
            threading.Thread(target=wait, name="signalbot-unlock", daemon=True).start()

    # -- forks ---------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """No transaction may be under way while the process is copied."""
        quiesce: Any = getattr(self._parts.inbox, "before_fork", None)
        if quiesce is not None:
            quiesce()

    def after_fork_in_parent(self) -> None:
        resume: Any = getattr(self._parts.inbox, "after_fork_in_parent", None)
        if resume is not None:
            resume()

    def after_fork_in_child(self) -> None:
        """The child has none of our threads; it must not touch what they were using."""
        self._lifecycle.forked()
        self._parts.lock.drop_in_child()
        abandon: Any = getattr(self._parts.inbox, "abandon", None)
        if abandon is not None:
            abandon()

    # -- looking in ----------------------------------------------------------------------------

    @property
    def parts(self) -> Parts:
        return self._parts

    def is_on_loop(self) -> bool:
        """Whether the caller is on the event loop's thread."""
        return self._parts.loop.is_current()

    def refuse_on_own_threads(self, what: str) -> None:
        """Raise where waiting for the bot would wait for oneself."""
        self._parts.loop.refuse_on_loop(what)

    def is_worker(self) -> bool:
        """Whether the caller is one of the bot's handlers, or is called by an async one."""
        if threading.current_thread().name == CALL_THREAD:
            return True
        return any(run.thread == threading.get_ident() for run in self._parts.pool.running())


def _at_work(pool: WorkerPool) -> set[Run]:
    """Who runs, without those that just begin to wait for an answer."""
    asking = pool.rest.look(lambda: {each.run for lane in pool.lanes for each in lane.waiters})
    return set(pool.running()) - asking


def _describe(run: Run) -> AbandonedHandler:
    return AbandonedHandler(
        chat=label(str(run.lane.key)), age=run.age(time.monotonic()), stack=stack_of(run)
    )
