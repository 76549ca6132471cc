"""The states of a bot, each change made under one condition."""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from collections.abc import Collection


class State(str, enum.Enum):
    """Where a bot is in its life; compares equal to its lower-case name."""

    NEW = "new"
    STARTING = "starting"
    STANDBY = "standby"
    RUNNING = "running"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"
    FORKED = "forked"

    def __str__(self) -> str:
        return self.value


_NEXT: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.STARTING}),
    State.STARTING: frozenset({State.RUNNING, State.STANDBY, State.DRAINING, State.FAILED}),
    State.STANDBY: frozenset({State.RUNNING, State.DRAINING, State.FAILED}),
    State.RUNNING: frozenset({State.DRAINING, State.FAILED}),
    State.DRAINING: frozenset({State.STOPPED, State.FAILED}),
    State.STOPPED: frozenset({State.STARTING}),
    State.FAILED: frozenset({State.STARTING, State.DRAINING}),
    State.FORKED: frozenset({State.STARTING}),
}
AT_REST = frozenset({State.NEW, State.STOPPED, State.FAILED, State.FORKED})


class Lifecycle:
    """Holds the state; every waiter sleeps on the one condition and looks again."""

    def __init__(self) -> None:
        # Guards _state only. Nothing is called while it is held, so it cannot take part in a
        # deadlock; it is made anew in a forked child, whose copy may be locked for ever.
        self._changed = threading.Condition()
        self._state = State.NEW

    @property
    def state(self) -> State:
        return self._state

    def move(self, target: State, *, come_from: Collection[State] | None = None) -> bool:
        """Go to a state; False (and no change) if the present one does not lead there."""
        with self._changed:
            if come_from is not None and self._state not in come_from:
                return False
            if target not in _NEXT[self._state]:
                return False
            self._state = target
            self._changed.notify_all()
            return True

    def wait_for(self, states: Collection[State], timeout: float | None = None) -> bool:
        """Wait until the state is one of these; False if the seconds ran out first."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while self._state not in states:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def forked(self) -> None:
        """In a forked child: what was under way belongs to the parent."""
        self._changed = threading.Condition()
        if self._state not in AT_REST:
            self._state = State.FORKED


class Turn:
    """A lock for those who change the state, which a forked child gets anew.

    Somebody may hold it for seconds while the process is copied, and nobody in the child would
    ever release it."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(RuntimeError):  # forked in between: it is another lock now
            self._lock.release()

    def before_fork(self) -> None:
        """A start may last long: the fork does not wait for it."""

    def after_fork_in_parent(self) -> None:
        """Nothing was changed."""

    def after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
        self._lifecycle.forked()
