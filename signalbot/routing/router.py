"""A group of handlers, with what they have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from signalbot.model.events import Message
from signalbot.model.retry import RetryPolicy
from signalbot.routing.answers import answer_reader
from signalbot.routing.class_style import class_registrations, marked_registrations, set_up
from signalbot.routing.command_decorator import CommandOptions, CommandSpec
from signalbot.routing.converters import Converter
from signalbot.routing.event_hooks import EventHooks
from signalbot.routing.filter_algebra import FilterLike
from signalbot.routing.jobs import Job, JobDecorators
from signalbot.routing.limits import Limit
from signalbot.routing.middleware import Middleware, check_callable, checked_middleware
from signalbot.routing.options import INHERIT, Inherit
from signalbot.routing.permissions import Access
from signalbot.routing.places import here
from signalbot.routing.registrar import Registrar, own_converter
from signalbot.routing.registration import HandlerT, is_bare
from signalbot.routing.scope import ErrorHandler
from signalbot.routing.suppose import Supposing
from signalbot.routing.table import RoutingSettings, RoutingTable

if TYPE_CHECKING:
    from typing_extensions import Unpack

ErrorHandlerT = TypeVar("ErrorHandlerT", bound=ErrorHandler)
MiddlewareT = TypeVar("MiddlewareT", bound=Middleware)
Registered = TypeVar("Registered")
Convert = TypeVar("Convert", bound=Callable[..., Any])


class Router(EventHooks, JobDecorators, Supposing):
    """Handlers of one module, to be included in a bot:

        router = Router("orders", filters=filters.private())

        @router.command("order")
        def order(ctx, count: int = 1):
            return f"{count} pizzas are on their way"

        bot.include(router)

    ``filters``, ``allow``, ``deny`` and ``middleware`` count in addition to those of the routers
    around; ``limit``, ``retry`` and ``handler_timeout`` are what its handlers have by default.
    With ``replace=True`` a function takes the place of the one of the same module and name, as
    when a notebook cell runs again.
    """

    is_root: ClassVar[bool] = False
    """Whether nothing can surround it, so that every open question is an error at once."""

    def __init__(
        self,
        name: str | None = None,
        *,
        filters: FilterLike | Iterable[FilterLike] | None = None,
        allow: Access | None = None,
        deny: Access | None = None,
        deny_reply: str | None = None,
        limit: str | Limit | Inherit | None = INHERIT,
        limit_reply: str | None = None,
        retry: RetryPolicy | Inherit | None = INHERIT,
        handler_timeout: float | Inherit | None = INHERIT,
        middleware: Iterable[Middleware] = (),
        replace: bool = False,
    ) -> None:
        self.name = name
        self._registrar = Registrar(
            is_root=self.is_root,
            replace=replace,
            filters=filters,
            allow=allow,
            deny=deny,
            deny_reply=deny_reply,
            limit=limit,
            limit_reply=limit_reply,
            retry=retry,
            timeout=handler_timeout,
        )
        for each in middleware:
            self._registrar.add_middleware(checked_middleware(each))

    # -- handlers --------------------------------------------------------------------------

    @overload
    def command(
        self,
        first: str | re.Pattern[str],
        /,
        *more: str | re.Pattern[str] | FilterLike,
        **options: Unpack[CommandOptions],
    ) -> Callable[[HandlerT], HandlerT]: ...
    @overload
    def command(self, handler: HandlerT, /) -> HandlerT: ...
    @overload
    def command(self, **options: Unpack[CommandOptions]) -> Callable[[HandlerT], HandlerT]: ...
    def command(self, *names: Any, **options: Any) -> Any:
        """Run for messages that call it: ``/ping``, with the arguments of its signature.

        A name needs one of the bot's prefixes, unless it begins with a punctuation character. A
        compiled pattern must match from the beginning; its groups become arguments. More names
        and filters may follow.
        """
        if is_bare(names, "command"):
            self._registrar.add_handler(CommandSpec.of((), options).registration(names[0]))
            return names[0]
        spec = CommandSpec.of(names, options)
        arrived = self._registrar.expect("command")

        def decorate(handler: HandlerT) -> HandlerT:
            arrived()
            self._registrar.add_handler(spec.registration(handler))
            return handler

        return decorate

    def register(
        self,
        handler: Registered,
        *,
        contacts: Access | bool = True,
        groups: Access | bool = True,
    ) -> Registered:
        """Add a function marked with ``@command``, or an object in the style of ``Command``.

        Args:
            contacts: in which direct chats it works: all, none, or those with these people.
            groups: in which groups it works: all, none, or these.

        Raises:
            RegistrationError: if there is nothing to register.
        """
        found = marked_registrations(handler, contacts, groups)
        for registration in found or class_registrations(handler, contacts, groups):
            self._registrar.add_handler(registration)
        set_up(handler, self)
        return handler

    def include(self, router: Router) -> None:
        """Add the handlers of a router, at this point of the order; twice is once.

        Raises:
            RegistrationError: if it contains this router, or its handlers need what nobody has.
        """
        if not isinstance(router, Router):
            raise here().error(f"include() takes a Router, not {router!r}")
        self._registrar.include(router._registrar)

    def replace_handlers(self, other: Router) -> None:
        """Have what another router holds in place of everything registered here.

        A running bot goes on: events that are handled now come to their end, the next ones meet
        the new handlers. If the others hold a mistake, the old ones stay.

        Raises:
            RegistrationError: a parameter of a handler is not filled.
        """
        other.compile()
        self._registrar.take_over(other._registrar)

    # -- around handlers -------------------------------------------------------------------

    @overload
    def middleware(self, function: MiddlewareT, /) -> MiddlewareT: ...
    @overload
    def middleware(self) -> Callable[[MiddlewareT], MiddlewareT]: ...
    def middleware(self, *functions: Any) -> Any:
        """Wrap handlers: ``def audit(ctx, call_next)``; the first one added is outermost."""
        if not functions:
            return self.middleware
        self._registrar.add_middleware(checked_middleware(*functions))
        return functions[0]

    @overload
    def on_error(self, handler: ErrorHandlerT, /) -> ErrorHandlerT: ...
    @overload
    def on_error(
        self, *errors: type[BaseException]
    ) -> Callable[[ErrorHandlerT], ErrorHandlerT]: ...
    def on_error(self, *errors: Any) -> Any:
        """Handle errors of handlers: ``def sorry(ctx, error)``, called inside the ``except``.

        Without a class it takes every ``Exception``. The nearest router is asked first, and
        there the class closest to the error's own wins.
        """
        if len(errors) == 1 and not isinstance(errors[0], type) and callable(errors[0]):
            return self.on_error(Exception)(errors[0])
        kinds: tuple[Any, ...] = errors or (Exception,)
        for kind in kinds:
            if not (isinstance(kind, type) and issubclass(kind, Exception)):
                raise here().error(f"on_error() takes classes of exceptions, not {kind!r}")
        arrived = self._registrar.expect("on_error")

        def decorate(handler: ErrorHandlerT) -> ErrorHandlerT:
            arrived()
            check_callable(handler, 2, "an error handler is written as: def h(ctx, error)")
            for kind in kinds:
                self._registrar.add_error_handler(kind, handler)
            return handler

        return decorate

    def provide(self, **factories: Callable[..., Any]) -> None:
        """Make values for handler parameters of these names, one for each call.

        A factory takes nothing or ``ctx``; if it makes a context manager, the handler runs in it.

        Raises:
            RegistrationError: if a name is taken, or a factory wants something else.
        """
        for name, factory in factories.items():
            self._registrar.add_provider(name, factory)

    def converter(self, *types: Any, expected: str | None = None) -> Callable[[Convert], Convert]:
        """Read arguments of these types: ``def size(text)`` or ``def size(text, ctx)``.

        A ValueError means that the text does not fit; the sender then gets the usage line.

        Args:
            expected: what fits, as the end of "… is not …".
        """
        if not types:
            raise here().error("converter() takes the types that it makes: @bot.converter(Size)")

        def decorate(convert: Convert) -> Convert:
            made: Converter = own_converter(convert, types, expected)
            for each in types:
                self._registrar.add_converter(each, made)
            return convert

        return decorate

    # -- what came of it -------------------------------------------------------------------

    def compile(self, settings: RoutingSettings | None = None) -> RoutingTable:
        """The table to route with; later registrations need a new one (see :attr:`revision`).

        Raises:
            RegistrationError: if a parameter of a handler is still not filled.
        """
        return RoutingTable(self._registrar, settings or RoutingSettings())

    @property
    def jobs(self) -> list[Job]:
        """What runs by the clock, in this router and in the included ones."""
        return self._registrar.jobs()

    def answer_reader(self, kind: Any, ctx: Any) -> Callable[[Message], Any]:
        """How ``ctx.ask(type=kind)`` reads answers, the bot's own converters included."""
        return answer_reader(kind, self._registrar.layer().converters, ctx)

    @property
    def revision(self) -> int:
        """Grows with every change here or in an included router."""
        return self._registrar.revision

    def warnings(self, settings: RoutingSettings | None = None) -> list[str]:
        """What is probably a mistake: handlers that never run, entries that never match."""
        return self.compile(settings).warnings
