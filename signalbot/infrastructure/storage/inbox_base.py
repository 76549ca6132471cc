"""What the runtime needs from a durable inbox, whatever engine stands behind it.

The shape follows the life of a frame: recorded if new, delivered in order per chat, begun,
finished or failed, replayed. Nothing here assumes a disk or a single machine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signalbot.model.delivery import Delivery

Deliver = Callable[[list["Delivery"]], None]
"""Takes frames that may be handled now; called on the inbox's own thread, so it must not block."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a frame goes to the dead letters."""

    reason: str
    error_type: str | None = None
    error: str = ""
    traceback: str = ""
    handler: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A frame that was given up, with everything needed to judge or replay it.

    Attributes:
        attempts: how often a handler was started for it; replays start again at 0.
        replays: how often it was replayed from the dead letters before.
        first_at: when the frame was received first.
        last_at: when it was given up.
    """

    id: int
    reason: str
    error_type: str | None
    error: str
    traceback: str
    handler: str | None
    attempts: int
    replays: int
    first_at: float
    last_at: float
    chat: str | None
    kind: str
    source: str
    raw: bytes = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The row of ``signalbot dlq list --json``; it holds no text of the message."""
        return {
            "id": self.id,
            "reason": self.reason,
            "error_type": self.error_type,
            "handler": self.handler,
            "attempts": self.attempts,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "chat": self.chat,
            "kind": self.kind,
        }


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant; a field left out matches all."""

    reason: str | None = None
    handler: str | None = None
    chat: str | None = None
    kind: str | None = None
    since: float | None = None
    until: float | None = None
    max_replays: int | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Whether every given field fits; times compare with ``last_at``."""
        return (
            (self.reason is None or letter.reason == self.reason)
            and (self.handler is None or letter.handler == self.handler)
            and (self.chat is None or letter.chat == self.chat)
            and (self.kind is None or letter.kind == self.kind)
            and (self.since is None or letter.last_at >= self.since)
            and (self.until is None or letter.last_at < self.until)
            and (self.max_replays is None or letter.replays < self.max_replays)
        )

    @property
    def matches_all(self) -> bool:
        """Whether no field is given."""
        return self == ALL


ALL = DeadLetterFilter()
"""Every dead letter."""


@dataclass(frozen=True, slots=True)
class InboxHealth:
    """Whether frames are stored before they are handled; if not, since when (epoch) and why."""

    durable: bool
    since: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class InboxStats:
    """Counts of the inbox at one moment; the lower block only ever grows.

    Attributes:
        pending: recorded frames that are not finished yet.
        spilled: those of them that wait on disk (or, undurably, in memory) for a place.
        outstanding: those handed out, not parked.
        parked: those handed out that wait for an answer or for their retry.
        running: those whose handler was begun.
        bytes: size of the recorded backlog.
        memory_bytes: frames that are only in memory: not recorded yet, or undurable.
        shed: frames given up on purpose, by reason.
    """

    pending: int = 0
    spilled: int = 0
    outstanding: int = 0
    parked: int = 0
    running: int = 0
    dead_letters: int = 0
    bytes: int = 0
    memory_bytes: int = 0
    durable: bool = True

    recorded: int = 0
    duplicates: int = 0
    unwanted: int = 0
    unreadable: int = 0
    redelivered: int = 0
    finished: int = 0
    failed: int = 0
    replayed: int = 0
    commits: int = 0
    shed: Mapping[str, int] = field(default_factory=dict)


class Inbox(ABC):
    """Keeps every frame from its arrival until it was handled or given up."""

    @abstractmethod
    def open(self, deliver: Deliver) -> None:
        """Recover what an earlier process left, then deliver it and all that follows.

        Raises:
            StorageError: if the inbox cannot be used; the text says what to do.
        """

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether it takes frames and answers questions now."""

    @abstractmethod
    def put(self, raw: bytes, received_at: float, source: str) -> None:
        """Take a frame without ever blocking the caller."""

    @abstractmethod
    def put_many(self, raws: Sequence[bytes], received_at: float, source: str) -> None:
        """Take frames that arrived together, at the price of one."""

    @abstractmethod
    def feed(self, raw: bytes, source: str = "feed", timeout: float = 10.0) -> bool:
        """Store a frame durably; False means that it was known already.

        Raises:
            InboxFull: the backlog has reached its limit.
            StorageError: it could not be stored; nothing will handle it.
        """

    @abstractmethod
    def begin(self, delivery: Delivery) -> None:
        """Count an attempt, before the handler runs."""

    @abstractmethod
    def finish(self, delivery: Delivery) -> None:
        """The frame is done for good."""

    @abstractmethod
    def fail(self, delivery: Delivery, failure: Failure) -> None:
        """Move the frame to the dead letters."""

    @abstractmethod
    def park(self, delivery: Delivery) -> None:
        """The frame waits for an answer or for its retry: its place is free for others."""

    @abstractmethod
    def unpark(self, delivery: Delivery) -> None:
        """The frame runs again."""

    @abstractmethod
    def dead_letters(
        self, where: DeadLetterFilter = ALL, limit: int | None = 100
    ) -> list[DeadLetter]:
        """The matching dead letters, newest first."""

    @abstractmethod
    def dead_letter(self, id: int) -> DeadLetter | None:
        """One dead letter, or None if there is none with this id."""

    @abstractmethod
    def count_dead_letters(self) -> int:
        """How many dead letters there are."""

    @abstractmethod
    def replay(self, which: Iterable[int] | DeadLetterFilter) -> int:
        """Record the frames again as new ones; returns how many were found."""

    @abstractmethod
    def purge(self, which: Iterable[int] | DeadLetterFilter) -> int:
        """Delete dead letters for good; returns how many were found."""

    @property
    @abstractmethod
    def health(self) -> InboxHealth:
        """Whether frames are stored before they are handled."""

    @abstractmethod
    def stats(self) -> InboxStats:
        """Counts of this moment."""

    @abstractmethod
    def close(self, timeout: float = 5.0) -> bool:
        """Write what is left and end; False if that took longer. May be called twice."""
