"""The private directory of one account, refused if anybody else could write in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

from signalbot.errors import StorageError


def account_directory(state_dir: str | Path, server: str, number: str) -> Path:
    """Where the state of one account on one server lives; the name tells neither of them."""
    digest = hashlib.sha256(f"{server}\n{number}".encode()).hexdigest()
    return Path(state_dir) / digest[:16]


def free_bytes(directory: Path) -> int | None:
    """What is free on its disk; None if it is not there."""
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None


def prepare_directory(directory: str | Path) -> Path:
    """Make the directory if it is missing, with mode 0700, and check that it is ours alone.

    Raises:
        StorageError: if it cannot be made, belongs to somebody else, or is writable by others.
    """
    path = Path(directory)
    try:
        # Parents too, where they are missing: in one that others can write, they could put a
        # directory of their own in the place of this one.
        for each in (*reversed(path.parents), path):
            each.mkdir(mode=0o700, exist_ok=True)
        info = path.stat()
    except OSError as error:
        raise StorageError(
            f"Cannot use the state directory {path}: {error.strerror}. "
            "Set state_dir to a directory that this user may write."
        ) from error
    if not stat.S_ISDIR(info.st_mode):
        raise StorageError(f"The state directory {path} is a file. Set state_dir to a directory.")
    if hasattr(os, "getuid"):
        _check_is_ours_alone(path, info)
    if not os.access(path, os.W_OK | os.X_OK):
        raise StorageError(
            f"The state directory {path} is read-only for this user. "
            "Make it writable, or set state_dir to another directory."
        )
    return path


def _check_is_ours_alone(path: Path, info: os.stat_result) -> None:
    if info.st_uid != os.getuid():
        raise StorageError(
            f"The state directory {path} belongs to user {info.st_uid}, the bot runs as user "
            f"{os.getuid()}. Run it as that user, or set state_dir to a directory of its own."
        )
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StorageError(
            f"The state directory {path} can be written by others (mode "
            f"{stat.S_IMODE(info.st_mode):04o}). Run: chmod 700 {path}"
        )


def make_private_file(path: Path) -> None:
    """Make an empty file with mode 0600 if there is none; SQLite gives -wal and -shm its mode.

    A umask around the first open would do too, but it belongs to the whole process, and other
    threads make files meanwhile.

    Raises:
        StorageError: if it cannot be made, or is no plain file of ours.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | _NOFOLLOW, 0o600)
    except OSError as error:
        raise StorageError(f"Cannot write {path}: {error.strerror}.") from error
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise StorageError(f"{path} is no plain file.")
        if hasattr(os, "getuid") and info.st_uid != os.getuid():
            raise StorageError(f"{path} belongs to user {info.st_uid}, not to user {os.getuid()}.")
        if info.st_mode & 0o077 and hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
