"""What the inbox's tests share: frames, an open inbox, and somebody who takes deliveries."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from signalbot.infrastructure.inbox import DiskInbox
from signalbot.infrastructure.storage.inbox_base import InboxStats
from signalbot.model.decode import peek
from signalbot.model.delivery import Delivery

ACCOUNT = "+4915112345678"
PATIENCE = 10.0

peek_own = partial(peek, account=ACCOUNT)


def frame(number: int, chat: str = "alice", kind: str = "message", text: str = "hi") -> bytes:
    """A frame like the server's; its number tells it from all others."""
    timestamp = 1_700_000_000_000 + number
    body: dict[str, Any] = {"dataMessage": {"timestamp": timestamp, "message": text}}
    if kind == "typing":
        body = {"typingMessage": {"action": "STARTED", "timestamp": timestamp}}
    elif kind == "receipt":
        body = {"receiptMessage": {"when": timestamp, "isDelivery": True, "timestamps": [1]}}
    envelope = {"source": chat, "sourceUuid": chat, "sourceDevice": 1, "timestamp": timestamp}
    message = {"envelope": {**envelope, **body}, "account": ACCOUNT}
    return json.dumps(message, separators=(",", ":")).encode()


class Collector:
    """Takes deliveries, and waits for as many as a test expects."""

    def __init__(self, then: Callable[[Delivery], None] | None = None) -> None:
        self.all: list[Delivery] = []
        self.then = then
        self._changed = threading.Condition()

    def __call__(self, deliveries: list[Delivery]) -> None:
        with self._changed:
            self.all += deliveries
            self._changed.notify_all()
        if self.then is not None:
            for delivery in deliveries:
                self.then(delivery)

    def wait(self, count: int) -> list[Delivery]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= count, PATIENCE), (
                f"{len(self.all)} of {count} deliveries"
            )
            return list(self.all)


@contextlib.contextmanager
def open_inbox(
    directory: Path, deliver: Collector | None = None, **settings: Any
) -> Iterator[DiskInbox]:
    settings.setdefault("peek", peek_own)
    settings.setdefault("min_free_bytes", 0)
    inbox = DiskInbox(directory / "account", **settings)
    inbox.open(deliver if deliver is not None else Collector())
    try:
        yield inbox
    finally:
        assert inbox.close(PATIENCE)


def crash_image(inbox: DiskInbox, source: Path, target: Path) -> Path:
    """The state directory as ``kill -9`` would leave it at this moment."""
    with inbox.lock:
        shutil.copytree(source / "account", target / "account")
    return target


def state_of(inbox: DiskInbox, is_reached: Callable[[InboxStats], bool]) -> InboxStats:
    """Wait until the inbox is in some state; its own thread is the only one that could tell."""
    deadline = time.monotonic() + PATIENCE
    while not is_reached(stats := inbox.stats()):
        assert time.monotonic() < deadline, stats
        time.sleep(0.002)
    return stats


def number_of(raw: bytes) -> int:
    """The number that :func:`frame` put into a frame."""
    return int(json.loads(raw)["envelope"]["timestamp"]) - 1_700_000_000_000


def peek_by_bytes(raw: bytes) -> Any:
    """A peek that no other part of the library can change under a stored fixture."""
    envelope = json.loads(raw)["envelope"]
    return SimpleNamespace(
        cls="event",
        kind="message",
        chat=envelope["source"],
        dedupe_key=hashlib.blake2b(raw, digest_size=8).digest(),
    )


def fork() -> int:
    """``os.fork``; 3.12 warns of each one with threads, and that it works is what is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
