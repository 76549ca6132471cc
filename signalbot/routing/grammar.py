"""The grammar of a command, as its handler's signature spells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NoReturn, TypeAlias, get_origin

from signalbot.routing.converters import is_optional, members
from signalbot.routing.flags import Flags
from signalbot.routing.signatures import NOTHING
from signalbot.routing.slots import Shape, Slot
from signalbot.routing.usage import UsageError, shown
from signalbot.routing.words import Word


class RestMarker:
    """Says that a parameter takes all the remaining text, as it was typed."""


Rest: TypeAlias = Annotated[str, RestMarker()]
"""The rest of the message in one piece: ``def note(ctx, text: Rest)``. It must come last."""


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
        self._flags = Flags(slot for slot in self.slots if slot.shape in (Shape.FLAG, Shape.SWITCH))
        takes_text = self._tail is not None and self._tail.shape is Shape.TEXT
        self._text_begins_at = len(self._words) if takes_text else None

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
        values: dict[str, Any] = {}
        if self._flags.are_there:
            flagged, words = self._flags.split(words, self._text_begins_at)
            values = self._flags.read(flagged, ctx)
        rest = iter(words)
        for slot in self._words:
            word = next(rest, None)
            values[slot.name] = slot.or_default() if word is None else slot.read(word, ctx)
        remaining = list(rest)
        if self._tail is None:
            if remaining:
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

    def _refuse(self, surplus: Sequence[Word]) -> NoReturn:
        last = self._words[-1] if self._words else None
        hint = ""
        if last is not None and last.converter.expected == "text":
            hint = f" Put quotes around {last.label} if it has several words."
        raise UsageError(f"{shown(surplus[0].text)} is one word too many.{hint}")


def optional_default(annotation: Any, default: Any) -> Any:
    """The default of a parameter: its own, else None if its type allows that."""
    return None if default is NOTHING and is_optional(annotation) else default
