"""Flags between the words of a command: ``--loud``, ``--no-loud``, ``--to you``, ``--to=you``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from signalbot.model.similar import similar
from signalbot.routing.slots import Shape, Slot
from signalbot.routing.usage import UsageError, shown
from signalbot.routing.words import Word, is_flag


@dataclass(frozen=True, slots=True)
class Flagged:
    """One flag as found: what it sets, and to which word; without a word, to yes or no."""

    slot: Slot
    is_on: bool
    word: Word | None

    def value(self, ctx: Any) -> Any:
        return self.is_on if self.word is None else self.slot.read(self.word, ctx)


class Flags:
    """The keyword-only parameters of a handler."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        self._slots = {slot.label.casefold(): slot for slot in slots}
        self.are_there = bool(self._slots)

    def split(
        self, words: Sequence[Word], text_begins_at: int | None
    ) -> tuple[list[Flagged], list[Word]]:
        """Take the flags out of the words.

        Args:
            text_begins_at: after so many words all that follows is text, hyphens included.

        Raises:
            UsageError: if a flag is unknown, or lacks its value.
        """
        flagged: list[Flagged] = []
        plain: list[Word] = []
        rest = iter(words)
        for word in rest:
            is_text = text_begins_at is not None and len(plain) >= text_begins_at
            if word.text == "--" and not word.is_quoted:
                plain.extend(rest)
                break
            found = self._flag(word, rest) if may_be_flag(word) else None
            if found is not None:
                flagged.append(found)
            elif is_text:
                plain.extend([word, *rest])
            elif may_be_flag(word):
                raise self._unknown(word)
            else:
                plain.append(word)
        return flagged, plain

    def read(self, flagged: Iterable[Flagged], ctx: Any) -> dict[str, Any]:
        """The value of every flag, given or not; of a repeated one the last.

        Raises:
            UsageError: if a value does not fit, or a needed flag is missing.
        """
        values = {each.slot.name: each.value(ctx) for each in flagged}
        for slot in self._slots.values():
            if slot.name not in values:
                values[slot.name] = slot.or_default()
        return values

    def _flag(self, word: Word, rest: Iterator[Word]) -> Flagged | None:
        """The flag that a word is, with its value; None if there is no such flag."""
        key, has_value, _ = key_of(word).partition("=")
        slot = self._slots.get(key)
        if slot is None:
            opposite = self._slots.get(key.removeprefix("no-")) if not has_value else None
            if opposite is not None and opposite.shape is Shape.SWITCH:
                return Flagged(opposite, False, None)
            return None
        if has_value:
            return Flagged(slot, True, Word(word.text.partition("=")[2], word.start, True))
        if slot.shape is Shape.SWITCH:
            return Flagged(slot, True, None)
        following = next(rest, None)
        if following is None:
            raise UsageError(f"--{slot.label} needs a value.")
        return Flagged(slot, True, following)

    def _unknown(self, word: Word) -> UsageError:
        key = key_of(word).partition("=")[0]
        near = similar(key, self._slots)
        hint = f" Did you mean --{self._slots[near].label}?" if near else ""
        return UsageError(f"{shown('--' + key)} is unknown.{hint}")


def may_be_flag(word: Word) -> bool:
    return not word.is_quoted and word.user is None and is_flag(word.text)


def key_of(word: Word) -> str:
    """A flag in the spelling of parameters' labels; phones turn its hyphens into one dash."""
    return word.text.lstrip("-—–").casefold().replace("_", "-")
