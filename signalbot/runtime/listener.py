"""Keeps a connection to the server, from the loop; reading happens in threads of its own."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

import anyio

from signalbot.infrastructure.frame_source import SourceStats
from signalbot.infrastructure.intake_errors import FrameTooLarge
from signalbot.runtime.loop import LoopThread


class FrameSource(Protocol):
    """Something that frames come from: a websocket connection, a poller."""

    def run(self, on_frame: Callable[[bytes, float], None], *, on_open: Callable[[], None]) -> None:
        """Read until closed, in the calling thread; raise if that ends any other way."""

    def close(self, grace: float = 1.0) -> None:
        """End ``run`` from another thread, in whatever phase it is."""

    @property
    def stats(self) -> SourceStats:
        """What it has seen so far."""


class Backoff:
    """At once first, then doubling with full jitter; starts over after a life of some seconds.

    No longer one: behind a proxy that cuts each connection after half a minute every cut is a
    first one, and what comes in the pause is lost."""

    def __init__(self, first: float = 0.2, cap: float = 15.0, forget_after: float = 5.0) -> None:
        self._first = first
        self._cap = cap
        self._forget_after = forget_after
        self._failures = 0

    def next_delay(self, lived: float) -> float:
        """Seconds until the next attempt, after a connection that lived so many seconds."""
        if lived >= self._forget_after:
            self._failures = 0
        self._failures += 1
        if self._failures == 1:
            return 0.0
        # The server drops what nobody reads, so a gap costs messages: the cap is low.
        return random.uniform(0.0, min(self._cap, self._first * 2.0 ** min(self._failures - 1, 16)))  # nosec B311 - jitter, no secret


class Listener:
    """Opens a source, reads it in a thread named ``signalbot-reader``, and opens it again.

    ``connect`` runs in that thread too (it makes HTTP calls), and either answers a source or
    raises why not. ``is_final`` judges an error: final ones end the listening.
    """

    def __init__(
        self,
        loop: LoopThread,
        connect: Callable[[], FrameSource],
        on_frame: Callable[[bytes, float], None],
        *,
        is_final: Callable[[BaseException], bool],
        on_change: Callable[[bool, BaseException | None], None],
    ) -> None:
        self._loop = loop
        self._connect = connect
        self._on_frame = on_frame
        self._is_final = is_final
        self._on_change = on_change
        self._backoff = Backoff()
        # Guards _source against a close() that comes while the reader makes it.
        self._lock = threading.Lock()
        self._source: FrameSource | None = None
        self._last_frame_at: float | None = None
        self._closing = False
        self._thread: threading.Thread | None = None
        self._begun = anyio.Event()
        self._stop_waiting = anyio.Event()
        self.connected = threading.Event()
        self.first_answer = threading.Event()
        self.failure: BaseException | None = None
        self.connections = 0

    def begin(self) -> None:
        """Let ``serve`` connect: the inbox is open, and the backlog is on its way."""
        self._loop.call_soon(self._begun.set)

    async def serve(self) -> None:
        """Loop: keep a connection until closed, or until an error that can't mend itself."""
        await self._begun.wait()
        while not self._is_closing():
            began = time.monotonic()
            error = await self._one_connection()
            self.connected.clear()
            if self._is_closing():
                return
            self.failure = error
            self._on_change(False, error)
            if error is not None and self._is_final(error):
                self.first_answer.set()
                return
            if isinstance(error, FrameTooLarge):
                continue  # nothing is wrong with the server, and anybody can send such a frame
            delay = self._backoff.next_delay(time.monotonic() - began)
            with anyio.move_on_after(delay):
                await self._stop_waiting.wait()

    def close(self, grace: float = 1.0, *, patience: float = 0.0) -> None:
        """Close politely and wait for the reader; what still arrives meanwhile is kept.

        Args:
            patience: seconds for a source that loses messages if it is cut (``must_finish``)."""
        with self._lock:
            self._closing = True
            source = self._source
        if getattr(source, "must_finish", False):
            grace = max(grace, patience)
        self._loop.call_soon(self._stop_waiting.set)
        deadline = time.monotonic() + grace
        if source is not None:
            source.close(grace)
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, deadline + 0.5 - time.monotonic()))

    @property
    def last_frame_at(self) -> float | None:
        """When the last frame came (seconds since the epoch); None before the first."""
        with self._lock:
            return self._last_frame_at if self._source is None else self._heard(self._source)

    def _heard(self, source: FrameSource) -> float | None:
        return source.stats.last_frame_at or self._last_frame_at

    def _is_closing(self) -> bool:
        return self._closing

    async def _one_connection(self) -> BaseException | None:
        ended = anyio.Event()
        outcome: list[BaseException | None] = [None]

        def read() -> None:
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 - the thread's edge: judged on the loop
                outcome[0] = error
            finally:
                self._loop.call_soon(ended.set)

        thread = threading.Thread(target=read, name="signalbot-reader", daemon=True)
        thread.start()
        self._thread = thread  # started by now: close() may join it at any time
        await ended.wait()
        return outcome[0]

    def _read(self) -> None:
        source = self._connect()
        with self._lock:
            if self._closing:
                return
            self._source = source
        try:
            source.run(self._on_frame, on_open=self._opened)
        finally:
            with self._lock:
                self._source, self._last_frame_at = None, self._heard(source)

    def _opened(self) -> None:
        self.connections += 1
        self.failure = None
        self.connected.set()
        self.first_answer.set()
        self._on_change(True, None)
