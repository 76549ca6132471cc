"""The grammar of a command, as its handler's signature spells it."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, get_origin

from signalbot.routing.converters import CONVERSION_FAILED, Converter, is_optional, members
from signalbot.routing.signatures import NOTHING
from signalbot.routing.usage import UsageError, shown
from signalbot.routing.words import Word, is_flag


class RestMarker:
    """Says that a parameter takes all the remaining text, as it was typed."""


Rest: TypeAlias = Annotated[str, RestMarker()]
"""The rest of the message in one piece: ``def note(ctx, text: Rest)``. It must come last."""


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


def is_rest(annotation: Any) -> bool:
    """Whether the annotation is ``Rest``, or ``Rest | None``."""
    if get_origin(annotation) is Annotated:
        return any(isinstance(each, RestMarker) for each in annotation.__metadata__)
    return is_optional(annotation) and any(is_rest(each) for each in members(annotation))


class Grammar:
    """Reads the words after a command's name into arguments."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        self.slots = tuple(slots)
        self._words = tuple(slot for slot in self.slots if slot.shape is Shape.WORD)
        tails = [slot for slot in self.slots if slot.shape in (Shape.WORDS, Shape.TEXT)]
        self._tail = tails[0] if tails else None
        self._flags = {
            slot.label.casefold(): slot
            for slot in self.slots
            if slot.shape in (Shape.FLAG, Shape.SWITCH)
        }

    def __bool__(self) -> bool:
        return bool(self.slots)

    def usage(self, called: str) -> str:
        """The usage line of the command, called by the name that was used."""
        return " ".join([called, *(slot.usage for slot in self.slots)])

    def read(self, words: Sequence[Word], text: str, ctx: Any) -> dict[str, Any]:
        """The arguments by name; ``*rest`` as a tuple.

        Raises:
            UsageError: if the words do not fit, without a usage line.
        """
        flagged, plain = self._split_flags(words)
        values = self._read_flags(flagged, ctx)
        rest = iter(plain)
        for slot in self._words:
            word = next(rest, None)
            values[slot.name] = slot.or_default() if word is None else slot.read(word, ctx)
        remaining = list(rest)
        if self._tail is None:
            self._refuse(remaining)
        elif self._tail.shape is Shape.WORDS:
            values[self._tail.name] = tuple(self._tail.read(word, ctx) for word in remaining)
        elif remaining:
            values[self._tail.name] = text[remaining[0].start :].strip()
        else:
            values[self._tail.name] = self._tail.or_default()
        return values

    def fill(self, groups: Mapping[str, str | None], ctx: Any) -> dict[str, Any]:
        """The arguments from the named groups of a pattern.

        Raises:
            UsageError: if a group does not fit its type, or is absent and needed.
        """
        values: dict[str, Any] = {}
        for slot in self.slots:
            if slot.shape is Shape.WORDS:
                continue
            group = groups.get(slot.name)
            values[slot.name] = slot.or_default() if group is None else slot.read(Word(group), ctx)
        return values

    def _split_flags(
        self, words: Sequence[Word]
    ) -> tuple[list[tuple[Slot, bool, Word | None]], list[Word]]:
        """Flags with their values, and the words between them."""
        if not self._flags:
            return [], list(words)
        takes_text = self._tail is not None and self._tail.shape is Shape.TEXT
        flagged: list[tuple[Slot, bool, Word | None]] = []
        plain: list[Word] = []
        rest = iter(words)
        for word in rest:
            if word.text == "--" and not word.is_quoted:
                plain.extend(rest)
            elif takes_text and len(plain) >= len(self._words):
                plain.extend([word, *rest])  # text begins: hyphens in it are only hyphens
            elif word.is_quoted or word.user is not None or not is_flag(word.text):
                plain.append(word)
            else:
                slot, wanted, value = self._flag(word)
                if slot.shape is Shape.FLAG and value is None:
                    value = next(rest, None)
                    if value is None:
                        raise UsageError(f"--{slot.label} needs a value.")
                flagged.append((slot, wanted, value))
        return flagged, plain

    def _flag(self, word: Word) -> tuple[Slot, bool, Word | None]:
        """The slot that a flag names, what it switches to, and the value after its ``=``."""
        name, has_value, value = word.text.lstrip("-—–").partition("=")
        key = name.casefold().replace("_", "-")
        attached = Word(value, word.start, is_quoted=True) if has_value else None
        if key in self._flags:
            return self._flags[key], True, attached
        positive = self._flags.get(key[3:]) if key.startswith("no-") else None
        if positive is not None and positive.shape is Shape.SWITCH and not has_value:
            return positive, False, None
        near = difflib.get_close_matches(key, self._flags, n=1)
        hint = f" Did you mean --{self._flags[near[0]].label}?" if near else ""
        raise UsageError(f"{shown('--' + name)} is unknown.{hint}")

    def _read_flags(
        self, flagged: Iterable[tuple[Slot, bool, Word | None]], ctx: Any
    ) -> dict[str, Any]:
        values: dict[str, Any] = {
            slot.name: wanted if value is None else slot.read(value, ctx)
            for slot, wanted, value in flagged
        }
        for slot in self._flags.values():
            if slot.name not in values:
                values[slot.name] = slot.or_default()
        return values

    def _refuse(self, surplus: Sequence[Word]) -> None:
        if not surplus:
            return
        last = self._words[-1] if self._words else None
        hint = ""
        if last is not None and last.converter.expected == "text":
            hint = f" Put quotes around {last.label} if it has several words."
        raise UsageError(f"{shown(surplus[0].text)} is one word too many.{hint}")


def optional_default(annotation: Any, default: Any) -> Any:
    """The default of a parameter: its own, else None if its type allows that."""
    return None if default is NOTHING and is_optional(annotation) else default
