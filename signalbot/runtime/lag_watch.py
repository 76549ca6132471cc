"""Notices code that blocks the event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from signalbot.observability.logging import get_logger

T = TypeVar("T")

log = get_logger("signalbot.loop")

# Seconds between two looks, and those within which a healthy loop answers.
_EVERY = 0.2
_PROMPT = 0.2
_INNERMOST = 12  # frames of the stack that is logged


class LagWatch:
    """Measures the loop from the threads that wait for async code anyway.

    So it takes no thread of its own, and an idle loop is never woken: as long as no async handler
    runs, nobody waits here. What blocks is logged once for each handler.
    """

    def __init__(
        self,
        call_soon: Callable[..., bool],
        running: Callable[[], tuple[asyncio.AbstractEventLoop | None, int | None]],
    ) -> None:
        self._call_soon = call_soon
        self._running = running  # the loop, and its thread's ident
        self._turn = threading.Lock()  # whoever of the waiting threads has it measures for all
        self._told: set[str] = set()

    def wait(self, future: concurrent.futures.Future[T]) -> T:
        """The future's result; while it takes long, the loop is asked whether it still runs."""
        while True:
            try:
                return future.result(_EVERY)
            except concurrent.futures.TimeoutError:
                if future.done():  # it is the code's own
                    return future.result()
            if self._turn.acquire(blocking=False):
                try:
                    self._probe()
                finally:
                    self._turn.release()

    def _probe(self) -> None:
        answered = threading.Event()
        if self._call_soon(answered.set) and not answered.wait(_PROMPT):
            self._tell()

    def _tell(self) -> None:
        loop, thread = self._running()
        task: asyncio.Task[Any] | None = asyncio.current_task(loop) if loop is not None else None
        frame = sys._current_frames().get(thread) if thread is not None else None
        # Without a task nothing of the user's runs: the machine is slow, or the loop just woke.
        if task is None or frame is None or task.get_name() in self._told:
            return
        self._told.add(task.get_name())
        log.warning(
            "loop.blocked",
            handler=task.get_name(),
            hint="an async handler must await what takes time: await ctx.run(function, ...)",
            stack="".join(traceback.format_stack(frame)[-_INNERMOST:]),
        )
