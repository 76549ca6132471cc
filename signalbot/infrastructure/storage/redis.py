"""A storage in Redis: shared by all machines that reach it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from signalbot.errors import SettingsError, StorageError
from signalbot.infrastructure.storage.base import KEEP, Life, Storage
from signalbot.infrastructure.storage.redis_address import describe

TIMEOUT = 5.0
"""Seconds to connect, and to wait for an answer."""

_SWAP = """
local present = redis.call('GET', KEYS[1])
if ARGV[1] == 'new' then
  if present then return 0 end
elseif present ~= ARGV[2] then
  return 0
end
if ARGV[4] == 'keep' and present then
  redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
elseif ARGV[4] == 'keep' or ARGV[4] == 'ever' then
  redis.call('SET', KEYS[1], ARGV[3])
else
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
return 1
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
_EXTEND = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

# The roots of redis-py's errors, from several of its versions.
_ROOTS = ("RedisError", "RedisClusterException", "ChildDeadlockedError", "IncorrectPolicyType")

_inherited: list[Any] = []

_GLOB = re.compile(r"([*?\[\]\\])")
_AT_ONCE = 500


class RedisStorage(Storage):
    """Keys ``<prefix>:v:…`` for values and ``<prefix>:l:…`` for locks; needs Redis 6 or newer.

    ``keys()`` and ``clear()`` scan the whole database. No call is repeated by itself: whether a
    lost answer means that the change was made, nobody can know.

    Args:
        server: a URL (``redis:// rediss:// unix://``), or a ``redis.Redis`` of your own, which is
            left open by :meth:`close`.
        prefix: what sets these keys apart in a database that others use too.

    Raises:
        SettingsError: the URL cannot work, or the package redis is missing.
    """

    def __init__(self, server: Any, *, prefix: str = "signalbot") -> None:
        super().__init__()
        self._values = f"{prefix}:v:"
        self._locks = f"{prefix}:l:"
        self._url = server if isinstance(server, str) else None
        self._where = "Redis" if self._url is None else describe(self._url)
        known = vars(_import_redis().exceptions)
        self._foreign: tuple[type[Exception], ...] = tuple(
            known[name] for name in _ROOTS if name in known
        )
        self._use(server if self._url is None else _client_for(self._url, self._where))

    def _use(self, client: Any) -> None:
        self._client = client
        self._swap_script = client.register_script(_SWAP)
        self._release_script = client.register_script(_RELEASE)
        self._extend_script = client.register_script(_EXTEND)

    def _after_fork_in_child(self) -> None:
        super()._after_fork_in_child()
        if self._url is not None:
            # redis-py drops inherited connections by itself, but its pool's lock may have been
            # held by a thread that is not here, and would stay so. The old client is kept: it
            # would take that lock when it goes.
            _inherited.append(self._client)
            self._use(_client_for(self._url, self._where))

    def __repr__(self) -> str:
        return f"<RedisStorage {self._where}>"

    def close(self) -> None:
        if self._url is not None:
            with self._errors():
                self._client.close()

    def _read(self, place: str) -> str | None:
        with self._errors():
            text = self._client.get(self._values + place)
        return None if text is None else _text(text)

    def _write(self, place: str, text: str, ttl: float | None) -> None:
        with self._errors():
            self._client.set(self._values + place, text, px=None if ttl is None else _ms(ttl))

    def _swap(self, place: str, old: str | None, new: str, ttl: Life) -> bool:
        life: str | int = "keep" if ttl is KEEP else "ever" if ttl is None else _ms(ttl)
        known = ["new", ""] if old is None else ["old", old]
        with self._errors():
            return bool(self._swap_script(keys=[self._values + place], args=[*known, new, life]))

    def _remove(self, place: str) -> bool:
        with self._errors():
            return bool(self._client.delete(self._values + place))

    def _list(self, prefix: str) -> list[str]:
        with self._errors():
            return [key[len(self._values) :] for key in self._scan(prefix)]

    def _remove_all(self, prefix: str) -> int:
        removed = 0
        with self._errors():
            names = iter(self._scan(prefix))
            while some := list(islice(names, _AT_ONCE)):
                removed += self._client.delete(*some)
        return removed

    def _take_lock(self, place: str, token: str, lease: float) -> bool:
        with self._errors():
            return bool(self._client.set(self._locks + place, token, nx=True, px=_ms(lease)))

    def _extend_lock(self, place: str, token: str, lease: float) -> bool:
        with self._errors():
            return bool(self._extend_script(keys=[self._locks + place], args=[token, _ms(lease)]))

    def _release_lock(self, place: str, token: str) -> bool:
        with self._errors():
            return bool(self._release_script(keys=[self._locks + place], args=[token]))

    def _scan(self, prefix: str) -> Iterable[str]:
        pattern = _GLOB.sub(r"\\\1", self._values + prefix) + "*"
        found = self._client.scan_iter(match=pattern, count=_AT_ONCE)
        return {_text(key) for key in found}  # a scan may name a key twice

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._foreign as error:
            raise StorageError(f"Cannot use {self._where}: {error}") from error


def _import_redis() -> Any:
    try:
        import redis
    except ImportError:
        raise SettingsError(
            'A Redis storage needs the package redis: pip install "signalbot-sync[redis]"'
        ) from None
    return redis


def _client_for(url: str, where: str) -> Any:
    redis = _import_redis()
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # redis-py asks for this at each connection, and the first time that imports modules. A fork
    # while another thread imports leaves the child with a module lock that nobody frees.
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("redis")
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 0),
        )
    except (ValueError, TypeError):
        # Not "from": the text of the cause may hold parts of the URL.
        raise SettingsError(f"storage: an option of the URL of {where} makes no sense.") from None


def _text(value: Any) -> str:
    """Clients answer in bytes, or in str with ``decode_responses``."""
    text: str = value.decode("utf-8") if isinstance(value, bytes) else value
    return text


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
