"""New handlers for a running bot whenever its program is saved."""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from signalbot.errors import SignalBotError
from signalbot.runtime.job_runner import JobRunner

if TYPE_CHECKING:
    from signalbot.bot import SignalBot
    from signalbot.cli.loading import Program

_LOOK_EVERY = 0.1
_LONGEST_WAIT = 10  # looks


class Reloader:
    """Watches the program's files, and gives the running bot the handlers of their new state.

    The bot itself is not touched: it keeps its websocket, its inbox and its settings. A program
    with a mistake leaves the old handlers where they are. Runs in the thread
    ``signalbot-reload`` between ``start`` and ``stop``.
    """

    def __init__(self, bot: SignalBot, program: Program, *, say: Callable[[str], None]) -> None:
        self._bot = bot
        self._program = program
        self._say = say
        self._seen = fingerprint(program.local_modules().values())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="signalbot-reload", daemon=True)

    def start(self) -> None:
        # Bytecode is told from its source by whole seconds; two saves in one would be mixed up.
        sys.dont_write_bytecode = True
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(2.0)

    def _watch(self) -> None:
        waited = 0
        while not self._ended.wait(_LOOK_EVERY):
            now = fingerprint(self._program.local_modules().values())
            # Not before it stayed the same for a moment, for editors write in several steps; but
            # not never either, if something writes all the time.
            is_changing, self._seen = now != self._seen, now
            waited = waited + 1 if is_changing or waited else 0
            if waited and (not is_changing or waited >= _LONGEST_WAIT):
                waited = 0
                self.reload()

    def reload(self) -> bool:
        """Load the program anew; False if it has a mistake, which is told."""
        old = {name: sys.modules.pop(name, None) for name in self._program.local_modules()}
        try:
            fresh = self._program.load()
            self._bot.replace_handlers(fresh)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a program may raise anything
            for name in self._program.local_modules():
                sys.modules.pop(name, None)
            sys.modules.update({name: each for name, each in old.items() if each is not None})
            self._say(f"Not reloaded, the old handlers stay:\n{told(error)}")
            return False
        self._adopt(fresh)
        self._say("Reloaded.")
        if fresh.settings != self._bot.settings:
            self._say("The settings have changed: they count from the next start on.")
        return True

    def _adopt(self, fresh: SignalBot) -> None:
        """The running bot takes the fresh one's place also where the program names it."""
        for name in self._program.local_modules():
            namespace = vars(sys.modules[name])
            for variable, value in list(namespace.items()):
                if value is fresh:
                    namespace[variable] = self._bot
        for field in dataclasses.fields(fresh.hooks):
            getattr(self._bot.hooks, field.name)[:] = getattr(fresh.hooks, field.name)
        engine = self._bot.engine
        for service in engine.parts.services if engine is not None else ():
            if isinstance(service, JobRunner):
                service.stop(1.0)
                service.start()


def fingerprint(files: Iterable[Path]) -> dict[Path, tuple[int, int, int] | None]:
    """What changes when a file is saved; None for one that is not there."""
    found: dict[Path, tuple[int, int, int] | None] = {}
    for path in files:
        try:
            info = os.stat(path)
        except OSError:
            found[path] = None
        else:
            found[path] = (info.st_mtime_ns, info.st_size, info.st_ino)
    return found


def told(error: BaseException) -> str:
    """An error of the program: its traceback, beginning in the program."""
    if isinstance(error, SignalBotError):
        return str(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(
        "signalbot."
    ):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()
