"""The storage's interface: JSON values under string keys, whatever engine keeps them."""

from __future__ import annotations

import enum
import math
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Literal, TypeAlias

from signalbot.errors import StorageError
from signalbot.infrastructure.storage.forks import watch
from signalbot.infrastructure.storage.json_text import dump, load
from signalbot.infrastructure.storage.lock import LEASE, Lock
from signalbot.infrastructure.storage.places import key_at, place_of, space_in

_PATIENCE = 10.0


class _Keep(enum.Enum):
    KEEP = "keep"


KEEP = _Keep.KEEP
"""As ``ttl=``: the value lives as long as it would have; a new one for ever."""

Life: TypeAlias = "float | Literal[_Keep.KEEP] | None"
"""Seconds, ``None`` for ever, or :data:`KEEP`."""


class Storage(ABC):
    """JSON values under string keys; every method may be called from any thread.

    ```python
    storage["menu"] = ["Margherita", "Funghi"]
    storage.get("menu", [])
    storage.incr("orders")
    storage.update("menu", lambda menu: [*menu, "Napoli"], default=[])
    with storage.lock("kitchen", timeout=5):
        ...
    ```

    What is read is a copy: change it and set it again, or use :meth:`update`.

    An engine implements the abstract methods. They get *places* (see ``places.py``) and JSON
    text, both free of lone surrogates and NUL, and answer with StorageError when they fail.
    """

    def __init__(self) -> None:
        self._space = ""
        # Guards the engine, where that needs it; held during single operations, and over a fork.
        self._guard = threading.Lock()
        # Notified at each release of a lock in this process; those who wait for one look again.
        self._freed = threading.Condition()
        watch(self)

    # -- values ------------------------------------------------------------------------------

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or ``default`` if there is none (or no longer)."""
        text = self._read(place_of(self._space, key))
        return default if text is None else load(text)

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Store a value; after ``ttl`` seconds it is gone, without one it stays.

        Raises:
            TypeError: the value is no JSON; the text says which part of it.
            StorageError: it could not be stored."""
        self._write(place_of(self._space, key), dump(value), _checked(ttl))

    def delete(self, key: str) -> bool:
        """Remove a value; False if there was none."""
        return self._remove(place_of(self._space, key))

    def setdefault(self, key: str, default: Any = None, ttl: float | None = None) -> Any:
        """The value; if there is none, ``default`` is stored (by one caller only) and returned."""
        place, text = place_of(self._space, key), dump(default)
        _checked(ttl)
        patience = _Patience()
        while True:
            present = self._read(place)
            if present is not None:
                return load(present)
            if self._swap(place, None, text, ttl):
                return load(text)
            patience.wait()

    def update(
        self, key: str, fn: Callable[[Any], Any], default: Any = None, ttl: Life = KEEP
    ) -> Any:
        """Replace the value by ``fn(value)``, atomically; returns the new value.

        No lock is held while ``fn`` runs. If somebody else changed the value meanwhile it is
        called again with that, so it should do nothing but compute. What it raises goes to the
        caller, and the value stays.

        Args:
            default: what ``fn`` gets if there is no value.
            ttl: seconds from now, or None for ever; left out, the value's life stays as it was.

        Raises:
            TypeError: ``fn`` returned no JSON, or None (which is nearly always a forgotten
                return: ``set`` stores a None).
            StorageError: it could not be stored, or others changed it for ten seconds on end."""
        return self._change(key, fn, default, ttl, None if ttl is KEEP else ttl)

    def incr(self, key: str, amount: float = 1, ttl: float | None = None) -> Any:
        """Add to a number (missing: 0), atomically; returns the new one.

        Args:
            ttl: seconds until the count begins again, from the call that began it: later
                calls do not put it off.

        Raises:
            TypeError: what is stored there is no number."""

        def add(number: Any) -> Any:
            if not isinstance(number, int | float) or isinstance(number, bool):
                raise TypeError(f"cannot count on: {type(number).__name__} is stored there")
            return number + amount

        return self._change(key, add, 0, KEEP, ttl)

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin so, sorted; those of namespaces inside are not among them."""
        places = self._list(place_of(self._space, prefix))
        return sorted(key_at(self._space, place) for place in places)

    def clear(self, prefix: str = "") -> int:
        """Remove what :meth:`keys` lists; returns how many values that were."""
        return self._remove_all(place_of(self._space, prefix))

    def __getitem__(self, key: str) -> Any:
        text = self._read(place_of(self._space, key))
        if text is None:
            raise KeyError(key)
        return load(text)

    def __setitem__(self, key: str, value: Any) -> None:
        self.set(key, value)

    def __delitem__(self, key: str) -> None:
        if not self.delete(key):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._read(place_of(self._space, key)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    # -- around them -------------------------------------------------------------------------

    def lock(self, name: str, timeout: float | None = None, lease: float = LEASE) -> Lock:
        """A block that only one thread of all processes on this storage is in at a time.

        Args:
            timeout: seconds to wait for it; 0 tries once, None waits as long as it takes.
            lease: seconds after which it is free again, should its owner have died.

        Raises:
            LockTimeout: on entering; it is a ``TimeoutError`` too."""
        return Lock(self, place_of(self._space, name), name, timeout, lease)

    def namespace(self, name: str) -> Storage:
        """A part with keys and locks of its own; others neither see nor reach them."""
        from signalbot.infrastructure.storage.namespace import Namespace

        return Namespace(self, space_in(self._space, name))

    @abstractmethod
    def close(self) -> None:
        """Give connections back; the next use opens them again."""

    def __enter__(self) -> Storage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _change(
        self, key: str, fn: Callable[[Any], Any], default: Any, kept: Life, fresh: float | None
    ) -> Any:
        place, first = place_of(self._space, key), dump(default)
        for life in (kept, fresh):
            _checked(None if life is KEEP else life)
        patience = _Patience()
        while True:
            old = self._read(place)
            value = fn(load(first if old is None else old))
            if value is None:
                raise TypeError("update: the function returned None instead of the new value")
            new = dump(value)
            if self._swap(place, old, new, fresh if old is None else kept):
                return load(new)
            patience.wait()

    def _wait_for_release(self, seconds: float) -> None:
        with self._freed:
            self._freed.wait(seconds)

    def _tell_release(self) -> None:
        with self._freed:
            self._freed.notify_all()

    # -- what an engine does -----------------------------------------------------------------

    @abstractmethod
    def _read(self, place: str) -> str | None:
        """The text, unless there is none or it has expired."""

    @abstractmethod
    def _write(self, place: str, text: str, ttl: float | None) -> None:
        """Store the text whatever is there."""

    @abstractmethod
    def _swap(self, place: str, old: str | None, new: str, ttl: Life) -> bool:
        """Store ``new`` if ``old`` is there (None: if nothing is), in one step; else False."""

    @abstractmethod
    def _remove(self, place: str) -> bool:
        """Remove the text; False if there was none, or only an expired one."""

    @abstractmethod
    def _list(self, prefix: str) -> list[str]:
        """The places that begin so and have not expired, in any order."""

    @abstractmethod
    def _remove_all(self, prefix: str) -> int:
        """Remove what :meth:`_list` lists; how many."""

    @abstractmethod
    def _take_lock(self, place: str, token: str, lease: float) -> bool:
        """Give the lock to the token for so many seconds if it is free or its lease is over."""

    @abstractmethod
    def _extend_lock(self, place: str, token: str, lease: float) -> bool:
        """Begin the lease anew if the token still has the lock."""

    @abstractmethod
    def _release_lock(self, place: str, token: str) -> bool:
        """Free the lock if the token still has it."""

    def _before_fork(self) -> None:
        """Let go of what a child must not inherit."""
        assert self._guard.locked()

    def _after_fork_in_child(self) -> None:
        """Take new locks: other threads, which are not here, may have held the old ones."""
        self._guard = threading.Lock()
        self._freed = threading.Condition()


def _checked(ttl: float | None) -> float | None:
    if ttl is None:
        return None
    if isinstance(ttl, bool) or not isinstance(ttl, int | float):
        raise TypeError(f"ttl is seconds or None, not {type(ttl).__name__}")
    if not 0 < ttl < math.inf:
        raise ValueError("ttl is more than 0 seconds; None keeps the value for ever")
    return ttl


class _Patience:
    """Waits before another attempt at a change that others overtook; it has an end."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + _PATIENCE
        self._pause = 0.0

    def wait(self) -> None:
        if time.monotonic() > self._deadline:
            raise StorageError("The value kept being changed by others; it was not updated.")
        # Spread out, or those who collided would collide again.
        time.sleep(random.uniform(0.0, self._pause))  # nosec B311
        self._pause = min(2 * self._pause + 0.0002, 0.02)
