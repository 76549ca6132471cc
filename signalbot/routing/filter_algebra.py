"""Filters as values: they combine with ``& | ~`` and say why they did or did not match."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from signalbot.routing.handler_context import Predicate
from signalbot.routing.places import here

FilterLike: TypeAlias = "Filter | Predicate"


class Filter:
    """A question about an event, asked as ``filter(ctx)``.

    Attributes:
        test: the plain function behind it; dispatch calls it without a detour.
        groups: names that a match can fill in as handler arguments.
        has_pattern: whether a match object stands behind a match.
    """

    __slots__ = ("_detail", "_find", "_label", "groups", "has_pattern", "test")

    def __init__(
        self,
        test: Predicate,
        label: str,
        *,
        detail: Callable[[Any], str] | None = None,
        find: Callable[[Any], re.Match[str] | None] | None = None,
        groups: frozenset[str] = frozenset(),
    ) -> None:
        self.test = test
        self.groups = groups
        self._label = label
        self._detail = detail
        self._find = find
        self.has_pattern = find is not None

    def __call__(self, ctx: Any) -> bool:
        return bool(self.test(ctx))

    def __repr__(self) -> str:
        return self._label

    def __and__(self, other: FilterLike) -> Filter:
        return AllOf.of(self, as_filter(other))

    def __rand__(self, other: FilterLike) -> Filter:
        return AllOf.of(as_filter(other), self)

    def __or__(self, other: FilterLike) -> Filter:
        return AnyOf.of(self, as_filter(other))

    def __ror__(self, other: FilterLike) -> Filter:
        return AnyOf.of(as_filter(other), self)

    def __invert__(self) -> Filter:
        return NoneOf(self)

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r}: combine filters with & | ~, not with and, or, not")

    def explain(self, ctx: Any) -> str:
        """In words, whether it matches and what decided it."""
        answer = "yes" if self(ctx) else "no"
        detail = self._detail(ctx) if self._detail else ""
        return f"{self!r}: {answer}" + (f", {detail}" if detail else "")

    def find(self, ctx: Any) -> re.Match[str] | None:
        """The match object behind a filter that has matched, if it works by pattern."""
        return self._find(ctx) if self._find else None

    def captures(self, ctx: Any) -> dict[str, str | None]:
        """The named groups of a filter that has matched."""
        found = self.find(ctx)
        return found.groupdict() if found else {}


class AllOf(Filter):
    """``a & b``: every part must match; asked from left to right, up to the first no."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Filter, ...]) -> None:
        tests = tuple(part.test for part in parts)
        super().__init__(
            both(*tests) if len(tests) == 2 else lambda ctx: all(test(ctx) for test in tests),
            " & ".join(f"({part!r})" if isinstance(part, AnyOf) else repr(part) for part in parts),
            groups=frozenset().union(*(part.groups for part in parts)),
        )
        self.parts = parts
        self.has_pattern = any(part.has_pattern for part in parts)

    @classmethod
    def of(cls, *operands: Filter) -> AllOf:
        return cls(flattened(operands, cls))

    def explain(self, ctx: Any) -> str:
        failed = next((part for part in self.parts if not part(ctx)), None)
        if failed is not None:
            return failed.explain(ctx)
        return "; ".join(part.explain(ctx) for part in self.parts)

    def find(self, ctx: Any) -> re.Match[str] | None:
        return next((found for part in self.parts if (found := part.find(ctx))), None)

    def captures(self, ctx: Any) -> dict[str, str | None]:
        captured: dict[str, str | None] = {}
        for part in reversed(self.parts):  # the leftmost has the last word
            captured.update(part.captures(ctx))
        return captured


class AnyOf(Filter):
    """``a | b``: the first part that matches decides, and its groups count."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Filter, ...]) -> None:
        tests = tuple(part.test for part in parts)
        super().__init__(
            either(*tests) if len(tests) == 2 else lambda ctx: any(test(ctx) for test in tests),
            " | ".join(f"({part!r})" if isinstance(part, AllOf) else repr(part) for part in parts),
            groups=frozenset().union(*(part.groups for part in parts)),
        )
        self.parts = parts
        self.has_pattern = any(part.has_pattern for part in parts)

    @classmethod
    def of(cls, *operands: Filter) -> AnyOf:
        return cls(flattened(operands, cls))

    def explain(self, ctx: Any) -> str:
        matched = self._first(ctx)
        if matched is not None:
            return matched.explain(ctx)
        return "; ".join(part.explain(ctx) for part in self.parts)

    def find(self, ctx: Any) -> re.Match[str] | None:
        matched = self._first(ctx)
        return matched.find(ctx) if matched is not None else None

    def captures(self, ctx: Any) -> dict[str, str | None]:
        matched = self._first(ctx)
        return matched.captures(ctx) if matched is not None else {}

    def _first(self, ctx: Any) -> Filter | None:
        return next((part for part in self.parts if part(ctx)), None)


class NoneOf(Filter):
    """``~a``: matches where the part does not; it has no groups to give."""

    __slots__ = ("part",)

    def __init__(self, part: Filter) -> None:
        test = part.test
        is_compound = isinstance(part, AllOf | AnyOf)
        super().__init__(lambda ctx: not test(ctx), f"~({part!r})" if is_compound else f"~{part!r}")
        self.part = part

    def explain(self, ctx: Any) -> str:
        return f"{self!r}: {'yes' if self(ctx) else 'no'}, as {self.part.explain(ctx)}"

    def __invert__(self) -> Filter:
        return self.part


def flattened(operands: tuple[Filter, ...], kind: type[AllOf] | type[AnyOf]) -> tuple[Filter, ...]:
    """``(a & b) & c`` as one row of three: shallow to ask, plain to read."""
    parts: list[Filter] = []
    for operand in operands:
        parts.extend(operand.parts if isinstance(operand, kind) else (operand,))
    return tuple(parts)


def both(left: Predicate, right: Predicate) -> Predicate:
    # Two parts are the common case, and a generator would cost more than the questions.
    return lambda ctx: left(ctx) and right(ctx)


def either(left: Predicate, right: Predicate) -> Predicate:
    return lambda ctx: left(ctx) or right(ctx)


def as_filter(candidate: FilterLike) -> Filter:
    """Take a filter as it is, and any callable of one argument as a filter.

    Raises:
        RegistrationError: if it cannot answer yes or no to one context, at once.
    """
    if isinstance(candidate, Filter):
        return candidate
    problem = why_not_a_filter(candidate)
    if problem:
        raise here().error(f"{label_of(candidate)} is not a filter: {problem}")
    return Filter(candidate, label_of(candidate))


def why_not_a_filter(candidate: Any) -> str | None:
    """The reason in words, or None if it may be asked with a context."""
    if isinstance(candidate, str):
        return f"write filters.text({candidate!r}), or filters.regex(...)"
    if isinstance(candidate, re.Pattern):
        return "write filters.regex(...)"
    if not callable(candidate):
        return "it must be callable"
    if isinstance(candidate, type):
        return "it is a class; filters.kind(...) asks for a kind of event"
    if getattr(candidate, "makes_filters", False):
        name = getattr(candidate, "__name__", "it")
        return f"it makes filters; call it: filters.{name}(...)"
    target = candidate if inspect.isroutine(candidate) else type(candidate).__call__
    if inspect.iscoroutinefunction(target) or inspect.isasyncgenfunction(target):
        return "it is async; a filter answers at once, in plain code"
    if inspect.isgeneratorfunction(target):
        return "it is a generator; a filter returns True or False"
    try:
        inspect.signature(candidate).bind(None)
    except TypeError:
        return "it must take exactly one argument, the context"
    except ValueError:
        return None  # some builtins have no signature to look at
    return None


def label_of(candidate: object) -> str:
    name = getattr(candidate, "__qualname__", None) or repr(candidate)
    return str(name).rpartition("<locals>.")[2]
