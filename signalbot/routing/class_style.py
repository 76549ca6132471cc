"""Commands written as marked functions or as objects, and registered later."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from signalbot.routing import filters
from signalbot.routing.command_decorator import CommandOptions, CommandSpec
from signalbot.routing.event_hooks import EventHooks
from signalbot.routing.filter_algebra import Filter, FilterLike
from signalbot.routing.handler_context import INJECTED
from signalbot.routing.options import Options
from signalbot.routing.permissions import Access, AccessList
from signalbot.routing.places import here
from signalbot.routing.registration import (
    HandlerT,
    Registration,
    Role,
    Trigger,
    all_of,
    is_bare,
)
from signalbot.routing.signatures import as_context

if TYPE_CHECKING:
    from typing_extensions import Unpack

MARK = "__signalbot_commands__"


class Command:
    """A command as an object, for programs that come from PyPI's ``signalbot``:

        class Ping(Command):
            @command("ping")
            def handle(self, ctx):
                return "pong"

        bot.register(Ping())

    Every method marked with ``@command`` is a handler. An unmarked ``handle`` gets all messages
    that no earlier handler took; its parameter may have any name. ``setup`` runs when the object
    is registered; ``bot`` is what it was registered with.
    """

    bot: Any = None

    def setup(self) -> None:
        """Prepare whatever the command needs."""


@overload
def command(
    first: str | re.Pattern[str],
    /,
    *more: str | re.Pattern[str] | FilterLike,
    **options: Unpack[CommandOptions],
) -> Callable[[HandlerT], HandlerT]: ...
@overload
def command(handler: HandlerT, /) -> HandlerT: ...
@overload
def command(**options: Unpack[CommandOptions]) -> Callable[[HandlerT], HandlerT]: ...
def command(*names: Any, **options: Any) -> Any:
    """Mark a function for ``bot.register(function)``; it stays an ordinary function.

    Takes what ``@bot.command`` takes. Marks may be stacked.
    """
    if is_bare(names, "command"):
        return mark(names[0], CommandSpec.of((), options))
    spec = CommandSpec.of(names, options)
    return lambda handler: mark(handler, spec)


def mark(handler: HandlerT, spec: CommandSpec) -> HandlerT:
    """Note a command on a function, and find the mistakes that need no bot."""
    marks = (*getattr(handler, MARK, ()), spec)
    spec.registration(handler)
    setattr(handler, MARK, marks)
    return handler


def marked_registrations(
    candidate: Any, contacts: Access | bool, groups: Access | bool
) -> list[Registration]:
    """The commands that a function, or the methods of an object, are marked with."""
    where = chats(contacts, groups)
    found: list[Registration] = []
    for function in functions_of(candidate):
        # Decorators apply from the inside out: the outermost mark is the last and stands first.
        marks = reversed(getattr(function, MARK, ()))
        found.extend(spec.registration(function, *where) for spec in marks)
    return found


def functions_of(candidate: Any) -> list[Any]:
    """A function itself; of an object the marked methods, in the order of their definition."""
    if isinstance(candidate, type):
        raise here().error(f"register() takes an object: {candidate.__name__}(), not the class")
    if inspect.isroutine(candidate):
        return [candidate]
    names: dict[str, None] = {}
    for cls in reversed(type(candidate).__mro__):
        names.update(dict.fromkeys(name for name in vars(cls) if hasattr(vars(cls)[name], MARK)))
    return [getattr(candidate, name) for name in names]


def class_registrations(
    candidate: Any, contacts: Access | bool, groups: Access | bool
) -> list[Registration]:
    """The unmarked ``handle`` of an object, as a handler for all messages.

    Raises:
        RegistrationError: if there is none.
    """
    handle = getattr(candidate, "handle", None)
    if inspect.isroutine(candidate) or not callable(handle):
        raise here().error(
            "register() takes a function marked with @command(...), or an object with such methods "
            "or with a method handle(ctx)"
        )
    kinds = EventHooks.on_message.kinds
    trigger = Trigger("register", Role.EVENT, kinds, filter=all_of(chats(contacts, groups)))
    registration = Registration.of(handle, trigger, Options())
    first, *others = registration.parameters or (None,)
    if first is None or first.name in INJECTED or any(each.name == "ctx" for each in others):
        return [registration]
    # There it is called `c` or `context`, and a `handle` has no other parameter.
    return [replace(registration, parameters=(as_context(first), *others))]


def set_up(candidate: Any, bot: Any) -> None:
    """Let an object prepare itself, once it is registered."""
    if inspect.isroutine(candidate):
        return
    if isinstance(candidate, Command):
        candidate.bot = bot
    setup = getattr(candidate, "setup", None)
    if callable(setup):
        setup()


def chats(contacts: Access | bool, groups: Access | bool) -> tuple[Filter, ...]:
    """Where a command works, as a filter; none if it works everywhere."""
    if contacts is True and groups is True:
        return ()
    direct = filters.private() & listed(contacts, "contacts")
    in_group = filters.group() & listed(groups, "groups")
    return (direct | in_group,)


def listed(entries: Access | bool, label: str) -> Filter:
    if isinstance(entries, bool):
        return filters.where(lambda _ctx: entries, f"{label}={entries}")
    allowed = AccessList(entries, label, here())
    return filters.where(lambda ctx: allowed.includes(ctx, None), f"{label}=[…]")
