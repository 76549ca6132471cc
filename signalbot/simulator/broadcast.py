"""Changes on their way to every open page."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

Json = dict[str, Any]

_KEPT = 2000  # changes; a page that is further behind gets a new snapshot
_BEAT = 15.0  # seconds of silence after which a comment shows that the connection is alive


class Broadcast:
    """Numbers the changes and lets each page catch up; published from any thread.

    A page begins with a snapshot, made by ``snapshot`` under ``lock``, so that nothing published
    before is missing in it and nothing published after is missing behind it.
    """

    def __init__(self, lock: threading.RLock, snapshot: Callable[[], Json]) -> None:
        # The lock of what the snapshot shows; it also guards everything here.
        self._lock = lock
        self._snapshot = snapshot
        self._version = 0
        self._changes: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self._pages: set[_Page] = set()

    def publish(self, change: Json) -> None:
        """Tell every page; call it with the lock held."""
        self._version += 1
        self._changes.append((self._version, json.dumps(change)))
        for page in self._pages:
            page.wake()

    @property
    def pages(self) -> int:
        """How many pages are open."""
        return len(self._pages)

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events for one page: a snapshot, then every change, for ever."""
        page = _Page(asyncio.get_running_loop())
        with self._lock:
            self._pages.add(page)
        try:
            seen = -1
            while True:
                seen, texts = self._news(seen)
                for text in texts:
                    yield f"data: {text}\n\n"
                if not texts:
                    yield ": still here\n\n"
                await page.wait(_BEAT)
        finally:
            with self._lock:
                self._pages.discard(page)

    def _news(self, seen: int) -> tuple[int, list[str]]:
        with self._lock:
            is_behind = self._changes and self._changes[0][0] > seen + 1
            if seen < 0 or is_behind:
                return self._version, [json.dumps({"type": "snapshot", **self._snapshot()})]
            return self._version, [text for version, text in self._changes if version > seen]


class _Page:
    """One open page: its event, and the loop that the event belongs to."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._event = asyncio.Event()

    def wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            return  # the loop is closed: the simulator ends, and this page with it

    async def wait(self, timeout: float) -> None:
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except asyncio.TimeoutError:
            return
        self._event.clear()
