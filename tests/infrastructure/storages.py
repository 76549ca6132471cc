"""The engines under one roof, for the contract suite: how to make one, how to let time pass."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from signalbot.infrastructure.storage.base import Storage
from signalbot.infrastructure.storage.memory import MemoryStorage
from signalbot.infrastructure.storage.redis import RedisStorage
from signalbot.infrastructure.storage.sqlite import SqliteStorage

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """The real time, plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Kind(ABC):
    """One engine with one set of data."""

    is_shared = True
    """Whether other processes see the data."""

    def __init__(self) -> None:
        self.made: list[Storage] = []

    def open(self) -> Storage:
        """Another storage on the same data."""
        storage = self.make()
        self.made.append(storage)
        return storage

    @abstractmethod
    def make(self) -> Storage: ...

    @abstractmethod
    def advance(self, seconds: float) -> None:
        """Let time pass."""

    @property
    def arguments(self) -> list[str]:
        """For ``storage_worker``: the same data in another process."""
        raise NotImplementedError

    def close(self) -> None:
        for storage in self.made:
            storage.close()


class Memory(Kind):
    is_shared = False

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.storage = MemoryStorage(clock=self.clock)

    def make(self) -> Storage:
        return self.storage

    def advance(self, seconds: float) -> None:
        self.clock.ahead += seconds


class Sqlite(Kind):
    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory
        self.clock = Clock()

    def make(self) -> Storage:
        return SqliteStorage(self.directory, clock=self.clock)

    def advance(self, seconds: float) -> None:
        self.clock.ahead += seconds

    @property
    def arguments(self) -> list[str]:
        return ["sqlite", str(self.directory), "-"]


class Redis(Kind):
    def __init__(self, url: str, prefix: str, **options: Any) -> None:
        import redis

        super().__init__()
        self.url = url
        self.prefix = prefix
        self.client = redis.Redis.from_url(url, **options)
        self.is_clients = bool(options)

    def make(self) -> Storage:
        return RedisStorage(self.client if self.is_clients else self.url, prefix=self.prefix)

    def advance(self, seconds: float) -> None:
        for key in list(self.client.scan_iter(match=f"{self.prefix}:*")):
            left = self.client.pttl(key)
            if left >= 0:
                self.client.pexpire(key, max(0, left - round(seconds * 1000)))

    @property
    def arguments(self) -> list[str]:
        return ["redis", self.url, self.prefix]

    def close(self) -> None:
        super().close()
        self.client.close()


def worker_command(kind: Kind, *task: str) -> list[str]:
    return [sys.executable, "-m", "tests.infrastructure.storage_worker", *kind.arguments, *task]
