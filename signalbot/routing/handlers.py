"""A handler in its place: with everything that the routers around it add."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from signalbot.model.retry import RetryPolicy
from signalbot.routing.call_plan import CallPlan
from signalbot.routing.captures import GroupMap
from signalbot.routing.command_names import CommandName
from signalbot.routing.filter_algebra import Filter
from signalbot.routing.limits import Limit
from signalbot.routing.middleware import Middleware
from signalbot.routing.options import Inherit, Order
from signalbot.routing.permissions import AccessList, Permission
from signalbot.routing.places import Place
from signalbot.routing.registration import (
    Description,
    Registration,
    Role,
    is_async,
    is_generator,
)
from signalbot.routing.scope import ErrorHandler, Layer, Scope, both, closest


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Handler:
    """What the runtime needs to know to run a handler.

    ``limit``, ``retry`` and ``timeout`` are ``INHERIT`` where no router says anything: then the
    settings count.
    """

    name: str
    """Module and qualified name: the same after a restart, so it may be stored."""
    fn: Callable[..., Any]
    place: Place
    decorator: str
    role: Role
    kinds: frozenset[str]
    names: tuple[CommandName, ...]
    patterns: tuple[tuple[re.Pattern[str], GroupMap], ...]
    filter: Filter | None
    plan: CallPlan
    permission: Permission
    limit: Limit | None | Inherit
    limit_reply: str | None
    retry: RetryPolicy | None | Inherit
    timeout: float | None | Inherit
    priority: int
    own: bool
    order: Order
    durable: bool
    middlewares: tuple[Middleware, ...]
    error_handlers: tuple[Mapping[type[Exception], ErrorHandler], ...]
    description: Description
    is_async: bool
    is_generator: bool

    @classmethod
    def of(
        cls, registration: Registration, scope: Scope, admins: AccessList | None = None
    ) -> Handler:
        """Put a registered handler into the scope of its routers.

        Raises:
            RegistrationError: if a parameter cannot be filled there.
        """
        trigger, options = registration.trigger, registration.options
        inner = scope.inside(
            Layer(
                filter=trigger.filter,
                rule=registration.rule,
                limit=options.limit,
                limit_reply=options.limit_reply,
                deny_reply=options.deny_reply,
                retry=options.retry,
                timeout=options.timeout,
            )
        )
        plan = plan_of(registration, scope)
        return cls(
            name=registration.name,
            fn=registration.fn,
            place=registration.place,
            decorator=trigger.decorator,
            role=trigger.role,
            kinds=trigger.kinds,
            names=trigger.names,
            patterns=tuple(
                (pattern, GroupMap.of(pattern, plan.grammar, registration.place))
                for pattern in trigger.patterns
            ),
            filter=inner.filter,
            plan=plan,
            permission=Permission(inner.rules, admins),
            limit=inner.limit,
            limit_reply=inner.limit_reply,
            retry=inner.retry,
            timeout=inner.timeout,
            priority=options.priority,
            own=options.own,
            order=options.order,
            durable=options.durable,
            middlewares=inner.middlewares,
            error_handlers=inner.error_handlers,
            description=registration.description,
            is_async=is_async(registration.fn),
            is_generator=is_generator(registration.fn),
        )

    @property
    def is_command(self) -> bool:
        return self.role is Role.COMMAND

    def error_handler(self, error: BaseException) -> ErrorHandler | None:
        """Who handles its errors: the nearest router is asked first."""
        found = (closest(handlers, error) for handlers in self.error_handlers)
        return next((each for each in found if each is not None), None)

    def usage(self, called: str) -> str:
        """The usage line, for the name under which it was called."""
        return self.description.usage or self.plan.grammar.usage(called)

    def __repr__(self) -> str:
        return f"<Handler {self.name} {self.decorator} at {self.place}>"


def plan_of(registration: Registration, scope: Scope) -> CallPlan:
    """How the handler is called inside these routers.

    Raises:
        RegistrationError: if a parameter cannot be filled.
        OpenQuestion: if a router further out may still fill it.
    """
    wanted = both(scope.filter, registration.trigger.filter)
    plan = CallPlan(
        registration.fn,
        registration.parameters,
        registration.place,
        providers=scope.providers,
        converters=scope.converters,
        is_command=registration.trigger.role is Role.COMMAND,
        groups=frozenset() if wanted is None else wanted.groups,
    )
    for pattern in registration.trigger.patterns:
        GroupMap.of(pattern, plan.grammar, registration.place)
    return plan
