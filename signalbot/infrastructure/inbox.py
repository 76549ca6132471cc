"""The durable inbox on diskcache: its doors, which any thread may use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from signalbot.errors import ForkedProcessError, StorageError
from signalbot.infrastructure.dead_letter_store import Job
from signalbot.infrastructure.inbox_core import InboxCore
from signalbot.infrastructure.inbox_limits import MAX_MEMORY, Overflow
from signalbot.infrastructure.inbox_loop import InboxLoop
from signalbot.infrastructure.inbox_mailbox import Mailbox, Note
from signalbot.infrastructure.inbox_setup import Durability, InboxSettings, build
from signalbot.infrastructure.storage.inbox_base import (
    ALL,
    DeadLetter,
    DeadLetterFilter,
    Deliver,
    Failure,
    Inbox,
    InboxHealth,
    InboxStats,
)
from signalbot.model.delivery import Delivery

if TYPE_CHECKING:
    from signalbot.model.decode import Peek

OPEN_TIMEOUT = 120.0
CALL_TIMEOUT = 300.0
"""Looking through a million dead letters takes a minute, in slices between the frames."""
BEGIN_TIMEOUT = 5.0
FORK_TIMEOUT = 5.0

_inherited: list[object] = []
"""What a forked child must neither use nor close: the parent's connections."""


def _ignore(name: str, **facts: Any) -> None:
    """Nobody listens."""


class DiskInbox(Inbox):
    """Frames in segments on diskcache; one daemon thread, ``signalbot-inbox``, touches the disk.

    Every door may be used from any thread. ``put`` never waits; ``begin`` waits only for a frame
    that may have ended the process before; ``feed`` and the dead letters wait for the thread.

    Args:
        peek: finds chat, kind and dedupe key of a frame.
        durability: ``process`` survives the end of the process, ``power`` a power cut; ``off``
            keeps frames in memory and only dead letters on disk.
        max_queued: deliveries that are out at once; everything else waits on disk.
        max_per_chat: how many of them may be of one chat.
        max_bytes: size of the backlog on disk, then ``overflow`` decides.
        max_memory: the same for what is in memory alone.
        wanted: says which frames any handler could want; the others are only counted.
        max_crashes: a frame that was being handled in so many crashes becomes a dead letter.
        on_event: called with a name and facts when something is worth a line in the log:
            ``undurable(reason)``, ``durable(after)``, ``damaged(...)``, ``failed(error)``,
            ``deliver_failed(error, count)``, ``handoff_failed(error)``.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        peek: Callable[[bytes], Peek],
        durability: Durability = "process",
        max_queued: int = 1000,
        max_per_chat: int | None = None,
        max_bytes: int = 2**30,
        max_memory: int = MAX_MEMORY,
        min_free_bytes: int = 64 * 2**20,
        overflow: Overflow = "dead_letter",
        wanted: Callable[[Peek], bool] | None = None,
        dedupe_for: float = 86_400.0,
        dead_letter_ttl: float | None = 14 * 86_400.0,
        max_crashes: int = 3,
        on_event: Callable[..., None] = _ignore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = InboxSettings(
            directory=Path(directory),
            peek=peek,
            durability=durability,
            max_queued=max_queued,
            max_per_chat=max_per_chat or max(1, max_queued // 16),
            max_bytes=max_bytes,
            max_memory=max_memory,
            min_free_bytes=min_free_bytes,
            overflow=overflow,
            wanted=wanted,
            dedupe_for=dedupe_for,
            dead_letter_ttl=dead_letter_ttl,
            max_crashes=max_crashes,
            on_event=on_event,
            clock=clock,
        )
        self.lock = threading.Lock()
        """Held while SQLite runs; who wants to fork takes it first, and releases it after."""
        self._is_quiet = False
        self._mailbox = Mailbox(max_memory)
        self._health = InboxHealth(durability != "off", clock(), _reason(durability))
        self._core: InboxCore | None = None
        self._thread: threading.Thread | None = None
        self._state: Literal["new", "open", "closed", "failed", "forked"] = "new"

    # --- life

    def open(self, deliver: Deliver) -> None:
        """Recover, then deliver on the inbox's own thread.

        Raises:
            StorageError: the directory or what is in it cannot be used.
        """
        if self._state != "new":
            raise StorageError("An inbox is opened once; make a new one.")
        opened: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(deliver, opened), name="signalbot-inbox", daemon=True
        )
        self._thread.start()
        opened.result(OPEN_TIMEOUT)

    def close(self, timeout: float = 5.0) -> bool:
        thread = self._thread
        if self._state == "forked" or thread is None:
            return True
        if self._state == "open":
            self._mailbox.close()
        if thread is not threading.current_thread():
            thread.join(timeout)
        return not thread.is_alive()

    def before_fork(self) -> None:
        """Wait until SQLite is quiet; a disk that hangs must not hang the fork."""
        self._is_quiet = self.lock.acquire(timeout=FORK_TIMEOUT)

    def after_fork_in_parent(self) -> None:
        if self._is_quiet:
            self._is_quiet = False
            self.lock.release()

    def abandon(self) -> None:
        """In a forked child: let go of everything without closing it, it belongs to the parent."""
        _inherited.extend((self._core, self._thread, self._mailbox))
        self._state = "forked"
        self._core = None
        self._thread = None
        self.lock = threading.Lock()
        self._mailbox = Mailbox(0)

    @property
    def is_open(self) -> bool:
        return self._state == "open"

    # --- frames

    def put(self, raw: bytes, received_at: float, source: str) -> None:
        self._mailbox.put(raw, received_at, source)

    def put_many(self, raws: Sequence[bytes], received_at: float, source: str) -> None:
        self._mailbox.put_many(raws, received_at, source)

    def feed(self, raw: bytes, source: str = "feed", timeout: float = 10.0) -> bool:
        self._check_open()
        answer = self._mailbox.feed(raw, self._settings.clock(), source)
        return bool(self._wait(answer, timeout))

    def begin(self, delivery: Delivery) -> None:
        """Count an attempt before the handler runs.

        A frame that comes back after a crash waits for the commit: if it ends the process at
        once, it must have been counted, or it would do so for ever.
        """
        delivery.attempt += 1
        if delivery.redelivered and self._state == "open":
            # Not for ever: a disk that hangs must not hang the handlers too.
            self._mailbox.begin_and_wait(delivery, BEGIN_TIMEOUT)
        else:
            self._mailbox.begin(delivery)

    def finish(self, delivery: Delivery) -> None:
        self._mailbox.finish(delivery)

    def fail(self, delivery: Delivery, failure: Failure) -> None:
        self._mailbox.note(Note.FAILED, delivery, failure)

    def park(self, delivery: Delivery) -> None:
        self._mailbox.note(Note.PARKED, delivery)

    def unpark(self, delivery: Delivery) -> None:
        self._mailbox.note(Note.UNPARKED, delivery)

    # --- dead letters

    def dead_letters(
        self, where: DeadLetterFilter = ALL, limit: int | None = 100
    ) -> list[DeadLetter]:
        found: list[DeadLetter] = self._call(lambda core: core.letters.find(where, limit))
        return found

    def dead_letter(self, id: int) -> DeadLetter | None:
        found: DeadLetter | None = self._call(lambda core: core.letters.look_up(id))
        return found

    def count_dead_letters(self) -> int:
        core = self._check_open()
        return core.letters.count

    def replay(self, which: Iterable[int] | DeadLetterFilter) -> int:
        """Record dead letters again as new frames, oldest first.

        Raises:
            InboxFull: the inbox has reached its limit; what was replayed until then stays so.
        """
        which = which if isinstance(which, DeadLetterFilter) else list(which)
        return int(self._call(lambda core: core.replay(which)))

    def purge(self, which: Iterable[int] | DeadLetterFilter) -> int:
        which = which if isinstance(which, DeadLetterFilter) else list(which)
        return int(self._call(lambda core: core.letters.purge(which)))

    # --- looking at it

    @property
    def health(self) -> InboxHealth:
        return self._health

    def stats(self) -> InboxStats:
        """Counts of about this moment: the inbox's thread is not asked, and goes on meanwhile."""
        core = self._core
        if core is None:
            return InboxStats(durable=self._health.durable)
        return core.stats(
            unrecorded=self._mailbox.bytes,
            shed=self._mailbox.shed,
            durable=self._health.durable,
        )

    # --- the inbox's thread

    def _run(self, deliver: Deliver, opened: Future[None]) -> None:
        try:
            built = build(self._settings, self.lock)
        except BaseException as error:  # noqa: BLE001 - it is raised where open() waits
            self._state = "failed"
            opened.set_exception(error)
            return
        on_event = self._settings.on_event
        loop = InboxLoop(built, self._mailbox, deliver, self._note_health, on_event)
        self._core, self._state = built.core, "open"
        opened.set_result(None)
        try:
            loop.run()
            self._state = "closed"
        except BaseException as error:  # the thread's outer edge: say it, fail who waits
            self._state = "failed"
            self._note_health(f"the inbox ended with {type(error).__name__}")
            on_event("failed", error=type(error).__name__)
            raise
        finally:
            ended = StorageError(f"The inbox is {self._state}.")
            loop.fail_waiting(ended)
            self._mailbox.refuse(ended)

    def _note_health(self, why: str | None) -> None:
        if why == self._health.reason:
            return
        was, now = self._health, self._settings.clock()
        self._health = InboxHealth(why is None, now, why)
        if was.durable and why is not None:
            self._settings.on_event("undurable", reason=why)
        elif why is None:
            self._settings.on_event("durable", after=now - was.since)

    def _call(self, start: Callable[[InboxCore], Job]) -> Any:
        self._check_open()
        if threading.current_thread() is self._thread:
            raise StorageError("deliver() may not ask the inbox: it runs on the inbox's thread.")
        return self._wait(self._mailbox.request(start), CALL_TIMEOUT)

    def _wait(self, answer: Future[Any], timeout: float) -> Any:
        try:
            return answer.result(timeout)
        except FutureTimeout:
            raise StorageError(f"The inbox gave no answer in {timeout:g} s.") from None

    def _check_open(self) -> InboxCore:
        core = self._core
        if self._state == "forked":
            raise ForkedProcessError("This inbox belongs to the parent process.")
        if core is None or self._state != "open":
            raise StorageError(f"The inbox is {self._state}.")
        return core


def _reason(durability: Durability) -> str | None:
    return "durability is off" if durability == "off" else None
