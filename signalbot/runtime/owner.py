"""One owner for each account: a file lock, and what a fork does to it."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from signalbot.errors import AlreadyRunning, StorageError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock; one process is up to the user
    fcntl = None  # type: ignore[assignment]  # the None is checked before each use


class OwnerLock:
    """Holds ``<directory>/lock`` for as long as this process receives for the account.

    A flock belongs to the open file: it refuses a second bot in the same process too, and goes
    with the process however it ends, ``kill -9`` included.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRunning: if another bot has it; its ``pid`` says which process.
            StorageError: if the lock file cannot be made."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(
                f"Cannot make the lock file {self._path}: {error.strerror}."
            ) from error
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _read_pid(descriptor)
            os.close(descriptor)
            is_ours = pid == os.getpid()
            who = "this process" if is_ours else f"process {pid}" if pid else "another"
            stop = "Stop it (start(replace=True) does)" if is_ours else "Stop it"
            raise AlreadyRunning(
                f"A bot receives for this account already ({who}). {stop}, or construct this one "
                "with on_conflict='standby' to take over when it ends.",
                pid=pid,
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise StorageError(
                f"{self._path} cannot be locked: {error.strerror}. Put state_dir on a local disk."
            ) from error
        self._descriptor = descriptor
        # Who it is only makes the other's error better; on a full disk it does without.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the lock up; may be called twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):  # a disk that refuses must not keep the lock
                os.ftruncate(descriptor, 0)
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def drop_in_child(self) -> None:
        """After a fork the child's copy keeps the lock alive: close it, and touch nothing else."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    @property
    def held(self) -> bool:
        return self._descriptor is not None


def _read_pid(descriptor: int) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(os.pread(descriptor, 20, 0))
    return None


class Standby:
    """Tries for the lock until it is free, in the thread ``signalbot-standby``."""

    def __init__(self, lock: OwnerLock, take_over: Callable[[], None], every: float = 0.5) -> None:
        self._lock = lock
        self._take_over = take_over
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._wait, name="signalbot-standby", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._ended.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _wait(self) -> None:
        # Asking twice a second, not a blocking flock: that one could not be told to stop.
        while not self._ended.wait(self._every):
            try:
                self._lock.acquire()
            except (AlreadyRunning, StorageError):
                continue
            self._take_over()
            return


class ForkAware(Protocol):
    """What must be quiet during a fork, and be told in the child."""

    def before_fork(self) -> None: ...
    def after_fork_in_parent(self) -> None: ...
    def after_fork_in_child(self) -> None: ...


_started: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_quiet: list[ForkAware] = []


def watch_forks(runtime: ForkAware) -> None:
    """Have a started bot told of forks; it is forgotten when it is garbage."""
    _started.add(runtime)


def forget_forks(runtime: ForkAware) -> None:
    _started.discard(runtime)


def _each(calls: list[Callable[[], None]]) -> None:
    # An exception in a fork hook is only printed by Python and would leave the others uncalled.
    for call in calls:
        with contextlib.suppress(Exception):
            call()


def _before() -> None:
    _quiet[:] = list(_started)
    _each([runtime.before_fork for runtime in _quiet])


def _in_parent() -> None:
    _each([runtime.after_fork_in_parent for runtime in _quiet])
    _quiet.clear()


def _in_child() -> None:
    _each([runtime.after_fork_in_child for runtime in _quiet])
    _quiet.clear()
    _started.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
