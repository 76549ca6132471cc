"""What other threads hand to the inbox's thread without ever waiting for it."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from enum import Enum
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from signalbot.infrastructure.inbox_pile import Pile
from signalbot.infrastructure.inbox_recorder import FIRST_TO_GO, Incoming

if TYPE_CHECKING:
    from signalbot.infrastructure.dead_letter_store import Job
    from signalbot.infrastructure.inbox_core import InboxCore
    from signalbot.infrastructure.storage.inbox_base import Failure
    from signalbot.model.delivery import Delivery


class Signal(Enum):
    """What stands in the queue besides frames and requests."""

    WAKE = "look at the notes"
    FRAMES = "take the pile"
    CLOSE = "end"


class Note(Enum):
    """What became of a delivery, besides being begun or finished."""

    FAILED = "failed"
    PARKED = "parked"
    UNPARKED = "unparked"


@dataclass(frozen=True, slots=True)
class Request:
    """Work for the inbox's thread, with somebody waiting for what it returns."""

    start: Callable[[InboxCore], Job]
    answer: Future[Any]


@dataclass(frozen=True, slots=True)
class Flush:
    """Somebody waits for the next commit, whatever it holds."""

    answer: Future[None]


NoteEntry = tuple[Note, "Delivery", "Failure | None"]
Entry = Incoming | Request | Flush | Signal

# Written by the server as `"typingMessage":{`; inside a text the quotes would be escaped. The
# reader's thread has no time to parse.
_MARKS = tuple(zip(FIRST_TO_GO, (b'"typingMessage":', b'"receiptMessage":'), strict=True))
_NEAR = 0.75


class Mailbox:
    """A pile of frames, a queue for what else is urgent, and notes that wait for the next commit.

    Queue and notes are C containers whose operations are atomic, so nobody is kept waiting; the
    one lock guards pile and count of bytes, for the time of an addition. Begun and finished
    deliveries have notes of their own because every frame makes both.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._queue: SimpleQueue[Entry] = SimpleQueue()
        self.begun: deque[Delivery] = deque()
        self.finished: deque[Delivery] = deque()
        self.notes: deque[NoteEntry] = deque()
        # True while the thread sleeps for long. Notes are appended before it is read, and it is
        # set before the notes are looked at: one of the two sides always sees the other.
        self._is_dozing = False
        self._lock = threading.Lock()
        self._pile = Pile()
        self.bytes = 0
        self.shed: dict[str, int] = {}
        self._refusal: Exception | None = None

    def put(self, raw: bytes, received_at: float, source: str) -> None:
        """Take a frame, or shed it if far too many are not recorded yet."""
        self.put_many((raw,), received_at, source)

    def put_many(self, raws: Sequence[bytes], received_at: float, source: str) -> None:
        with self._lock:
            pile, was_empty = self._pile, not self._pile
            for raw in raws:
                if not self._admit(raw):
                    continue
                try:
                    pile.append(raw, received_at, source)
                except (OSError, MemoryError):  # the system has none to give
                    self.bytes -= len(raw)
                    self._shed("memory")
            is_news = was_empty and len(pile) > 0
        # One entry for all of the pile; those that come until it is taken are taken along.
        if is_news:
            self._send(Signal.FRAMES)

    def feed(self, raw: bytes, received_at: float, source: str) -> Future[bool]:
        """Take a frame whose sender waits for the commit."""
        answer: Future[bool] = Future()
        with self._lock:
            self.bytes += len(raw)
        self._send((raw, received_at, source, answer, 0))
        return answer

    def request(self, start: Callable[[InboxCore], Job]) -> Future[Any]:
        answer: Future[Any] = Future()
        self._send(Request(start, answer))
        return answer

    def begin(self, delivery: Delivery) -> None:
        """Leave word that a handler starts; that alone is worth no commit."""
        self.begun.append(delivery)

    def begin_and_wait(self, delivery: Delivery, timeout: float) -> None:
        """Leave the same word, and wait until it is on disk, or for the timeout."""
        self.begun.append(delivery)
        answer: Future[None] = Future()
        self._send(Flush(answer))
        with contextlib.suppress(FutureTimeout):
            answer.result(timeout)

    def finish(self, delivery: Delivery) -> None:
        self.finished.append(delivery)
        if self._is_dozing:
            self._wake()

    def note(self, note: Note, delivery: Delivery, failure: Failure | None = None) -> None:
        """Leave word of what else became of a delivery."""
        self.notes.append((note, delivery, failure))
        if self._is_dozing:
            self._wake()

    def close(self) -> None:
        self._queue.put(Signal.CLOSE)

    def refuse(self, error: Exception) -> None:
        """The thread has ended: whoever waits, now or later, gets this error."""
        self._refusal = error
        while True:
            try:
                entry = self._queue.get_nowait()  # several threads may be here by now
            except Empty:
                return
            if entry is Signal.FRAMES:
                lost = self.take_pile()
                with self._lock:
                    self._shed("closed", len(lost))
            waiting: Future[Any] | None = None
            if isinstance(entry, Request | Flush):
                waiting = entry.answer
            elif isinstance(entry, tuple):
                waiting = entry[3]
            if waiting is not None:
                waiting.set_exception(error)

    # --- the inbox's thread

    @property
    def has_notes(self) -> bool:
        """Whether there is word that is worth a commit."""
        return bool(self.finished or self.notes)

    def wait(self, timeout: float) -> Entry | None:
        """The next entry; None if none came in time."""
        try:
            return self._queue.get(timeout=timeout)
        except Empty:
            return None

    def doze(self, timeout: float) -> Entry | None:
        """Like :meth:`wait`, and a note ends it too."""
        self._is_dozing = True
        try:
            return Signal.WAKE if self.has_notes else self.wait(timeout)
        finally:
            self._is_dozing = False

    def drain(self) -> list[Entry]:
        """Everything that is there now."""
        queue = self._queue
        return [queue.get_nowait() for _ in range(queue.qsize())]

    def take_pile(self) -> Pile:
        """The frames that have come since it was last taken."""
        with self._lock:
            pile, self._pile = self._pile, Pile()
        return pile

    def taken(self, size: int) -> None:
        """So many bytes of frames have been recorded, or given up."""
        with self._lock:
            self.bytes -= size

    def _wake(self) -> None:
        # Cleared here already: one wake-up is enough for all notes until it looks.
        self._is_dozing = False
        self._queue.put(Signal.WAKE)

    def _send(self, entry: Entry) -> None:
        self._queue.put(entry)
        # Looked at after the put: if the thread ended in between, nobody else would answer.
        if self._refusal is not None:
            self.refuse(self._refusal)

    def _shed(self, reason: str, count: int = 1) -> None:
        if count:
            self.shed[reason] = self.shed.get(reason, 0) + count

    def _admit(self, raw: bytes) -> bool:
        """Under the lock: whether there is room for a frame."""
        if self._refusal is not None:
            self._shed("closed")
            return False
        total = self.bytes + len(raw)
        if total > self._max_bytes * _NEAR:
            reason = next((kind for kind, mark in _MARKS if mark in raw), "memory")
            if reason != "memory" or total > self._max_bytes:
                self._shed(reason)
                return False
        self.bytes = total
        return True
