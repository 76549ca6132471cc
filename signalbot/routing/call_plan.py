"""How one handler is called: what each of its parameters is filled with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from operator import attrgetter
from typing import Any, TypeAlias

from signalbot.errors import RegistrationError
from signalbot.model.people import User
from signalbot.model.similar import similar
from signalbot.routing.converters import TEXT, Converter, Registry, converter_for, members
from signalbot.routing.grammar import Grammar, is_rest, optional_default
from signalbot.routing.handler_context import INJECTED
from signalbot.routing.places import Place
from signalbot.routing.providers import Provider
from signalbot.routing.signatures import NOTHING, Parameter, Unresolved
from signalbot.routing.slots import Shape, Slot

Providers: TypeAlias = Mapping[str, Provider]
Way: TypeAlias = Callable[[Any, Mapping[str, Any]], Any]
Source: TypeAlias = Callable[[Any], Any]
"""Reads what fills a parameter from the context."""


class OpenQuestion(RegistrationError):
    """A parameter that nothing fills so far; a router further out may still provide it."""


class CallPlan:
    """Calls a handler with a context and, for commands and patterns, its arguments.

    Raises:
        RegistrationError: if a parameter can never be filled.
        OpenQuestion: if that depends on the routers around.
    """

    def __init__(
        self,
        handler: Callable[..., Any],
        parameters: Sequence[Parameter],
        place: Place,
        *,
        providers: Providers,
        converters: Registry,
        is_command: bool,
        groups: frozenset[str] = frozenset(),
    ) -> None:
        if parameters and parameters[0].name in ("self", "cls"):
            raise place.error(
                f"{parameters[0].name!r} is not filled, for this is a method without its object: "
                "mark it with @signalbot.command(...), and register(object)"
            )
        self._handler = handler
        self._reader = SlotReader(place, parameters, converters)
        slots: list[Slot] = []
        # Where the value of each comes from: the context, or (None) the arguments of its name.
        positional: list[tuple[str, Source | None]] = []
        keywords: dict[str, Source | None] = {}
        self._rest: str | None = None
        self._providers: list[Provider] = []
        for parameter in parameters:
            name = parameter.name
            if name in providers and not parameter.is_variadic:
                self._providers.append(providers[name])
                source: Source | None = None
            elif is_injected(parameter, is_command or name in groups):
                self._reader.check_injected(parameter)
                source = attribute_of(name)
            elif is_command or name in groups:
                slots.append(self._reader.slot(parameter))
                source = None
                if parameter.is_rest:
                    self._rest = name
                    continue
            elif parameter.is_required or parameter.is_variadic:
                raise self._reader.unknown(parameter, groups)
            else:
                continue  # it keeps its default
            if parameter.is_keyword_only:
                keywords[name] = source
            else:
                positional.append((name, source))
        self.grammar = Grammar(slots)
        self._positional = tuple(positional)
        self._keywords = keywords
        self._in_providers = self._way_to_call(handler)
        self._takes_only_context = not keywords and [p.name for p in parameters] == ["ctx"]

    def call(self, ctx: Any, values: Mapping[str, Any]) -> Any:
        """Call the handler; what it returns may be a generator or a coroutine of its own.

        Provided context managers stay open until the handler is done: to the end of the
        generator or the coroutine, if it is one.
        """
        if self._takes_only_context:
            return self._handler(ctx)
        if not self._providers:
            return self._invoke(ctx, values)
        return self._in_providers(ctx, values)

    def _way_to_call(self, handler: Callable[..., Any]) -> Way:
        """How to keep provided context managers open until a handler of this sort is done."""
        if inspect.isasyncgenfunction(handler):
            return self._generate_async
        if inspect.iscoroutinefunction(handler):
            return self._run_async
        if inspect.isgeneratorfunction(handler):
            return self._generate
        return self._run

    def _invoke(self, ctx: Any, values: Mapping[str, Any]) -> Any:
        arguments = [
            values[name] if source is None else source(ctx) for name, source in self._positional
        ]
        if self._rest is not None:
            arguments.extend(values[self._rest])
        if self._keywords:
            keywords = {
                name: values[name] if source is None else source(ctx)
                for name, source in self._keywords.items()
            }
            return self._handler(*arguments, **keywords)
        return self._handler(*arguments)

    def _provide(
        self, ctx: Any, values: Mapping[str, Any], resources: ExitStack
    ) -> Mapping[str, Any]:
        provided = {each.name: each.open(ctx, resources) for each in self._providers}
        return {**values, **provided}

    def _run(self, ctx: Any, values: Mapping[str, Any]) -> Any:
        with ExitStack() as resources:
            return self._invoke(ctx, self._provide(ctx, values, resources))

    def _generate(self, ctx: Any, values: Mapping[str, Any]) -> Any:
        with ExitStack() as resources:
            yield from self._invoke(ctx, self._provide(ctx, values, resources))

    async def _run_async(self, ctx: Any, values: Mapping[str, Any]) -> Any:
        with ExitStack() as resources:
            return await self._invoke(ctx, self._provide(ctx, values, resources))

    async def _generate_async(self, ctx: Any, values: Mapping[str, Any]) -> Any:
        with ExitStack() as resources:
            async for part in self._invoke(ctx, self._provide(ctx, values, resources)):
                yield part


class SlotReader:
    """Turns the parameters of one handler into slots, or says why it cannot."""

    def __init__(self, place: Place, parameters: Sequence[Parameter], converters: Registry) -> None:
        self._place = place
        self._parameters = parameters
        self._converters = converters

    def slot(self, parameter: Parameter) -> Slot:
        name, annotation = parameter.name, parameter.annotation
        if parameter.takes_any_keyword:
            raise self._place.error(f"**{name} cannot be filled from a message; name the flags")
        if annotation is NOTHING:
            self._check_bare_name(parameter)
        if is_rest(annotation):
            return self._rest_of_text(parameter)
        converter = self._converter(parameter)
        default = optional_default(annotation, parameter.default)
        if parameter.is_rest:
            return Slot(name, Shape.WORDS, converter)
        if not parameter.is_keyword_only:
            # None for an absent X | None only where nothing required follows.
            is_last = all(not each.is_required for each in self._after(parameter))
            return Slot(name, Shape.WORD, converter, default if is_last else parameter.default)
        if converter_for(bool, self._converters) is converter:
            return Slot(name, Shape.SWITCH, converter, False if default is NOTHING else default)
        return Slot(name, Shape.FLAG, converter, default)

    def check_injected(self, parameter: Parameter) -> None:
        """Refuse an annotation that the injected object can never have."""
        name = parameter.name
        if says_argument(parameter) and name != "ctx":
            raise self._place.error(
                f"parameter {name!r} gets ctx.{name}, which is no "
                f"{getattr(parameter.annotation, '__name__', 'text')}; the text is ctx.text"
            )

    def unknown(self, parameter: Parameter, groups: frozenset[str]) -> OpenQuestion:
        """The error for a parameter that nothing fills, with the names that would."""
        near = similar(parameter.name, [*INJECTED, *groups])
        hint = f" Did you mean {near!r}?" if near else ""
        if not near and parameter is self._parameters[0]:
            hint = " Call it 'ctx' if it is the context."
        named = f"; the filter's groups are {', '.join(sorted(groups))}" if groups else ""
        return OpenQuestion(
            f"{self._place}: nothing fills parameter {parameter.name!r}{named}.{hint} "
            f"Handlers get {', '.join(INJECTED)}, and what provide(name=factory) adds before."
        )

    def _converter(self, parameter: Parameter) -> Converter:
        annotation = parameter.annotation
        if annotation is NOTHING:
            return TEXT
        if isinstance(annotation, Unresolved):
            raise OpenQuestion(
                f"{self._place}: the annotation of parameter {parameter.name!r}, "
                f"{annotation.source!r}, cannot be read ({annotation.problem})."
            )
        converter = converter_for(annotation, self._converters)
        if converter is None:
            shown = getattr(annotation, "__name__", None) or repr(annotation)
            raise OpenQuestion(
                f"{self._place}: no converter makes parameter {parameter.name!r} a {shown}. "
                f"Register one before: @bot.converter({shown})."
            )
        return converter

    def _check_bare_name(self, parameter: Parameter) -> None:
        """Refuse a name that was probably meant to be injected."""
        name = parameter.name
        is_first = parameter is self._parameters[0]
        has_context = any(each.name == "ctx" for each in self._parameters)
        if is_first and not has_context and not parameter.is_variadic:
            raise OpenQuestion(
                f"{self._place}: parameter {name!r} has no annotation. Call it 'ctx' if it is the "
                f"context, or write {name}: str if it is an argument."
            )

    def _rest_of_text(self, parameter: Parameter) -> Slot:
        followed = any(not each.is_keyword_only for each in self._after(parameter))
        if followed or parameter.is_keyword_only or parameter.is_variadic:
            raise self._place.error(
                f"parameter {parameter.name!r} takes the rest of the text, so it must be the last"
            )
        default = optional_default(parameter.annotation, parameter.default)
        return Slot(parameter.name, Shape.TEXT, TEXT, default)

    def _after(self, parameter: Parameter) -> list[Parameter]:
        """The parameters behind one, without those that the context fills."""
        index = self._parameters.index(parameter)
        return [each for each in self._parameters[index + 1 :] if not is_injected(each, True)]


def is_injected(parameter: Parameter, may_be_argument: bool) -> bool:
    """Whether the context fills it: by its name, unless its type says that it is an argument."""
    if parameter.name not in INJECTED or parameter.is_variadic:
        return False
    if parameter.name == "ctx" or not may_be_argument:
        return True
    return not says_argument(parameter)


def says_argument(parameter: Parameter) -> bool:
    """Whether its type is one that arguments have, and the injected object of its name has not."""
    annotation = parameter.annotation
    if annotation is Any or (parameter.name == "sender" and is_user(annotation)):
        return False
    return is_rest(annotation) or converter_for(annotation, {}) is not None


def is_user(annotation: Any) -> bool:
    """Whether it is User, or User | None."""
    return annotation is User or members(annotation) == [User]


def attribute_of(name: str) -> Source:
    return (lambda ctx: ctx) if name == "ctx" else attrgetter(name)
