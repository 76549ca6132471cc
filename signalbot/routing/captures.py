"""Which group of a regular expression fills which parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from signalbot.routing.grammar import Grammar
from signalbot.routing.places import Place
from signalbot.routing.signatures import NOTHING
from signalbot.routing.slots import Shape
from signalbot.routing.words import Word


@dataclass(frozen=True, slots=True)
class GroupMap:
    """The way from a match to arguments, decided when the handler is registered."""

    groups: dict[str, int]
    rest: tuple[int, ...]
    rest_name: str | None

    @classmethod
    def of(cls, pattern: re.Pattern[str], grammar: Grammar, place: Place) -> GroupMap:
        """Named groups go by name, the others by order.

        Raises:
            RegistrationError: if groups and parameters do not fit together.
        """
        named = dict(pattern.groupindex)
        unnamed = [index for index in range(1, pattern.groups + 1) if index not in named.values()]
        groups: dict[str, int] = {}
        rest_name = None
        for slot in grammar.slots:
            if slot.shape is Shape.WORDS:
                rest_name = slot.name
            elif slot.name in named:
                groups[slot.name] = named[slot.name]
            elif unnamed and slot.shape in (Shape.WORD, Shape.TEXT):
                groups[slot.name] = unnamed.pop(0)
            elif slot.default is NOTHING:
                raise place.error(
                    f"parameter {slot.name!r} has no group in the pattern {pattern.pattern!r}"
                )
        if unnamed and grammar and rest_name is None:
            raise place.error(
                f"the pattern {pattern.pattern!r} has more groups than the handler has parameters;"
                " write (?:…) for a group that is no argument"
            )
        return cls(groups, tuple(unnamed), rest_name)

    def read(self, found: re.Match[str], grammar: Grammar, ctx: Any) -> dict[str, Any]:
        """The arguments by name.

        Raises:
            UsageError: if a group does not fit its parameter's type.
        """
        values = grammar.fill({name: found[index] for name, index in self.groups.items()}, ctx)
        if self.rest_name is not None:
            slot = next(slot for slot in grammar.slots if slot.name == self.rest_name)
            values[self.rest_name] = tuple(
                slot.read(Word(found[index]), ctx)
                for index in self.rest
                if found[index] is not None
            )
        return values
