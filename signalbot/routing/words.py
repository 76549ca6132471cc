"""Splitting what follows a command into words, with quotes as in a shell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from signalbot.model.people import User

Spans: TypeAlias = "dict[int, tuple[int, User]]"

WORD = re.compile(r"\S+")
SPECIAL = re.compile("[\"'\\\\“”„«»‘‚]")

CLOSERS = {
    '"': '"',
    "'": "'",
    "“": "”“",
    "”": "”",
    "„": "“”",
    "«": "»",
    "»": "«",
    "‘": "’‘",
    "‚": "‘’",
}
"""Opening quotes and what may close them, as phones and languages write them.

``’`` opens nothing: it is the apostrophe that phones put into ``’tis``."""

APOSTROPHES = "'’‘"
ESCAPABLE = "\"'\\“”„«»‘’‚"


class UnbalancedQuote(ValueError):
    """A quotation mark was opened and never closed."""


@dataclass(slots=True)
class Word:
    """One argument as written: where it stood, and the person if it is a mention.

    Not frozen, like ``Call``: a frozen one takes three times as long to make, for every message.
    """

    text: str
    start: int = 0
    is_quoted: bool = False
    user: User | None = None


def split_words(text: str, start: int = 0, spans: Spans | None = None) -> list[Word]:
    """The words of ``text`` from ``start`` on.

    A quote opens at the beginning of a word or after the ``=`` of a flag, so that ``don't``
    is a word; a mention is one word, whatever its text.

    Raises:
        UnbalancedQuote: if a quote is not closed.
    """
    if not spans and not SPECIAL.search(text, start):
        return [Word(found.group(), found.start()) for found in WORD.finditer(text, start)]
    return list(Splitter(text, start, spans or {}))


class Splitter:
    """One pass over a text; each step reads one word."""

    def __init__(self, text: str, at: int, spans: Spans) -> None:
        self._text = text
        self._at = at
        self._spans = spans

    def __iter__(self) -> Splitter:
        return self

    def __next__(self) -> Word:
        text = self._text
        while self._at < len(text) and text[self._at].isspace():
            self._at += 1
        if self._at >= len(text):
            raise StopIteration
        start = self._at
        if start in self._spans:
            self._at, user = self._spans[start]
            return Word(text[start : self._at], start, user=user)
        return self._plain(start)

    def _plain(self, start: int) -> Word:
        text = self._text
        letters: list[str] = []
        may_open, is_quoted = True, False
        while self._at < len(text) and self._at not in self._spans:
            letter = text[self._at]
            if letter.isspace():
                break
            if may_open and letter in CLOSERS:
                is_quoted = is_quoted or self._at == start
                letters.append(self._quoted(letter))
                continue
            following = text[self._at + 1 : self._at + 2]
            if letter == "\\" and following and (following in ESCAPABLE or following.isspace()):
                letter = following
                self._at += 1
            letters.append(letter)
            self._at += 1
            may_open = letter == "=" and is_flag(text[start : self._at])
        return Word("".join(letters), start, is_quoted)

    def _quoted(self, opener: str) -> str:
        text, closers = self._text, CLOSERS[opener]
        letters: list[str] = []
        at = self._at + 1
        while at < len(text):
            letter = text[at]
            if letter in closers and self._closes(letter, at):
                self._at = at + 1
                return "".join(letters)
            following = text[at + 1 : at + 2]
            if letter == "\\" and following and (following in closers or following == "\\"):
                letter = following
                at += 1
            letters.append(letter)
            at += 1
        raise UnbalancedQuote(f"The quote {opener} is not closed.")

    def _closes(self, letter: str, at: int) -> bool:
        # 'I don't know': an apostrophe inside a word ends no quotation.
        following = self._text[at + 1 : at + 2]
        return letter not in APOSTROPHES or not following.isalnum()


def is_flag(text: str) -> bool:
    """Whether it begins like ``--name``; phones turn the two hyphens into one dash."""
    return (text[:2] == "--" and text[2:3].isalpha()) or (text[:1] in "—–" and text[1:2].isalpha())


def mention_spans(text: str, mentions: Iterable[Any]) -> Spans:
    """Where mentions stand in a text, in Python's indexes; impossible ones are left out."""
    index_of = utf16_indexes(text)
    spans: Spans = {}
    for mention in mentions:
        if mention.start is None or mention.length is None:
            continue
        end = mention.start + mention.length
        if 0 <= mention.start < end < len(index_of):
            first, last = index_of[mention.start], index_of[end]
            if first is not None and last is not None:
                spans[first] = (last, mention.user)
    return spans


def utf16_indexes(text: str) -> Sequence[int | None]:
    """For each UTF-16 offset the index in ``text``; None in the middle of a surrogate pair."""
    if not text or max(text) <= "\uffff":
        return range(len(text) + 1)
    indexes: list[int | None] = []
    for index, letter in enumerate(text):
        indexes.append(index)
        if letter > "\uffff":
            indexes.append(None)
    indexes.append(len(text))
    return indexes
