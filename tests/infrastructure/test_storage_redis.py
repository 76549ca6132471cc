"""What only the Redis storage has: an address, a password, a server that may be away."""

from __future__ import annotations

import builtins
import inspect
import socket
import traceback
import uuid
from typing import Any

import pytest

from signalbot.errors import SettingsError, StorageError
from signalbot.infrastructure.storage.redis import RedisStorage


def test_accounts_share_a_database_without_meeting(redis_url: str) -> None:
    run = uuid.uuid4().hex
    one, two = (
        RedisStorage(redis_url, prefix=f"{run}:1"),
        RedisStorage(redis_url, prefix=f"{run}:2"),
    )
    one["a"], two["a"] = 1, 2
    one["[a]*"] = 3

    with one.lock("l", timeout=0), two.lock("l", timeout=0):
        assert one.keys() == ["[a]*", "a"]
        assert two.clear() == 1
    assert one.clear() == 2
    one.close()
    two.close()


def test_everything_has_the_prefix(redis_url: str) -> None:
    import redis

    prefix = uuid.uuid4().hex
    storage = RedisStorage(redis_url, prefix=prefix)
    storage.namespace("chat:+49")["a"] = 1

    with storage.lock("l", lease=5), redis.Redis.from_url(redis_url) as client:
        names = sorted(client.scan_iter(match=f"*{prefix}*"))
        assert names == [f"{prefix}:l:=l".encode(), f"{prefix}:v:chat:+49/=a".encode()]
        assert 0 < client.pttl(names[0]) <= 5000
        assert client.pttl(names[1]) == -1
    storage.close()


def test_a_client_of_ones_own_stays_open(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        storage = RedisStorage(client, prefix=uuid.uuid4().hex)
        storage["a"] = 1
        storage.close()

        assert client.ping()


def test_keys_of_another_type_are_a_storage_error(redis_url: str) -> None:
    import redis

    prefix = uuid.uuid4().hex
    storage = RedisStorage(redis_url, prefix=prefix)
    with redis.Redis.from_url(redis_url) as client:
        client.lpush(f"{prefix}:v:=a", "x")

    with pytest.raises(StorageError, match="WRONGTYPE"):
        storage.get("a")
    with pytest.raises(StorageError, match="WRONGTYPE"):
        storage.incr("a")
    storage.close()


def test_a_server_that_is_away_is_a_storage_error_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = taken.getsockname()[1]
        storage = RedisStorage(f"redis://me:hush%2Fhush@127.0.0.1:{port}/3?socket_timeout=1")

        with pytest.raises(StorageError, match=rf"redis://127.0.0.1:{port}/3") as caught:
            storage["a"] = 1

    text = "".join(traceback.format_exception(caught.value)) + repr(storage)
    assert "hush" not in text
    storage.close()


def test_a_server_that_never_answers_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        storage = RedisStorage(f"redis://127.0.0.1:{port}?socket_timeout=0.1")

        with pytest.raises(StorageError, match=r"[Tt]imeout"):
            storage.get("a")
        storage.close()


def test_a_wrong_password_is_not_repeated(redis_url: str) -> None:
    storage = RedisStorage(redis_url.replace("unix://", "unix://me:hush@"))

    with pytest.raises(StorageError) as caught:
        storage.get("a")

    assert "hush" not in "".join(traceback.format_exception(caught.value)) + repr(storage)
    storage.close()


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "redis":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)

    with pytest.raises(SettingsError, match=r'pip install "signalbot-sync\[redis\]"'):
        RedisStorage("redis://localhost")


def test_every_error_of_redis_is_mapped() -> None:
    import redis.exceptions

    storage = RedisStorage("redis://localhost")
    errors = [
        error
        for _, error in inspect.getmembers(redis.exceptions, inspect.isclass)
        if issubclass(error, Exception) and error.__module__ == "redis.exceptions"
    ]

    assert len(errors) > 10
    assert [error for error in errors if not issubclass(error, storage._foreign)] == []
