"""What a fork does to storages: nobody may be inside one while the process is copied."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signalbot.infrastructure.storage.base import Storage

_PATIENCE = 10.0


class _Watched:
    """The storages of this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()  # guards the set; held over a fork, which sees it whole
        self._storages: weakref.WeakSet[Storage] = weakref.WeakSet()
        self._held: list[Storage] = []  # by the fork that is under way

    def add(self, storage: Storage) -> None:
        with self._guard:
            self._storages.add(storage)

    def before(self) -> None:
        self._guard.acquire()
        for storage in list(self._storages):
            # Operations are short. The time limit is for a fork in a signal handler that
            # interrupted one of them in this very thread.
            if storage._guard.acquire(timeout=_PATIENCE):
                self._held.append(storage)
                with contextlib.suppress(Exception):
                    storage._before_fork()

    def in_parent(self) -> None:
        while self._held:
            self._held.pop()._guard.release()
        self._guard.release()

    def in_child(self) -> None:
        self._held.clear()
        self._guard = threading.Lock()
        for storage in list(self._storages):
            # Each for itself: one that was never finished (a wrong Redis URL) must not keep the
            # others from their new locks. Python would only print what is raised here.
            with contextlib.suppress(Exception):
                storage._after_fork_in_child()


_watched = _Watched()
watch = _watched.add

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_watched.before,
        after_in_parent=_watched.in_parent,
        after_in_child=_watched.in_child,
    )
