"""The setting ``storage``: what it may be, and that its password shows nowhere."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from signalbot.errors import SettingsError
from signalbot.infrastructure.storage.memory import MemoryStorage
from signalbot.infrastructure.storage.opening import open_storage
from signalbot.infrastructure.storage.redis import RedisStorage
from signalbot.infrastructure.storage.sqlite import SqliteStorage


def test_words_and_urls(tmp_path: Path) -> None:
    assert isinstance(open_storage("memory", tmp_path, prefix="p"), MemoryStorage)
    assert isinstance(open_storage(" SQLite ", tmp_path, prefix="p"), SqliteStorage)
    for url in ("redis://h", "rediss://:pw@h:1/2", "unix:///run/redis.sock?db=1", "redis://[::1]"):
        assert isinstance(open_storage(url, tmp_path, prefix="p"), RedisStorage)
    own = MemoryStorage()
    assert open_storage(own, tmp_path, prefix="p") is own
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://me:hush@h", "redis://h:6379"),
        ("rediss://:hush@h:7000/2?password=hush", "rediss://h:7000/2"),
        ("redis://me:hush@[::1]/0", "redis://[::1]:6379/0"),
        ("unix://me:hush@/run/r.sock?db=3", "unix:///run/r.sock"),
    ],
)
def test_a_url_is_shown_without_its_secrets(tmp_path: Path, url: str, shown: str) -> None:
    assert repr(open_storage(url, tmp_path, prefix="p")) == f"<RedisStorage {shown}>"


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "postgres://me:hush@h/db",
        "redis:/me:hush@h",
        "redis://me:hush/hush@h",
        "redis://me:1#hush@h",
        "redis://me:hush@h:port",
        "redis://me:hush@h:99999",
        "redis://me:hush@h/hush",
        "redis://me:hush@h?socket_timeout=hush",
        "REDIS://me:hush@h?db=hush",
        "unix://me:hush@",
        "hush hush hush hush hush",
        7,
        None,
    ],
    ids=str,
)
def test_nonsense_is_refused_and_not_repeated(tmp_path: Path, setting: str) -> None:
    with pytest.raises(SettingsError, match="storage") as caught:
        open_storage(setting, tmp_path, prefix="p")

    error = caught.value
    assert "hush" not in "".join(traceback.format_exception_only(type(error), error))
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize(
    ("typed", "meant"), [("sqllite", "sqlite"), ("memry", "memory"), ("redi", "redis")]
)
def test_a_typing_error_gets_a_hint(tmp_path: Path, typed: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"{typed!r}.*Did you mean {meant!r}"):
        open_storage(typed, tmp_path, prefix="p")
