"""One parameter of a command, as it is filled from a message."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from signalbot.routing.converters import CONVERSION_FAILED, Converter
from signalbot.routing.signatures import NOTHING
from signalbot.routing.usage import UsageError, shown
from signalbot.routing.words import Word


class Shape(enum.Enum):
    """How much of a message a parameter takes."""

    WORD = "one word"
    WORDS = "all remaining words"
    TEXT = "all remaining text"
    FLAG = "--name value"
    SWITCH = "--name"


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter that is filled from the message."""

    name: str
    shape: Shape
    converter: Converter
    default: Any = NOTHING

    @property
    def label(self) -> str:
        return self.name.strip("_").replace("_", "-")

    def read(self, word: Word, ctx: Any) -> Any:
        """The value of a word.

        Raises:
            UsageError: if the word does not fit.
        """
        try:
            return self.converter.read(word, ctx)
        except CONVERSION_FAILED:
            # Not chained: the converter's own words are for logs, never for a chat.
            raise UsageError(
                f"{self.label}: {shown(word.text)} is not {self.converter.expected}."
            ) from None

    def or_default(self) -> Any:
        if self.default is NOTHING:
            raise UsageError(f"{self.label} is missing.")
        return self.default

    @property
    def usage(self) -> str:
        """Its place in the usage line."""
        name = "|".join(self.converter.choices) if 0 < len(self.converter.choices) < 7 else ""
        required, name = self.default is NOTHING, name or self.label
        if self.shape is Shape.WORDS:
            return f"[{name} …]"
        if self.shape is Shape.SWITCH:
            text = f"--no-{self.label}" if self.default is True else f"--{self.label}"
        elif self.shape is Shape.FLAG:
            text = f"--{self.label} <{name}>"
        else:
            name += " …" if self.shape is Shape.TEXT else ""
            return f"<{name}>" if required else f"[{name}]"
        return text if required else f"[{text}]"
