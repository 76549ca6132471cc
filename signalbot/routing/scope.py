"""What the routers around a handler add to it, from the bot inwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from signalbot.model.retry import RetryPolicy
from signalbot.routing.converters import Converter
from signalbot.routing.filter_algebra import AllOf, Filter
from signalbot.routing.limits import Limit
from signalbot.routing.middleware import Middleware
from signalbot.routing.options import INHERIT, Inherit
from signalbot.routing.permissions import AccessRule
from signalbot.routing.providers import Provider

ErrorHandler: TypeAlias = Callable[[Any, Any], Any]
"""``def handle(ctx, error)``: called inside the ``except``; its result is sent like a handler's."""


@dataclass(frozen=True)
class Layer:
    """What one router adds."""

    filter: Filter | None = None
    rule: AccessRule | None = None
    limit: Limit | None | Inherit = INHERIT
    limit_reply: str | None = None
    deny_reply: str | None = None
    retry: RetryPolicy | None | Inherit = INHERIT
    timeout: float | None | Inherit = INHERIT
    middlewares: tuple[Middleware, ...] = ()
    error_handlers: Mapping[type[Exception], ErrorHandler] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    converters: Mapping[Any, Converter] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """The sum of the layers around a handler; the innermost has the last word."""

    filter: Filter | None = None
    rules: tuple[AccessRule, ...] = ()
    limit: Limit | None | Inherit = INHERIT
    limit_reply: str | None = None
    deny_reply: str | None = None
    retry: RetryPolicy | None | Inherit = INHERIT
    timeout: float | None | Inherit = INHERIT
    middlewares: tuple[Middleware, ...] = ()
    error_handlers: tuple[Mapping[type[Exception], ErrorHandler], ...] = ()
    """Innermost first: that is the order in which they are asked."""
    providers: Mapping[str, Provider] = field(default_factory=dict)
    converters: Mapping[Any, Converter] = field(default_factory=dict)

    def inside(self, layer: Layer) -> Scope:
        """The scope one router further in."""
        deny_reply = layer.deny_reply or self.deny_reply
        rule = layer.rule
        if rule is not None and rule.reply is None:
            rule = replace(rule, reply=deny_reply)
        return Scope(
            filter=both(self.filter, layer.filter),
            rules=self.rules if rule is None else (*self.rules, rule),
            limit=self.limit if layer.limit is INHERIT else layer.limit,
            limit_reply=layer.limit_reply or self.limit_reply,
            deny_reply=deny_reply,
            retry=self.retry if layer.retry is INHERIT else layer.retry,
            timeout=self.timeout if layer.timeout is INHERIT else layer.timeout,
            middlewares=(*self.middlewares, *layer.middlewares),
            error_handlers=(layer.error_handlers, *self.error_handlers)
            if layer.error_handlers
            else self.error_handlers,
            providers={**self.providers, **layer.providers},
            converters={**self.converters, **layer.converters},
        )


def both(outer: Filter | None, inner: Filter | None) -> Filter | None:
    if outer is None or inner is None:
        return inner if outer is None else outer
    return AllOf.of(outer, inner)


def closest(
    handlers: Mapping[type[Exception], ErrorHandler], error: BaseException
) -> ErrorHandler | None:
    """The handler for the most specific class of the error."""
    for kind in type(error).__mro__:
        if kind in handlers:
            return handlers[kind]
    return None
