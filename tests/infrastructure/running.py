"""A frame source running in a thread, observed without sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

DEADLINE = 5.0


class Source(Protocol):
    def run(
        self, on_frame: Callable[[bytes, float], None], *, on_open: Callable[[], None]
    ) -> None: ...

    def close(self, grace: float = 1.0) -> None: ...


class Running:
    """Runs a source once; collects what it hands over and how it ends."""

    def __init__(self, source: Source, on_frame: Callable[[bytes], None] | None = None) -> None:
        self.source = source
        self.frames: list[bytes] = []
        self.times: list[float] = []
        self.error: BaseException | None = None
        self.opened = threading.Event()
        self.ended = threading.Event()
        self._also = on_frame
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.source.run(self._keep, on_open=self.opened.set)
        except BaseException as error:  # noqa: BLE001 - handed to the test's thread
            self.error = error
        finally:
            self.ended.set()

    def _keep(self, frame: bytes, at: float) -> None:
        with self._changed:
            self.frames.append(frame)
            self.times.append(at)
            self._changed.notify_all()
        if self._also is not None:
            self._also(frame)

    def wait_for_frames(self, count: int) -> list[bytes]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.frames) >= count, DEADLINE), (
                f"{len(self.frames)} of {count} frames came; {self.error!r}"
            )
        return self.frames

    def wait_open(self) -> None:
        assert self.opened.wait(DEADLINE), f"not opened; {self.error!r}"

    def wait_end(self) -> BaseException | None:
        assert self.ended.wait(DEADLINE), "run() did not return"
        return self.error

    def close(self, grace: float = 1.0) -> float:
        """Close, check that run() returned in good order, and say how long that took."""
        began = time.monotonic()
        self.source.close(grace)
        assert self.wait_end() is None
        return time.monotonic() - began


@contextmanager
def running(source: Source, on_frame: Callable[[bytes], None] | None = None) -> Iterator[Running]:
    """Run a source for the length of the block, and leave no thread behind."""
    run = Running(source, on_frame)
    try:
        yield run
    finally:
        source.close(0.0)
        run.wait_end()
