"""Rows that an attacker wrote are refused: nothing is unpickled, opened or deleted."""

from __future__ import annotations

import contextlib
import pickle
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from diskcache import Cache, Disk, JSONDisk

from signalbot.errors import StorageError
from signalbot.infrastructure.safe_disk import open_cache
from tests.infrastructure.inboxes import frame, open_inbox


class Bomb:
    """Unpickling it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


INSERT = (
    "INSERT INTO Cache (key, raw, store_time, access_time, mode, filename, value)"
    " VALUES (?, ?, 0, 0, ?, ?, ?)"
)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    cache = open_cache(tmp_path / "cache")
    yield cache
    cache.close()


def plant(directory: Path, *row: object) -> None:
    database = sqlite3.connect(directory / "cache.db")
    with database:
        database.execute(INSERT, row)
    database.close()


def attack(tmp_path: Path, name: str) -> tuple[object, ...]:
    bomb = pickle.dumps(Bomb(tmp_path / "mark"))
    secret = tmp_path / "secret"
    secret.write_text("secret")
    return {
        "pickled value": ("key", 1, 4, None, bomb),
        "pickled file": ("key", 1, 4, str(secret), None),
        "binary file": ("key", 1, 2, str(secret), None),
        "text file": ("key", 1, 3, str(secret), None),
        "raw value with a file": ("key", 1, 1, str(secret), b"x"),
        "pickled key": (bomb, 0, 1, None, b"x"),
        "bytes as key": (b"key", 1, 1, None, b"x"),
    }[name]


ATTACKS = [
    "pickled value",
    "pickled file",
    "binary file",
    "text file",
    "raw value with a file",
    "pickled key",
    "bytes as key",
]


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_row_is_refused(tmp_path: Path, cache: Cache, name: str) -> None:
    row = attack(tmp_path, name)
    plant(tmp_path / "cache", *row)

    with pytest.raises(ValueError, match="refused"):  # noqa: PT012 - one of the two finds it
        list(cache.iterkeys())
        cache.get("key")
    cache.delete("key")
    cache.clear()

    assert not (tmp_path / "mark").exists()
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize("disk", [Disk, JSONDisk])
def test_the_attack_works_without_it(tmp_path: Path, disk: type[Disk]) -> None:
    """Otherwise the tests above would show nothing."""
    unsafe = Cache(str(tmp_path / "cache"), disk=disk)
    plant(tmp_path / "cache", *attack(tmp_path, "pickled key"))

    # JSONDisk unpickles first, and fails afterwards.
    with contextlib.suppress(TypeError):
        list(unsafe.iterkeys())
    unsafe.close()

    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", [name for name in ATTACKS if "key" not in name])
@pytest.mark.parametrize("key", ["j:00000000", "m:state", "m:schema", "s:00000001"])
def test_an_inbox_with_an_attack_row_does_not_open(tmp_path: Path, name: str, key: str) -> None:
    with open_inbox(tmp_path):
        pass
    _, *rest = attack(tmp_path, name)
    database = sqlite3.connect(tmp_path / "account" / "cache.db")
    with database:
        database.execute("DELETE FROM Cache WHERE key = ?", (key,))
    database.close()
    plant(tmp_path / "account", key, *rest)

    with pytest.raises(StorageError, match=r"refused|Cannot"), open_inbox(tmp_path):
        pass
    assert not (tmp_path / "mark").exists()
    assert (tmp_path / "secret").exists()


def test_an_attack_among_the_dead_letters_hides_no_other(tmp_path: Path) -> None:
    with open_inbox(tmp_path) as inbox:
        inbox.feed(b"unreadable")
    _, *rest = attack(tmp_path, "pickled value")
    plant(tmp_path / "account", "x:0000000000000009", *rest)

    with open_inbox(tmp_path) as inbox:
        letters = inbox.dead_letters()
        inbox.feed(frame(1))
        purged = inbox.purge([9])

    assert [letter.raw for letter in letters] == [b"unreadable"]
    assert purged == 1
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("value", [None, ["list"], Bomb(Path("x")), True, bytearray(b"x")])
def test_only_plain_values_are_stored(cache: Cache, value: object) -> None:
    with pytest.raises(TypeError):
        cache.set("key", value)


@pytest.mark.parametrize("key", [None, b"bytes", ("a", "tuple"), 1.5, True])
def test_only_plain_keys_are_stored(cache: Cache, key: object) -> None:
    with pytest.raises(TypeError):
        cache.set(key, b"value")


def test_large_values_stay_in_the_database(tmp_path: Path, cache: Cache) -> None:
    cache.set("key", b"x" * 2**20)

    assert cache.get("key") == b"x" * 2**20
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


def test_nothing_is_evicted(cache: Cache) -> None:
    for number in range(50):
        cache.set(number, b"x" * 10_000)

    assert cache.cull() == 0
    assert len(cache) == 50


def test_a_path_with_the_name_of_a_variable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="variable"):
        open_cache(tmp_path / "$HOME")
