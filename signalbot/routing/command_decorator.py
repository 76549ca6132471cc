"""What ``@command(...)`` was told, the same for bots, routers and plain functions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from signalbot.model.similar import similar
from signalbot.routing.command_names import CommandName
from signalbot.routing.event_kinds import COMMAND_KINDS
from signalbot.routing.filter_algebra import FilterLike
from signalbot.routing.filter_parts import compiled_pattern
from signalbot.routing.options import HandlerOptions, Options
from signalbot.routing.places import Place, here
from signalbot.routing.registration import (
    AnyHandler,
    Description,
    Registration,
    Role,
    Trigger,
    all_of,
    checked_place,
)

DESCRIBING = ("aliases", "help", "hidden", "usage")


class CommandOptions(HandlerOptions, total=False):
    """Keywords of ``@command``, beside those of every handler.

    Attributes:
        aliases: more names.
        help: the line in the help; by default the docstring's first.
        hidden: leave it out of the help.
        usage: the usage line, if the signature's own is not good enough.
    """

    aliases: Iterable[str | re.Pattern[str]]
    help: str | None
    hidden: bool
    usage: str | None


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One use of the decorator, checked; it makes a registration of each function."""

    names: tuple[CommandName, ...]
    patterns: tuple[re.Pattern[str], ...]
    filters: tuple[FilterLike, ...]
    options: dict[str, Any]
    describing: dict[str, Any]
    place: Place

    @classmethod
    def of(cls, arguments: tuple[Any, ...], options: dict[str, Any]) -> CommandSpec:
        """Sort what the decorator got: names, patterns, filters, options.

        Raises:
            RegistrationError: for anything else.
        """
        place = here()
        aliases = options.get("aliases", ())
        if isinstance(aliases, str | re.Pattern):
            aliases = (aliases,)
        names: dict[CommandName, None] = {}
        patterns: list[re.Pattern[str]] = []
        filters: list[Any] = []
        for each in (*arguments, *aliases):
            if isinstance(each, str):
                names[CommandName.parse(each, place)] = None
            elif isinstance(each, re.Pattern):
                patterns.append(compiled_pattern(each))
            elif callable(each):
                filters.append(each)
            else:
                raise place.error(f"a command's name is text or a compiled pattern, not {each!r}")
        all_of(tuple(filters))
        plain = {key: value for key, value in options.items() if key not in DESCRIBING}
        check_options(plain, place)
        return cls(
            tuple(names),
            tuple(patterns),
            tuple(filters),
            plain,
            {key: options[key] for key in DESCRIBING[1:] if key in options},
            place,
        )

    def registration(self, fn: AnyHandler, *more: FilterLike) -> Registration:
        """Register a function; without any name it is called like the function."""
        place = checked_place(fn, "command")
        names = self.names
        if not names and not self.patterns:
            names = (CommandName.parse(default_name(fn, place), place),)
        trigger = Trigger(
            "command",
            Role.COMMAND,
            COMMAND_KINDS,
            names,
            self.patterns,
            all_of((*self.filters, *more)),
        )
        options = Options.of(self.options, self.place)
        return Registration.of(fn, trigger, options, describe(fn, **self.describing))


def check_options(options: dict[str, Any], place: Place) -> None:
    known = [*HandlerOptions.__annotations__, *DESCRIBING]
    for name in options:
        if name not in known:
            near = similar(name, known)
            hint = f" Did you mean {near!r}?" if near else ""
            raise place.error(f"@command has no option {name!r}.{hint}")
    Options.of(options, place)


def default_name(fn: AnyHandler, place: Place) -> str:
    name = getattr(fn, "__name__", "").strip("_")
    if not name.isidentifier():
        raise place.error("a command without a name is called like its function; this one has none")
    return name


def describe(
    fn: AnyHandler, help: str | None = None, hidden: bool = False, usage: str | None = None
) -> Description:
    """What the help says: given, else taken from the docstring."""
    text = help if help is not None else inspect.getdoc(fn) or ""
    summary, _, details = text.strip().partition("\n")
    return Description(summary.strip(), details.strip(), usage, hidden)
