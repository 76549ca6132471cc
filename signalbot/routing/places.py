"""Where in the user's program something was written, for errors like ``bot.py:12: …``."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from types import FrameType
from typing import Any

from signalbot.errors import RegistrationError


@dataclass(frozen=True)
class Place:
    """A file and a line; printed as ``bot.py:12``."""

    file: str
    line: int

    def __str__(self) -> str:
        name = PurePath(self.file).name
        return f"{name}:{self.line}" if self.line else name

    def error(self, message: str) -> RegistrationError:
        """The error to raise for a mistake that was made here."""
        return RegistrationError(f"{self}: {message}")


def place_of(handler: Callable[..., Any]) -> Place:
    """Where a function was defined; of a callable without code, where we were called from."""
    bare = inspect.unwrap(handler)
    while isinstance(bare, functools.partial):
        bare = inspect.unwrap(bare.func)
    code = getattr(bare, "__code__", None) or getattr(type(bare).__call__, "__code__", None)
    return Place(code.co_filename, code.co_firstlineno) if code else here()


def here() -> Place:
    """The line of the user's program that called into the library."""
    frame = user_frame()
    return Place(frame.f_code.co_filename, frame.f_lineno) if frame else Place("<unknown>", 0)


def user_frame() -> FrameType | None:
    """The innermost frame that is not ours."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return frame


def is_ours(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    # Not the whole package: the demo and the extensions register handlers as users do.
    return name == "signalbot.bot" or name.startswith("signalbot.routing")
