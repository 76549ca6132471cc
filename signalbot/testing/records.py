"""What the stand-in remembers of the calls it got."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs

T = TypeVar("T")

_LOOK_AGAIN = 0.02


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it came over the wire; headers, query and JSON are parsed when asked for."""

    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    raw_headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    at: float
    is_handshake: bool = False

    @property
    def query(self) -> dict[str, list[str]]:
        """Query parameters; ``+`` is a space there, as it is for the real server."""
        return parse_qs(self.query_string.decode("latin-1"), keep_blank_values=True)

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; of a repeated one the last."""
        return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in self.raw_headers}

    @property
    def json(self) -> Any:
        """The body as JSON, or None if it is empty or no JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class SentAttachment:
    """A decoded attachment of an outgoing message."""

    filename: str | None
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """A recipient that was not reached, in signal-cli's vocabulary of reasons."""

    recipient: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that the client sent; ``text`` is free of style markers already."""

    account: str
    recipients: tuple[str, ...]
    timestamp: int
    text: str | None = None
    group: str | None = None
    attachments: tuple[SentAttachment, ...] = ()
    styles: tuple[dict[str, Any], ...] = ()
    mentions: tuple[dict[str, Any], ...] = ()
    quote: dict[str, Any] | None = None
    edit_of: int | None = None
    sticker: str | None = None
    view_once: bool = False
    link_preview: dict[str, Any] | None = None
    notify_self: bool | None = None
    failed: tuple[Failure, ...] = ()

    @property
    def recipient(self) -> str:
        """The first recipient, which for most messages is the only one."""
        return self.recipients[0]


@dataclass(frozen=True, slots=True)
class SentReaction:
    """A reaction put on, or taken off, a message."""

    account: str
    recipient: str
    emoji: str
    target_author: str
    target: int
    is_remove: bool


@dataclass(frozen=True, slots=True)
class SentReceipt:
    """A receipt as the caller asked for it; signal-cli makes every one a read receipt."""

    account: str
    recipient: str
    type: str
    target: int


@dataclass(frozen=True, slots=True)
class SentTyping:
    """A typing indicator switched on or off."""

    account: str
    recipient: str
    is_started: bool
    at: float


@dataclass(frozen=True, slots=True)
class SentDelete:
    """A message that the client deleted for everybody."""

    account: str
    recipient: str
    target: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class SentVote:
    """A vote in a poll; ``answers`` count from 1, as they do in the request."""

    account: str
    recipient: str
    poll_author: str
    poll_timestamp: int
    answers: tuple[int, ...]


class Logs:
    """All that was recorded, with a bell for those who wait for more.

    The server's thread appends, test threads read copies. ``_bell`` guards only ``_version``;
    predicates run outside it, so that a slow one cannot hold up the server.
    """

    def __init__(self) -> None:
        self.requests: list[RecordedRequest] = []
        self.sent: list[Sent] = []
        self.reactions: list[SentReaction] = []
        self.receipts: list[SentReceipt] = []
        self.typing: list[SentTyping] = []
        self.deletes: list[SentDelete] = []
        self.votes: list[SentVote] = []
        self.errors: list[BaseException] = []
        self._bell = threading.Condition()
        self._version = 0

    def ring(self) -> None:
        """Wake those who wait: something has changed."""
        with self._bell:
            self._version += 1
            self._bell.notify_all()

    def wait_for(self, predicate: Callable[[], T], timeout: float, what: str) -> T:
        """Return the predicate's value as soon as it is true.

        It is asked after every event here, and now and then, as it may look at other things.

        Raises:
            TimeoutError: if it has not become true in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            with self._bell:
                version = self._version
            value = predicate()
            if value:
                return value
            with self._bell:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{what} within {timeout:g} s")
                if self._version == version:
                    self._bell.wait(min(left, _LOOK_AGAIN))

    def clear(self) -> None:
        """Forget everything recorded so far; the server's state stays."""
        for entries in (
            self.requests,
            self.sent,
            self.reactions,
            self.receipts,
            self.typing,
            self.deletes,
            self.votes,
            self.errors,
        ):
            entries.clear()
