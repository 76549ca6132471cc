"""The book behind a router: what was registered, in which order."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from signalbot.routing.call_plan import OpenQuestion
from signalbot.routing.converters import Converter
from signalbot.routing.filter_algebra import FilterLike
from signalbot.routing.handlers import plan_of
from signalbot.routing.jobs import Job
from signalbot.routing.middleware import Middleware, check_callable
from signalbot.routing.options import checked_limit, checked_retry, checked_timeout
from signalbot.routing.permissions import Access, AccessRule
from signalbot.routing.places import Place, here, place_of
from signalbot.routing.providers import Provider
from signalbot.routing.registration import AnyHandler, Registration, all_of, name_of
from signalbot.routing.scope import ErrorHandler, Layer, Scope
from signalbot.routing.words import Word

UNNAMED = ("_", "<lambda>")
"""Names that say nothing about which function is meant, so they replace none."""


class Registrar:
    """What one router holds; routers that include it hold it too.

    Not guarded by a lock: handlers are registered by the thread that builds the bot, and
    running bots work on compiled tables.
    """

    def __init__(
        self,
        *,
        is_root: bool,
        replace: bool,
        filters: FilterLike | Iterable[FilterLike] | None,
        allow: Access | None,
        deny: Access | None,
        deny_reply: str | None,
        limit: Any,
        limit_reply: str | None,
        retry: Any,
        timeout: Any,
    ) -> None:
        place = here()
        checked_retry(retry, place)
        checked_timeout(timeout, place)
        if filters is None:
            filters = ()
        elif callable(filters):
            filters = (filters,)
        self.revision = 0
        self._is_root = is_root
        self._replace = replace
        self._settings: dict[str, Any] = {
            "filter": all_of(tuple(filters)),
            "rule": AccessRule.of(allow, deny, deny_reply, place),
            "limit": checked_limit(limit, place),
            "limit_reply": limit_reply,
            "deny_reply": deny_reply,
            "retry": retry,
            "timeout": timeout,
        }
        self._entries: list[Registration | Registrar] = []
        self._jobs: list[Job] = []
        self._middlewares: list[Middleware] = []
        self._error_handlers: dict[type[Exception], ErrorHandler] = {}
        self._providers: dict[str, Provider] = {}
        self._converters: dict[Any, Converter] = {}
        self._expected: dict[object, tuple[str, Place]] = {}
        self._outer: weakref.WeakSet[Registrar] = weakref.WeakSet()

    # -- adding ----------------------------------------------------------------------------

    def add_handler(self, registration: Registration) -> None:
        """Take a handler, after a look at its parameters from every bot that includes us.

        Raises:
            RegistrationError: if a parameter cannot be filled.
        """
        for scope, is_final in self._scopes():
            check(registration, scope, is_final)
        position = self._drop_older(registration.fn)
        if position is None:
            self._entries.append(registration)
        else:
            self._entries.insert(position, registration)
        self._changed()

    def include(self, inner: Registrar) -> None:
        """Take all handlers of another router.

        Raises:
            RegistrationError: if it contains us, or a parameter cannot be filled.
        """
        if inner in self._entries:
            return
        if inner is self or self in inner.contained():
            raise here().error("a router cannot include itself")
        for outer, is_final in self._scopes():
            for registration, scope in inner.walk(outer):
                check(registration, scope, is_final)
        self._entries.append(inner)
        inner._outer.add(self)
        self._changed()

    def take_over(self, other: Registrar) -> None:
        """Hold what the other holds, instead of all that is held now."""
        for entry in self._entries:
            if isinstance(entry, Registrar):
                entry._outer.discard(self)
        for entry in other._entries:
            if isinstance(entry, Registrar):
                entry._outer.add(self)
        # Tables are made anew when the revision changes, so what comes before that is not seen.
        self._settings = dict(other._settings)
        self._entries = list(other._entries)
        self._jobs = list(other._jobs)
        self._middlewares = list(other._middlewares)
        self._error_handlers = dict(other._error_handlers)
        self._providers = dict(other._providers)
        self._converters = dict(other._converters)
        self._expected = dict(other._expected)
        self._changed()

    def add_middleware(self, middleware: Middleware) -> None:
        older = self._older(middleware, self._middlewares)
        if older is None:
            self._middlewares.append(middleware)
        else:
            self._middlewares[self._middlewares.index(older)] = middleware
        self._changed()

    def add_error_handler(self, kind: type[Exception], handler: ErrorHandler) -> None:
        """Take a handler for errors; a second one for the same class is a mistake.

        Raises:
            RegistrationError: if the class has one.
        """
        known = self._error_handlers.get(kind)
        if known is not None and self._older(handler, [known]) is None and known is not handler:
            raise place_of(handler).error(
                f"{kind.__name__} is handled by {name_of(known)} at {place_of(known)} already"
            )
        self._error_handlers[kind] = handler
        self._changed()

    def add_provider(self, name: str, factory: Callable[..., Any]) -> None:
        self._providers[name] = Provider(name, factory, here())
        self._changed()

    def add_converter(self, kind: Any, converter: Converter) -> None:
        self._converters[kind] = converter
        self._changed()

    def add_job(self, job: Job) -> None:
        """Take a job; one of the same name is replaced where functions are.

        Raises:
            RegistrationError: if there is one of that name."""
        known = next((each for each in self._jobs if each.name == job.name), None)
        if known is not None and not self._replace:
            raise job.place.error(f"a job {job.name!r} is registered at {known.place} already")
        self._jobs = [*(each for each in self._jobs if each is not known), job]
        self._changed()

    def jobs(self) -> list[Job]:
        """The jobs of this router and of all within it."""
        return [job for each in self.contained() for job in each._jobs]

    def expect(self, decorator: str) -> Callable[[], None]:
        """Note a decorator that waits for its function; the result says that it came."""
        key = object()
        self._expected[key] = (decorator, here())
        return lambda: self._expected.pop(key, None) and None

    # -- reading ---------------------------------------------------------------------------

    def walk(self, outer: Scope) -> Iterator[tuple[Registration, Scope]]:
        """Every handler with its scope, in the order in which they are asked."""
        scope = outer.inside(self.layer())
        for entry in self._entries:
            if isinstance(entry, Registrar):
                yield from entry.walk(scope)
            else:
                yield entry, scope

    def layer(self) -> Layer:
        """What this router adds to the scope of its handlers."""
        return Layer(
            middlewares=tuple(self._middlewares),
            error_handlers=dict(self._error_handlers),
            providers=dict(self._providers),
            converters=dict(self._converters),
            **self._settings,
        )

    def contained(self) -> Iterator[Registrar]:
        """This router and all within it."""
        yield self
        for entry in self._entries:
            if isinstance(entry, Registrar):
                yield from entry.contained()

    def doubts(self) -> list[str]:
        """What is odd about this router and those within, apart from its handlers."""
        found: list[str] = []
        for each in self.contained():
            rule = each._settings["rule"]
            found += rule.doubts if rule is not None else []
            found += [
                f"{place}: @{decorator}(...) decorates nothing"
                for decorator, place in each._expected.values()
            ]
        return found

    # -- inside ----------------------------------------------------------------------------

    def _scopes(self) -> Iterator[tuple[Scope, bool]]:
        """Our scope as seen from each outermost router, and whether that one is a bot."""
        for chain in self._chains():
            scope = Scope()
            for each in chain:
                scope = scope.inside(each.layer())
            yield scope, chain[0]._is_root

    def _chains(self) -> list[list[Registrar]]:
        """The ways from an outermost router to us."""
        outer = list(self._outer)
        if not outer:
            return [[self]]
        return [[*chain, self] for each in outer for chain in each._chains()]

    def _drop_older(self, fn: AnyHandler) -> int | None:
        """Remove what another function of the same name registered; the position of the first."""
        handlers = [each for each in self._entries if isinstance(each, Registration)]
        if self._older(fn, [each.fn for each in handlers]) is None:
            return None
        older = [each for each in handlers if is_older(each.fn, fn)]
        position = self._entries.index(older[0])
        self._entries = [each for each in self._entries if each not in older]
        return position

    def _older(self, fn: Any, known: Iterable[Any]) -> Any:
        """Another function of the same module and name, if such are to be replaced."""
        if not self._replace:
            return None
        return next((each for each in known if is_older(each, fn)), None)

    def _changed(self) -> None:
        self.revision += 1
        for outer in list(self._outer):
            outer._changed()


def is_older(known: AnyHandler, fn: AnyHandler) -> bool:
    """Whether two functions are versions of one."""
    name = name_of(fn)
    if known is fn or name_of(known) != name or name.rpartition(".")[2] in UNNAMED:
        return False
    return not (name.startswith("__main__.") and are_of_one_run(known, fn))


def are_of_one_run(known: AnyHandler, fn: AnyHandler) -> bool:
    """Whether two functions of one name stand in one cell, so that neither is meant to go."""
    one, other = (getattr(getattr(each, "func", each), "__code__", None) for each in (known, fn))
    if one is None or other is None or one.co_filename != other.co_filename:
        return False
    # A cell that runs again unchanged has the same lines; two functions in it have their own.
    is_same_line: bool = one.co_firstlineno == other.co_firstlineno
    return not is_same_line


def check(registration: Registration, scope: Scope, is_final: bool) -> None:
    try:
        plan_of(registration, scope)
    except OpenQuestion:
        # A router of its own may get the answer from the bot that will include it.
        if is_final:
            raise


def own_converter(
    convert: Callable[..., Any], types: tuple[Any, ...], expected: str | None
) -> Converter:
    """A converter from a user's function of the text, or of the text and the context.

    Raises:
        RegistrationError: if it is neither.
    """
    names = ", ".join(getattr(each, "__name__", str(each)) for each in types)
    place = place_of(convert)
    if inspect.iscoroutinefunction(convert):
        raise place.error("a converter is plain code, without async")
    wants_context = "ctx" in inspect.signature(convert).parameters
    check_callable(
        convert, 2 if wants_context else 1, "a converter is: def convert(text) or (text, ctx)"
    )

    def read(word: Word, ctx: Any) -> Any:
        return convert(word.text, ctx) if wants_context else convert(word.text)

    return Converter(read, expected or f"a {names.lower()}")
