"""What the process tells a bot: signals while it runs in the foreground, and the exit."""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from signalbot.errors import SignalBotError
from signalbot.observability.logging import get_logger
from signalbot.runtime.states import State

log = get_logger("signalbot.bot")


class HeldBack(BaseException):
    """Ends the execution of a program at ``bot.run()``: it was only loaded to see its handlers."""


# Whether this thread loads a program; other threads go on running bots.
_loading = threading.local()


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """In this thread ``bot.run()`` raises HeldBack, so that somebody else can start the bot."""
    before = getattr(_loading, "is_on", False)
    _loading.is_on = True
    try:
        yield
    finally:
        _loading.is_on = before


class Foreground:
    """Waits in ``bot.run()`` for a signal, a request to stop, or a failure."""

    def __init__(self) -> None:
        # Signal numbers, and 0 for everything else. A signal handler may put into a SimpleQueue;
        # an Event could deadlock there, when the handler runs inside the Event's own lock.
        self._wakes: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._is_entered = False

    def wake(self) -> bool:
        """Have ``wait`` look again; False if nobody is in the foreground."""
        if self._is_entered:
            self._wakes.put(0)
        return self._is_entered

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM on the main thread, and put the old handlers back."""
        if getattr(_loading, "is_on", False):
            raise HeldBack
        self._is_entered = True
        old: dict[int, Any] = {}
        try:
            if threading.current_thread() is threading.main_thread():
                for wanted in (signal.SIGINT, signal.SIGTERM):
                    old[wanted] = signal.signal(wanted, self._note)
            yield
        finally:
            self._is_entered = False
            for taken, handler in old.items():
                signal.signal(taken, handler)

    def wait(self, stop: Callable[[], Any], *, is_over: Callable[[], bool]) -> None:
        """Wait for the end, stop the bot, and return; a second signal exits at once."""
        number = self._next()
        if is_over():
            return
        log.info("bot.stopping", signal=number or None)
        # The drain runs beside us, so that a second signal is still heard.
        drain = threading.Thread(
            target=self._drain, args=(stop,), name="signalbot-drain", daemon=True
        )
        drain.start()
        while drain.is_alive() or not self._wakes.empty():
            number = self._next()
            if number:
                sys.exit(128 + number)
            drain.join(0.01)

    def _note(self, number: int, frame: Any) -> None:
        self._wakes.put(number)

    def _drain(self, stop: Callable[[], Any]) -> None:
        try:
            stop()
        finally:
            self._wakes.put(0)

    def _next(self) -> int:
        if os.name != "nt":
            return self._wakes.get()
        while True:  # on Windows a blocked get() hears no Ctrl-C
            with contextlib.suppress(queue.Empty):
                return self._wakes.get(timeout=0.5)


class Stoppable(Protocol):
    """A bot, as the end of the process sees it."""

    @property
    def state(self) -> State: ...
    @property
    def state_directory(self) -> Path: ...
    def stop(self, grace: float | None = None) -> Any: ...


_started: weakref.WeakSet[Any] = weakref.WeakSet()


def stop_at_exit(bot: Stoppable) -> None:
    """Have a started bot stopped when the interpreter ends, for scripts that never do."""
    if not _started:
        atexit.register(_stop_all)
    _started.add(bot)


def stop_earlier(bot: Stoppable) -> None:
    """Stop the other bots of this process that have this one's state directory, its account's."""
    for other in list(_started):
        if other is not bot and other.state_directory == bot.state_directory:
            other.stop()


def _stop_all() -> None:
    """A second of grace, and no new thread: 3.12 refuses to start one now.

    In a forked child, which inherits this hook, the state says that nothing was started here."""
    for bot in list(_started):
        if bot.state in (State.RUNNING, State.STANDBY):
            with contextlib.suppress(SignalBotError, RuntimeError):
                bot.stop(grace=1.0)
