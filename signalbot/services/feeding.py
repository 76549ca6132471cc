"""Frames that come by no connection of ours: from a webhook, a test, another program."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from signalbot.errors import StorageError
from signalbot.infrastructure.storage.inbox_base import Inbox
from signalbot.model import peek
from signalbot.observability.logging import get_logger

log = get_logger("signalbot.feeding")

# Seconds that a webhook's sender waits for the commit; the whole server waits with it.
STORE_TIMEOUT = 10.0


class Letterbox(Protocol):
    """The way to the inbox of another process."""

    def put_frame(self, raw: bytes, *, received_at: float, source: str = "webhook") -> None: ...


class Feeding:
    """Stores a frame in our inbox, or leaves it for the process that owns the intake."""

    def __init__(
        self,
        account: str,
        *,
        own_inbox: Callable[[], Inbox | None],
        letterbox: Callable[[], Letterbox],
        on_other_account: Callable[[], None],
    ) -> None:
        self._account = account
        self._own_inbox = own_inbox
        self._make_letterbox = letterbox
        self._on_other_account = on_other_account
        self._lock = threading.Lock()  # guards the making of the letterbox
        self._letterbox: list[Letterbox] = []  # one, once it was needed

    def feed(self, raw: str | bytes, source: str, timeout: float = STORE_TIMEOUT) -> bool:
        """Store a frame; returns after the commit, False for a duplicate.

        Raises:
            InboxFull, StorageError: it was not stored."""
        data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
        account = peek(data).account
        if account is not None and account != self._account:
            # A server posts the frames of all its accounts to one webhook.
            self._on_other_account()
            return False
        inbox = self._own_inbox()
        if inbox is not None and inbox.is_open:
            try:
                return inbox.feed(data, source, timeout)
            except StorageError:
                if inbox.is_open:
                    raise
                # It was closed meanwhile; if the frame was recorded, it is known as a duplicate.
        self._kept_letterbox().put_frame(data, received_at=time.time(), source=source)
        return True

    def keep_late(self, raw: bytes, received_at: float) -> None:
        """Keep what a last poll brought when the inbox was closed already, for the next start."""
        try:
            self._kept_letterbox().put_frame(raw, received_at=received_at, source="polling")
        except StorageError as error:
            log.error("intake.lost", detail=str(error))

    def _kept_letterbox(self) -> Letterbox:
        with self._lock:
            if not self._letterbox:
                self._letterbox.append(self._make_letterbox())
            return self._letterbox[0]
