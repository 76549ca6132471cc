"""Finding the SignalBot in a program, without letting the program run it."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import linecache
import os
import sys
import sysconfig
import types
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signalbot.errors import SignalBotError

if TYPE_CHECKING:
    from signalbot.bot import SignalBot

_NAME = "bot"


class LoadError(SignalBotError):
    """The program cannot be loaded, or has no bot in it."""


class Program:
    """A file or module with a bot in it: ``bot.py``, ``bot.py:name``, ``package.module:name``.

    A name may be that of a function that makes the bot. ``bot.run()`` in the file ends its
    execution, as if the rest were not there.
    """

    def __init__(self, target: str) -> None:
        place, colon, name = target.rpartition(":")
        if not colon or "/" in name or "\\" in name:
            place, name = target, ""
        self._name = name
        self._is_file = place.endswith(".py") or "/" in place
        if self._is_file:
            self.path = Path(place).resolve()
            if not self.path.is_file():
                raise LoadError(f"There is no file {place}.")
            self._folder, self.module = self.path.parent, _module_name(self.path)
        else:
            self._folder, self.module = Path.cwd(), place
            self.path = self._find_module(place)

    def load(self) -> SignalBot:
        """Execute the program and answer its bot, which is not started.

        Raises:
            LoadError: there is no bot in it, or it starts one itself.
            Exception: whatever the program raises.
        """
        from signalbot.runtime.foreground import HeldBack, held_back

        try:
            source = self.path.read_bytes()
        except OSError as error:
            raise LoadError(f"Cannot read {self.path}: {error.strerror}.") from error
        self._put_on_path()
        module = self._fresh_module()
        sys.modules[self.module] = module
        linecache.checkcache(str(self.path))
        with held_back():
            with contextlib.suppress(HeldBack):
                # Not by importlib: its cache takes two versions of one second for the same.
                code = compile(source, str(self.path), "exec")
                exec(code, module.__dict__)  # nosec B102 - it is the user's own program
            bot = self._bot_in(module)
        if str(bot.state) != "new":
            bot.stop()
            raise LoadError(
                f"{self.path.name} starts its bot while it is loaded. Put that under "
                "if __name__ == '__main__':"
            )
        return bot

    def local_modules(self) -> dict[str, Path]:
        """The program and what it imports from its own folder: name of the module to file."""
        return dict(self._local())

    def _local(self) -> Iterator[tuple[str, Path]]:
        # By text alone, and without asking the disk: somebody looks ten times a second.
        inside = f"{self._folder}{os.sep}"
        libraries = sysconfig.get_paths()["purelib"]
        yield self.module, self.path
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None) or ""
            if (
                file.startswith(inside)
                and file.endswith(".py")
                and not file.startswith(libraries)
                and "site-packages" not in file
                and name not in (self.module, "__main__")
                and name.partition(".")[0] != "signalbot"
            ):
                yield name, Path(file)

    def _put_on_path(self) -> None:
        folder = str(self._folder)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        importlib.invalidate_caches()

    def _find_module(self, name: str) -> Path:
        self._put_on_path()
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError) as error:
            raise LoadError(f"Cannot import {name}: {error}.") from error
        if spec is None or spec.origin is None or not spec.has_location:
            raise LoadError(f"There is no module {name} in {self._folder}. For a file: {name}.py")
        return Path(spec.origin).resolve()

    def _fresh_module(self) -> types.ModuleType:
        module = types.ModuleType(self.module)
        module.__file__ = str(self.path)
        module.__package__ = self.module.rpartition(".")[0]
        if self.path.name == "__init__.py":
            module.__package__, module.__path__ = self.module, [str(self.path.parent)]
        return module

    def _bot_in(self, module: types.ModuleType) -> SignalBot:
        from signalbot.bot import SignalBot

        if self._name:
            found: Any = getattr(module, self._name, None)
            if found is None:
                raise LoadError(f"{self.path.name} has no {self._name!r}.")
            bot = found() if callable(found) and not isinstance(found, SignalBot) else found
            if not isinstance(bot, SignalBot):
                raise LoadError(
                    f"{self._name!r} in {self.path.name} is a {type(bot).__name__}, no SignalBot."
                )
            return bot
        named = module.__dict__.get(_NAME)
        if isinstance(named, SignalBot):
            return named
        bots = {name: v for name, v in vars(module).items() if isinstance(v, SignalBot)}
        if len(set(map(id, bots.values()))) == 1:
            return next(iter(bots.values()))
        if bots:
            names = ", ".join(sorted(bots))
            raise LoadError(
                f"{self.path.name} has several bots ({names}): name one, like "
                f"{self.path.name}:{min(bots)}"
            )
        raise LoadError(
            f"{self.path.name} has no SignalBot at its top level. Write bot = SignalBot(), or name "
            f"the function that makes it: {self.path.name}:make_bot"
        )


def _module_name(path: Path) -> str:
    """The file's own name, unless a module of another file has it."""
    name = path.stem
    taken = sys.modules.get(name)
    is_other = taken is not None and Path(getattr(taken, "__file__", None) or "") != path
    is_standard = name in sys.stdlib_module_names
    return f"{name}_bot" if is_other or is_standard or not name.isidentifier() else name
