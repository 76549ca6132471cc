"""Checks of this machine: the state directory, the owner of the intake, the webhook."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from signalbot.cli.checks import Check
from signalbot.errors import AlreadyRunning, SignalBotError, StorageError
from signalbot.infrastructure.state_directory import prepare_directory
from signalbot.observability.logging import label
from signalbot.runtime.owner import OwnerLock

if TYPE_CHECKING:
    from signalbot.settings import Settings


def directory_check(directory: Path, min_free: int) -> Check:
    """Whether this user can keep private files there."""
    if not directory.exists():
        parent = next(each for each in directory.parents if each.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            return Check(
                "directory", False, f"{directory} is missing, and {parent} is not writable.",
                f"mkdir -p {directory.parent}, owned by the bot's user; or set SIGNAL_STATE_DIR.",
            )  # fmt: skip
        return _with_room(parent, min_free, f"{directory} will be made at the first start.")
    if not directory.is_dir():
        fix = f"Remove {directory}, or set SIGNAL_STATE_DIR to another directory."
        return Check("directory", False, f"{directory} is a file.", fix)
    try:
        prepare_directory(directory)
    except StorageError as error:
        return Check("directory", False, str(error), _last_sentence(str(error)))
    readable = directory.stat().st_mode & 0o077
    if readable:
        return Check(
            "directory", False, f"Others can look into {directory}.", f"chmod 700 {directory}"
        )
    foreign = next(
        (one for one in directory.iterdir() if not os.access(one, os.R_OK | os.W_OK)), None
    )
    if foreign is not None:
        return Check(
            "directory", False, f"{foreign} cannot be written by this user.",
            f"chown -R $(id -u) {directory}: was the bot run as root once?",
        )  # fmt: skip
    return _with_room(directory, min_free, f"{directory} is private and writable.")


def _with_room(place: Path, min_free: int, detail: str) -> Check:
    free = shutil.disk_usage(place).free
    if free >= min_free:
        return Check("directory", True, detail)
    return Check(
        "directory", False, f"Only {free // 2**20} MiB are free on the disk of {place}.",
        "Make room, or lower SIGNAL_MIN_FREE_DISK: below it nothing is stored.",
    )  # fmt: skip


def _last_sentence(text: str) -> str:
    return text.rstrip(".").rpartition(". ")[2] + "."


def owner_check(directory: Path, settings: Settings, *, expects_bot: bool) -> Check:
    """Whether a bot receives for the account already."""
    holder = holder_of(directory)
    if holder is not None:
        return _judge_holder(directory, holder, settings, expects_bot)
    other = _owner_elsewhere(directory, settings)
    if other is not None:
        return other
    if expects_bot:
        return Check("owner", False, "No bot runs for this account here.",
                     "Start it: signalbot run bot.py")  # fmt: skip
    return Check("owner", True, "No other bot receives for this account here.")


def holder_of(directory: Path) -> int | None:
    """The process that holds the directory's lock, 0 if it is unknown, None if nobody does."""
    if not (directory / "lock").exists():
        return None
    lock = OwnerLock(directory)
    try:
        lock.acquire()
    except AlreadyRunning as error:
        return error.pid or 0
    except StorageError:
        return None  # the check of the directory says more about that
    lock.release()
    return None


def _judge_holder(directory: Path, pid: int, settings: Settings, expects_bot: bool) -> Check:
    who = f"process {pid}" if pid else "another process"
    if expects_bot:
        status = _status_of(directory)
        if status.get("connected") or settings.receive_mode in ("webhook", "none"):
            return Check("owner", True, f"The bot runs ({who}).")
        return Check("owner", False, f"The bot runs ({who}), but it is not connected.",
                     "See its log; 'signalbot top' shows its state.")  # fmt: skip
    return Check(
        "owner", False, f"A bot receives for this account already ({who} holds the lock).",
        f"If it is yours, all is well: 'signalbot doctor --running' expects it. A second one "
        f"would not start: end the first (kill {pid or 'PID'}), or start the second with "
        "SIGNAL_ON_CONFLICT=standby.",
    )  # fmt: skip


def _owner_elsewhere(directory: Path, settings: Settings) -> Check | None:
    """The same account under another spelling of the server's address has another lock."""
    wanted = label(settings.phone_number)
    parent = directory.parent
    for other in sorted(parent.iterdir()) if parent.is_dir() else ():
        if other == directory or not other.is_dir():
            continue
        pid = holder_of(other)
        if pid is not None and _status_of(other).get("account") == wanted:
            return Check(
                "owner", False,
                f"Process {pid} receives for this account under another server address.",
                "Both would answer every message. Stop one, or write SIGNAL_SERVICE the same way "
                "for both (localhost and 127.0.0.1 count as two).",
            )  # fmt: skip
    return None


def _status_of(directory: Path) -> dict[str, object]:
    from signalbot.infrastructure.control import ask_status

    try:
        return ask_status(directory)
    except SignalBotError:
        return {}
