"""From the setting ``storage`` to the storage."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from signalbot.errors import SettingsError
from signalbot.infrastructure.storage.base import Storage
from signalbot.infrastructure.storage.memory import MemoryStorage
from signalbot.infrastructure.storage.redis_address import SCHEMES
from signalbot.infrastructure.storage.sqlite import SqliteStorage
from signalbot.model.similar import similar

_WORDS = ("sqlite", "memory", "redis")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,20}")


def open_storage(
    setting: str | Storage,
    directory: str | Path,
    *,
    prefix: str,
    clock: Callable[[], float] = time.time,
) -> Storage:
    """Make the storage that the setting means; it connects to nothing before its first use.

    Args:
        setting: ``"sqlite"``, ``"memory"``, a Redis URL, or a storage of your own.
        directory: where the SQLite file goes.
        prefix: what the keys in Redis begin with, one for each account.
        clock: seconds since the epoch, by which values expire; Redis has its own.

    Raises:
        SettingsError: for anything else, without repeating it: it may hold a password.
    """
    if isinstance(setting, Storage):
        return setting
    if not isinstance(setting, str):
        raise SettingsError(
            f"storage is a str or a Storage, not {type(setting).__name__}. {_choices('')}"
        )
    word = setting.strip()
    if word.lower() == "memory":
        return MemoryStorage(clock=clock)
    if word.lower() == "sqlite":
        return SqliteStorage(directory, clock=clock)
    if word.partition("://")[0].lower() in SCHEMES and "://" in word:
        from signalbot.infrastructure.storage.redis import RedisStorage

        return RedisStorage(word, prefix=f"signalbot:{prefix}")
    shown = f" {word!r}" if _WORD.fullmatch(word) else ""
    raise SettingsError(f"storage: no such storage{shown}. {_choices(word)}")


def _choices(word: str) -> str:
    near = similar(word.partition(":")[0].lower(), _WORDS)
    hint = f"Did you mean {near!r}? " if near else ""
    return f"{hint}It can be 'sqlite', 'memory', or a URL such as redis://host:6379/0."
