"""Finding the commands that a text calls, by its first words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from signalbot.routing.places import Place
from signalbot.routing.words import WORD

Target = TypeVar("Target")

AFTER_MENTION = re.compile(r"[,:]?\s*")


@dataclass(frozen=True, slots=True)
class CommandName:
    """One name of a command: its words, folded.

    A literal name begins with a punctuation character and is matched as it stands; any other
    needs a prefix, unless the text is addressed to the bot anyway.
    """

    words: tuple[str, ...]
    is_literal: bool
    written: str

    @classmethod
    def parse(cls, name: str, place: Place) -> CommandName:
        """Read a name as it was registered.

        Raises:
            RegistrationError: if it is empty.
        """
        words = tuple(fold(word) for word in name.split())
        if not words:
            raise place.error("a command needs a name that is more than blanks")
        return cls(words, unicodedata.category(name.strip()[0])[0] in "PS", " ".join(name.split()))

    def shown(self, prefix: str) -> str:
        """How somebody types it."""
        return self.written if self.is_literal else prefix + self.written


@dataclass(slots=True)
class Call(Generic[Target]):
    """A command that a text calls: how it was written, and where its arguments begin."""

    target: Target
    called: str
    arguments_at: int
    has_prefix: bool


def fold(word: str) -> str:
    """One spelling for all cases and for both ways of writing an umlaut."""
    return word.casefold() if word.isascii() else unicodedata.normalize("NFC", word).casefold()


class CommandIndex(Generic[Target]):
    """Commands by their first word: the cost of a lookup does not grow with their number."""

    def __init__(
        self, names: Iterable[tuple[CommandName, Target]], prefixes: Sequence[str]
    ) -> None:
        # The longest prefix first, so that "!!" is not taken for "!" and a name.
        self._prefixes = tuple(sorted(filter(None, prefixes), key=len, reverse=True))
        self._always_bare = "" in prefixes
        self._names: dict[str, list[tuple[CommandName, Target]]] = {}
        self._literals: dict[str, list[tuple[CommandName, Target]]] = {}
        for name, target in names:
            table = self._literals if name.is_literal else self._names
            table.setdefault(name.words[0], []).append((name, target))

    def __bool__(self) -> bool:
        return bool(self._names or self._literals)

    def calls(
        self, text: str, *, allow_bare: bool = False, mention_end: int = 0
    ) -> list[Call[Target]]:
        """The commands that the text calls, in no order.

        Args:
            allow_bare: names count without a prefix too.
            mention_end: where a mention of the bot at the start of the text ends, else 0.
        """
        start = 0
        if mention_end:
            found = AFTER_MENTION.match(text, mention_end)
            start = found.end() if found else mention_end
            allow_bare = True
        first = WORD.search(text, start)
        if first is None:
            return []
        begin = first.start()
        calls: list[Call[Target]] = []
        if self._literals:
            self._look_up(self._literals, text, begin, begin, True, calls)
        prefix = ""
        for each in self._prefixes:
            if text.startswith(each, begin):
                prefix = each
                self._look_up(self._names, text, begin, begin + len(prefix), True, calls)
                break
        # A name begins with a letter or a digit; so only a prefix that does so may be part of one.
        if (allow_bare or self._always_bare) and (not prefix or prefix[0].isalnum()):
            self._look_up(self._names, text, begin, begin, bool(mention_end), calls)
        return calls

    def _look_up(
        self,
        table: dict[str, list[tuple[CommandName, Target]]],
        text: str,
        start: int,
        at: int,
        has_prefix: bool,
        calls: list[Call[Target]],
    ) -> None:
        """Add the commands of one table whose name stands at a place in the text."""
        # match, not search: a blank between prefix and name makes it no command.
        first = WORD.match(text, at)
        if first is None:
            return
        found = table.get(fold(first.group()))
        if found is None:
            return
        for name, target in found:
            end = first.end()
            for word in name.words[1:] if len(name.words) > 1 else ():
                following = WORD.search(text, end)
                if following is None or fold(following.group()) != word:
                    break
                end = following.end()
            else:
                calls.append(Call(target, text[start:end], end, has_prefix))
