"""A handler as it was registered: what it wants, before it is known which routers surround it."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from signalbot.routing.command_names import CommandName
from signalbot.routing.filter_algebra import AllOf, Filter, FilterLike, as_filter
from signalbot.routing.options import Options
from signalbot.routing.permissions import AccessRule
from signalbot.routing.places import Place, here, place_of
from signalbot.routing.signatures import Parameter, parameters_of

AnyHandler = Callable[..., Any]
HandlerT = TypeVar("HandlerT", bound=AnyHandler)


class Role(enum.Enum):
    """How a handler takes part: the first match of these wins, observers see everything."""

    COMMAND = "command"
    EVENT = "event"
    OBSERVER = "observer"
    UNHANDLED = "unhandled"


@dataclass(frozen=True, slots=True)
class Description:
    """What the help says about a command."""

    summary: str = ""
    details: str = ""
    usage: str | None = None
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a decorator was told: when the handler runs."""

    decorator: str
    role: Role
    kinds: frozenset[str]
    names: tuple[CommandName, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    filter: Filter | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """One function, registered once."""

    fn: AnyHandler
    place: Place
    parameters: tuple[Parameter, ...]
    trigger: Trigger
    options: Options
    rule: AccessRule | None
    description: Description

    @classmethod
    def of(
        cls,
        fn: AnyHandler,
        trigger: Trigger,
        options: Options,
        description: Description | None = None,
    ) -> Registration:
        """Read a handler's signature.

        Raises:
            RegistrationError: if it is none.
        """
        place = checked_place(fn, trigger.decorator)
        return cls(
            fn,
            place,
            parameters_of(fn, place),
            trigger,
            options,
            AccessRule.of(options.allow, options.deny, options.deny_reply, place),
            description or Description(),
        )

    @property
    def name(self) -> str:
        """Module and qualified name: the same after a restart."""
        return name_of(self.fn)


def name_of(fn: AnyHandler) -> str:
    bare = getattr(fn, "func", fn)
    qualified = getattr(bare, "__qualname__", None) or type(bare).__qualname__
    return f"{getattr(bare, '__module__', None) or '?'}.{qualified}"


def checked_place(fn: AnyHandler, decorator: str) -> Place:
    """Where the handler was written.

    Raises:
        RegistrationError: if it is not a function, nor anything that can be called like one.
    """

    if isinstance(fn, type) or not callable(fn):
        raise here().error(f"@{decorator} decorates a function, not {fn!r}")
    return place_of(fn)


def is_async(fn: AnyHandler) -> bool:
    """Whether calling it gives something to await."""
    target = fn if inspect.isroutine(fn) else getattr(fn, "func", type(fn).__call__)
    return inspect.iscoroutinefunction(target) or inspect.isasyncgenfunction(target)


def is_generator(fn: AnyHandler) -> bool:
    """Whether calling it gives something to iterate over."""
    target = fn if inspect.isroutine(fn) else getattr(fn, "func", type(fn).__call__)
    return inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target)


def all_of(filters: tuple[FilterLike, ...]) -> Filter | None:
    """One filter for several that must all match; None for none."""
    made = [as_filter(each) for each in filters]
    if not made:
        return None
    return made[0] if len(made) == 1 else AllOf.of(*made)


def is_bare(arguments: tuple[Any, ...], decorator: str) -> bool:
    """Whether a decorator was used without parentheses.

    Any callable is a filter, so the handler is recognised by its parameter. A lambda cannot be
    decorated: it is a filter.

    Raises:
        RegistrationError: for a single function that looks like neither.
    """
    if len(arguments) != 1:
        return False
    only = arguments[0]
    if not (inspect.isfunction(only) or inspect.ismethod(only)):
        return False
    if getattr(only, "makes_filters", False):
        return False  # the filter's own error says more
    names = inspect.signature(only).parameters
    if "ctx" in names or "event" in names:
        return only.__name__ != "<lambda>"

    raise place_of(only).error(
        f"@{decorator} got {only.__qualname__} alone: a handler has a parameter 'ctx'; "
        f"a filter is passed as filters.where({only.__name__})"
    )
