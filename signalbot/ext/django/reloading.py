"""``runsignalbot --reload``: no change is missed, and a mistake in a ``bot.py`` is outlived."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from django.utils import autoreload

_held_back: list[BaseException] = []
_as_loaded: dict[Path, float] = {}


def is_reloaded_command() -> bool:
    """Whether this is the process of ``runsignalbot --reload`` that receives."""
    is_child = os.environ.get(autoreload.DJANGO_AUTORELOAD_ENV) == "true"
    return is_child and "runsignalbot" in sys.argv[1:]


def remember_files() -> None:
    """Remember how the files of the loaded modules, and of those with mistakes, are now."""
    for path, changed_at in autoreload.StatReloader().snapshot_files():
        _as_loaded.setdefault(path, changed_at)


def hold_back(error: Exception) -> None:
    """Keep an error of loading for later, and watch its file.

    Raised while Django loads it would end the reloader's process, and with it the reloader."""

    @autoreload.check_errors
    def fail() -> NoReturn:
        raise error

    with suppress(type(error)):
        fail()
    _held_back.append(error)


def raise_held_back() -> None:
    """Raise the error of loading, where the reloader shows it."""
    if _held_back:
        raise _held_back[0]


class LoadedFilesReloader(autoreload.StatReloader):
    """Compares files with how they were when they were loaded.

    Django's own takes its first look when the program runs already, and what was saved until
    then as how it always was: on a busy machine seconds of work would not be seen."""

    def __init__(self) -> None:
        super().__init__()
        self._as_loaded = dict(_as_loaded)

    def snapshot_files(self) -> Iterator[tuple[Path, float]]:
        """The files and the times of their last change; at first, as they were loaded."""
        found = dict(super().snapshot_files())
        found.update(self._as_loaded)
        self._as_loaded = {}
        yield from found.items()


def run_with_reloader(main: Callable[[], None]) -> None:
    """Run a function anew whenever its code changes; in the parent process, its process."""
    if not is_reloaded_command():
        autoreload.run_with_reloader(main)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    reloader = autoreload.get_reloader()
    if isinstance(reloader, autoreload.StatReloader):  # rather than watchman, which misses nothing
        reloader = LoadedFilesReloader()
    with suppress(KeyboardInterrupt):
        autoreload.start_django(reloader, main)
