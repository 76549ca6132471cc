"""Values that a bot makes for its handlers, one for each call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from signalbot.routing.handler_context import INJECTED
from signalbot.routing.places import Place


class Provider:
    """A factory that answers to a parameter name.

    If it returns a context manager, or is a generator, the handler runs inside: it gets what is
    entered, and afterwards it is left, with the handler's exception if there was one.
    """

    __slots__ = ("_make", "_takes_context", "name")

    def __init__(self, name: str, factory: Callable[..., Any], place: Place) -> None:
        if name in INJECTED:
            raise place.error(f"{name!r} is provided already: it is an attribute of the context")
        if not callable(factory):
            raise place.error(f"provide({name}=…) takes a factory; write {name}=lambda: value")
        if inspect.iscoroutinefunction(factory) or inspect.isasyncgenfunction(factory):
            raise place.error(f"the factory of {name!r} is async; it must be plain code")
        self.name = name
        self._takes_context = takes_context(factory, name, place)
        is_generator = inspect.isgeneratorfunction(factory)
        self._make: Callable[..., Any] = contextmanager(factory) if is_generator else factory

    def open(self, ctx: Any, resources: ExitStack) -> Any:
        """A value for one call; what has to be closed goes onto the stack."""
        made = self._make(ctx) if self._takes_context else self._make()
        if isinstance(made, AbstractContextManager):
            return resources.enter_context(made)
        return made


def takes_context(factory: Callable[..., Any], name: str, place: Place) -> bool:
    """Whether the factory wants the context, or nothing.

    Raises:
        RegistrationError: if it wants more.
    """
    try:
        signature = inspect.signature(factory)
    except ValueError:  # some builtins have none
        return False
    required = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if not required:
        return "ctx" in signature.parameters
    if len(required) == 1 and required[0].kind is not inspect.Parameter.KEYWORD_ONLY:
        return True
    raise place.error(f"the factory of {name!r} must take no argument, or only the context")
