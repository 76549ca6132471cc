"""The onion around a handler."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

from signalbot.routing.places import Place, here, place_of

Result = TypeVar("Result")

Middleware: TypeAlias = Callable[[Any, Callable[[], Any]], Any]
"""``def audit(ctx, call_next)``: runs around handlers, in their thread; calls ``call_next()``."""


def compose(middlewares: Sequence[Middleware], ctx: Any, endpoint: Callable[[], Result]) -> Result:
    """Run the endpoint inside its middlewares, the first of them outermost."""
    call: Callable[[], Any] = endpoint
    for middleware in reversed(middlewares):
        call = partial(middleware, ctx, call)
    result: Result = call()
    return result


def checked_middleware(middleware: Middleware, place: Place | None = None) -> Middleware:
    """The middleware, if it can be one.

    Raises:
        RegistrationError: if it is async, a generator, or takes other arguments.
    """
    check_callable(middleware, 2, "a middleware is written as: def mw(ctx, call_next)", place)
    return middleware


def check_callable(candidate: Any, arguments: int, hint: str, place: Place | None = None) -> None:
    """Refuse what is not a plain function of so many positional arguments."""
    if not callable(candidate):
        raise (place or here()).error(f"{candidate!r} is not callable; {hint}")
    place = place or place_of(candidate)
    if inspect.iscoroutinefunction(candidate) or inspect.isasyncgenfunction(candidate):
        raise place.error(f"{hint}, without async: it runs in the handler's thread")
    if inspect.isgeneratorfunction(candidate):
        raise place.error(f"{hint}, without yield")
    try:
        inspect.signature(candidate).bind(*([None] * arguments))
    except TypeError as error:
        raise place.error(f"{hint} ({error})") from None
    except ValueError:
        return  # some builtins have no signature to look at
