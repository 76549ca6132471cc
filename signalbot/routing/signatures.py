"""A handler's parameters, read once, with annotations that could be resolved."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from signalbot.routing.places import Place, user_frame

NOTHING: Any = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An annotation that names something we cannot see from here."""

    source: str
    problem: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a handler."""

    name: str
    kind: Any
    annotation: Any
    default: Any

    @property
    def is_required(self) -> bool:
        return self.default is NOTHING and not self.is_variadic

    @property
    def is_variadic(self) -> bool:
        return self.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

    @property
    def is_keyword_only(self) -> bool:
        return self.kind is inspect.Parameter.KEYWORD_ONLY

    @property
    def is_rest(self) -> bool:
        return self.kind is inspect.Parameter.VAR_POSITIONAL

    @property
    def takes_any_keyword(self) -> bool:
        return self.kind is inspect.Parameter.VAR_KEYWORD


def parameters_of(handler: Callable[..., Any], place: Place) -> tuple[Parameter, ...]:
    """The parameters of a handler, as it will be called.

    Raises:
        RegistrationError: if it has no readable signature, or a mutable default.
    """
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError) as error:
        raise place.error(f"the parameters of {handler!r} cannot be read: {error}") from error
    namespace = Namespace(handler)
    parameters = []
    for parameter in signature.parameters.values():
        if isinstance(parameter.default, list | dict | set | bytearray):
            raise place.error(
                f"parameter {parameter.name!r} has a mutable default, which all calls would share"
            )
        read = Parameter(
            parameter.name,
            parameter.kind,
            namespace.resolve(parameter.annotation),
            parameter.default,
        )
        parameters.append(as_context(read) if says_context(read.annotation) else read)
    return tuple(parameters)


def says_context(annotation: Any) -> bool:
    """Whether it is ``signalbot.Context``, by name: routing stands below the context."""
    if isinstance(annotation, Unresolved):  # imported for type checkers only, as a rule
        return annotation.source in ("Context", "signalbot.Context")
    named = (getattr(annotation, "__module__", None), getattr(annotation, "__name__", None))
    return named == ("signalbot.context", "Context")


def as_context(parameter: Parameter) -> Parameter:
    """The parameter, filled with the context whatever it is called; a keyword keeps its name."""
    if parameter.is_keyword_only or parameter.is_variadic:
        return parameter
    return replace(parameter, name="ctx")


class Namespace:
    """Where the names in a handler's annotations are looked up.

    Annotations are text under ``from __future__ import annotations``; a class that was defined
    inside a function, as in tests, is then only visible in the frame that registers.
    """

    def __init__(self, handler: Callable[..., Any]) -> None:
        bare = inspect.unwrap(getattr(handler, "func", handler))
        bare = getattr(bare, "__func__", bare)
        if not hasattr(bare, "__globals__"):
            bare = getattr(type(bare).__call__, "__func__", type(bare).__call__)
        self._globals: dict[str, Any] = getattr(bare, "__globals__", {})
        frame = user_frame()
        self._locals: dict[str, Any] = dict(frame.f_locals) if frame else {}
        for name, cell in zip(
            getattr(getattr(bare, "__code__", None), "co_freevars", ()),
            getattr(bare, "__closure__", None) or (),
            strict=False,
        ):
            try:
                self._locals[name] = cell.cell_contents
            except ValueError:  # not filled yet
                continue

    def resolve(self, annotation: Any) -> Any:
        """The object that an annotation stands for, or :class:`Unresolved`."""
        if not isinstance(annotation, str):
            return annotation
        try:
            # The text is the program's own source, which Python itself would have evaluated.
            found = eval(annotation, self._globals, self._locals)  # nosec B307
        except Exception as error:  # noqa: BLE001  whatever that expression may raise
            return Unresolved(annotation, f"{type(error).__name__}: {error}")
        # A forward reference in quotes, where all annotations are text already.
        is_quoted = isinstance(found, str) and found != annotation
        return self.resolve(found) if is_quoted else found
