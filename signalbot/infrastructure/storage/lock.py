"""A named lock with an owner and a lease, in whatever engine the storage has."""

from __future__ import annotations

import math
import os
import random
import secrets
import time
from types import TracebackType
from typing import TYPE_CHECKING

from signalbot.errors import LockTimeout
from signalbot.observability.logging import get_logger, label

if TYPE_CHECKING:
    from signalbot.infrastructure.storage.base import Storage

log = get_logger("signalbot.storage")

LEASE = 60.0
"""Seconds after which a lock is free again, whatever became of its owner."""

_SHORTEST_PAUSE = 0.002
_LONGEST_PAUSE = 0.05


class Lock:
    """One attempt to hold a name; made by ``storage.lock(name)``, used as a block.

    It is not reentrant: a thread that holds a name and asks for it again waits like any other.
    The lease begins with the acquisition. It must be longer than the block takes: when it is
    over, the next one may enter. ``extend()`` begins it anew.
    """

    def __init__(
        self, storage: Storage, place: str, name: str, timeout: float | None, lease: float
    ) -> None:
        if timeout is not None and not (_is_number(timeout) and timeout >= 0):
            raise ValueError("timeout is the seconds to wait: 0 or more, None for no limit")
        if not (_is_number(lease) and 0 < lease < math.inf):
            raise ValueError("lease is the seconds until the lock is free again: more than 0")
        self.name = name
        self.lease = lease
        self._storage = storage
        self._place = place
        self._timeout = timeout
        self._ticket = ""  # of the present acquisition; empty while it is not held
        self._pid = 0

    def __repr__(self) -> str:
        return f"<Lock {label(self.name)} {'acquired' if self._ticket else 'not acquired'}>"

    def acquire(self) -> Lock:
        """Wait for the lock and take it.

        Raises:
            LockTimeout: it was not free within ``timeout`` seconds; also a ``TimeoutError``.
            StorageError: the storage could not be used.
            RuntimeError: this object holds it already."""
        if self._is_ours:
            raise RuntimeError("This lock object was acquired already; make one for each block.")
        deadline = math.inf if self._timeout is None else time.monotonic() + self._timeout
        token = secrets.token_hex(16)
        pause = _SHORTEST_PAUSE
        while not self._storage._take_lock(self._place, token, self.lease):
            left = deadline - time.monotonic()
            if left <= 0:
                # The name is the caller's, and may be a person's number: it stays out.
                raise LockTimeout(f"The lock is held by others; waited {self._timeout:g} seconds.")
            # Whoever waits in other threads of this process is woken by the release; across
            # processes nobody tells, so everybody looks again after a while, not all at once.
            self._storage._wait_for_release(min(left, pause * random.uniform(0.5, 1.0)))  # nosec B311
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        self._ticket, self._pid = token, os.getpid()
        return self

    def release(self) -> bool:
        """Give the lock back; False if it was ours no more."""
        if not self._is_ours:
            return False
        token, self._ticket = self._ticket, ""
        try:
            return self._storage._release_lock(self._place, token)
        finally:
            self._storage._tell_release()

    def extend(self, lease: float | None = None) -> bool:
        """Begin the lease anew; False if somebody else has taken the lock over."""
        return self._is_ours and self._storage._extend_lock(
            self._place, self._ticket, self.lease if lease is None else lease
        )

    def __enter__(self) -> Lock:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_ours and not self.release():
            log.warning(
                "lock.lease_was_too_short",
                lock=label(self.name),
                lease=self.lease,
                detail="another one may have entered before this block ended: give lock() a "
                "longer lease, or call extend()",
            )

    @property
    def _is_ours(self) -> bool:
        # A forked child has a copy of this object, and must not give the parent's lock away.
        return bool(self._ticket) and self._pid == os.getpid()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
