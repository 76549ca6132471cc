"""A part of a storage, with keys and locks of its own."""

from __future__ import annotations

from signalbot.infrastructure.storage.base import Life, Storage


class Namespace(Storage):
    """The engine's storage under other places; it guards, opens and closes nothing itself."""

    def __init__(self, parent: Storage, space: str) -> None:
        # Not the base's: guard, condition and fork hooks are those of the engine.
        self._engine: Storage = parent._engine if isinstance(parent, Namespace) else parent
        self._space = space

    def __repr__(self) -> str:
        return f"<namespace of {self._engine!r}>"  # its name may be a person's number

    def close(self) -> None:
        """Nothing: the connection is that of the whole storage."""

    def _read(self, place: str) -> str | None:
        return self._engine._read(place)

    def _write(self, place: str, text: str, ttl: float | None) -> None:
        self._engine._write(place, text, ttl)

    def _swap(self, place: str, old: str | None, new: str, ttl: Life) -> bool:
        return self._engine._swap(place, old, new, ttl)

    def _remove(self, place: str) -> bool:
        return self._engine._remove(place)

    def _list(self, prefix: str) -> list[str]:
        return self._engine._list(prefix)

    def _remove_all(self, prefix: str) -> int:
        return self._engine._remove_all(prefix)

    def _take_lock(self, place: str, token: str, lease: float) -> bool:
        return self._engine._take_lock(place, token, lease)

    def _extend_lock(self, place: str, token: str, lease: float) -> bool:
        return self._engine._extend_lock(place, token, lease)

    def _release_lock(self, place: str, token: str) -> bool:
        return self._engine._release_lock(place, token)

    def _wait_for_release(self, seconds: float) -> None:
        self._engine._wait_for_release(seconds)

    def _tell_release(self) -> None:
        self._engine._tell_release()
