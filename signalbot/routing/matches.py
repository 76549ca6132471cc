"""A handler that fits an event, ready to be called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from signalbot.routing.command_names import Call
from signalbot.routing.handlers import Handler
from signalbot.routing.usage import UsageError
from signalbot.routing.words import UnbalancedQuote, Word, mention_spans, split_words

NO_VALUES: Mapping[str, Any] = {}


class Match:
    """One handler for one event.

    Attributes:
        handler: whose function it is, and how it is to be run.
    """

    __slots__ = ("_arguments", "handler")

    def __init__(self, handler: Handler, arguments: Arguments | None = None) -> None:
        self.handler = handler
        self._arguments = arguments

    def call(self, ctx: Any) -> Any:
        """Call the handler and return what it returns: a value, a generator, or a coroutine.

        Raises:
            UsageError: if a command's arguments do not fit.
        """
        try:
            return self.handler.plan.call(ctx, self.values(ctx))
        except UsageError as error:
            if not error.usage and self.handler.is_command and self._arguments is not None:
                error.usage = self.handler.usage(self._arguments.called)
            raise

    def values(self, ctx: Any) -> Mapping[str, Any]:
        """The arguments from the message, by name.

        Raises:
            UsageError: if they do not fit.
        """
        if self._arguments is None or not self.handler.plan.grammar.slots:
            return NO_VALUES
        return self._arguments.read(self.handler, ctx)

    def announce(self, ctx: Any) -> None:
        """Tell the context what was found: ``ctx.args`` and ``ctx.match``."""
        if self._arguments is None:
            ctx.args, ctx.match = (), None
        else:
            ctx.args, ctx.match = self._arguments.words(ctx), self._arguments.found

    def __repr__(self) -> str:
        return f"<Match {self.handler!r}>"


class Arguments:
    """Where a match gets the arguments of its handler from.

    Attributes:
        called: the command as it was written; "" for handlers that are no commands.
        found: what a regular expression found.
    """

    __slots__ = ("called", "found")

    def __init__(self, called: str = "", found: re.Match[str] | None = None) -> None:
        self.called = called
        self.found = found

    def words(self, ctx: Any) -> tuple[str | None, ...]:
        """What ``ctx.args`` holds."""
        raise NotImplementedError

    def read(self, handler: Handler, ctx: Any) -> Mapping[str, Any]:
        """The arguments by name.

        Raises:
            UsageError: if they do not fit.
        """
        raise NotImplementedError


class WordArguments(Arguments):
    """The words after a command's name."""

    __slots__ = ("_problem", "_split", "_start")

    def __init__(self, call: Call[Any]) -> None:
        self.called = call.called
        self.found = None
        self._start = call.arguments_at
        self._split: list[Word] | None = None
        self._problem = ""

    def words(self, ctx: Any) -> tuple[str, ...]:
        return tuple([word.text for word in self._words(ctx)])

    def read(self, handler: Handler, ctx: Any) -> Mapping[str, Any]:
        words = self._words(ctx)
        if self._problem:
            raise UsageError(self._problem)
        return handler.plan.grammar.read(words, ctx.text, ctx)

    def _words(self, ctx: Any) -> list[Word]:
        """Split once; without the closing quote the words are as good as they get."""
        if self._split is None:
            text, start = ctx.text, self._start
            if start == len(text):
                self._split = []
                return self._split
            mentions = ctx.event.mentions
            try:
                spans = mention_spans(text, mentions) if mentions else None
                self._split = split_words(text, start, spans)
            except UnbalancedQuote as error:
                self._problem = str(error)
                self._split = [Word(word) for word in text[start:].split()]
        return self._split


class PatternArguments(Arguments):
    """The groups of a command's pattern."""

    __slots__ = ("_groups", "_index")

    def __init__(self, found: re.Match[str], index: int) -> None:
        super().__init__(found.group(), found)
        self._groups = found
        self._index = index

    def words(self, ctx: Any) -> tuple[str | None, ...]:
        return self._groups.groups()

    def read(self, handler: Handler, ctx: Any) -> Mapping[str, Any]:
        _, groups = handler.patterns[self._index]
        return groups.read(self._groups, handler.plan.grammar, ctx)


class FilterArguments(Arguments):
    """The named groups of a filter, read before the match is offered."""

    __slots__ = ("_values",)

    def __init__(self, found: re.Match[str] | None, values: Mapping[str, Any]) -> None:
        super().__init__(found=found)
        self._values = values

    def words(self, ctx: Any) -> tuple[str | None, ...]:
        return self.found.groups() if self.found else ()

    def read(self, handler: Handler, ctx: Any) -> Mapping[str, Any]:
        return self._values
