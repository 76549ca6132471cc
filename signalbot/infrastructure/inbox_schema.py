"""The version of the inbox's rows, and how older ones are brought up to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from diskcache import Cache

from signalbot.errors import StorageError

SCHEMA = 1
_ROW = "m:schema"

MIGRATIONS: dict[int, Callable[[Cache], None]] = {}
"""From a version to the function that makes the rows of the next one; it runs in a transaction."""


def ensure_schema(
    cache: Cache,
    *,
    current: int = SCHEMA,
    migrations: Mapping[int, Callable[[Cache], None]] = MIGRATIONS,
) -> None:
    """Mark a new inbox, or bring an older one up to ``current``, one version at a time.

    Raises:
        StorageError: if the rows are of a newer library, or of something else altogether.
    """
    version = cache.get(_ROW)
    if version is None:
        if len(cache):
            raise StorageError(
                f"{cache.directory} holds a diskcache that is no inbox of signalbot. "
                "Set state_dir to a directory of its own."
            )
        version = current
        cache.set(_ROW, version)
    if not isinstance(version, int) or version > current:
        raise StorageError(
            f"The inbox in {cache.directory} was written by a newer signalbot (schema {version}, "
            f"this one knows {current}). Install that version again, or set another state_dir."
        )
    while version < current:
        with cache.transact(retry=False):
            migrations[version](cache)
            version += 1
            cache.set(_ROW, version)
