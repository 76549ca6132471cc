"""Operation: one endpoint of the server, declared once, from which every call to it is built.

The area classes hold their operations as class attributes and make requests through nothing else.
So ``signalbot audit-api`` compares what the code really does with the server's specification: a
field or parameter that is not declared cannot be sent, and a required one cannot be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import IO, Any
from urllib.parse import quote

from signalbot.infrastructure.api_clients.wire import to_json
from signalbot.infrastructure.calls import Call, Family


@dataclass(frozen=True, slots=True)
class Param:
    """A query parameter or a body field: its name and the JSON schema type on the wire.

    Attributes:
        enum: every value that is ever sent, or () if the values are open.
        fields: what an object (or each object of an array) consists of.
    """

    name: str
    type: str = "string"
    required: bool = False
    enum: tuple[str, ...] = ()
    fields: tuple[Param, ...] = ()


def required(name: str, type: str = "string", **more: Any) -> Param:
    """A parameter that every call carries."""
    return Param(name, type, required=True, **more)


def values(enum: type[Enum]) -> tuple[str, ...]:
    """The wire values of an enum class, for :attr:`Param.enum`."""
    return tuple(str(member.value) for member in enum)


@dataclass(frozen=True)
class Operation:
    """Method, path template and parameters of one endpoint.

    Attributes:
        family: which circuit breaker counts its failures.
        body: the fields of the JSON body; empty if the endpoint takes none.
        is_body_optional: the endpoint also works without any body.
        is_send: it makes Signal deliver a message, so pacing applies.
        is_repeatable: asking twice does no harm; by default true for GET.
        takes_any_body: the fields are the operator's business (plugins).
        placeholders: the names in braces, in the order of the path.
    """

    method: str
    path: str
    family: Family
    query: tuple[Param, ...] = ()
    body: tuple[Param, ...] = ()
    is_body_optional: bool = False
    is_send: bool = False
    is_repeatable: bool | None = None
    takes_any_body: bool = False
    placeholders: tuple[str, ...] = field(init=False, compare=False)
    _allowed: frozenset[str] = field(init=False, repr=False, compare=False)
    _required: frozenset[str] = field(init=False, repr=False, compare=False)
    _nested: tuple[Param, ...] = field(init=False, repr=False, compare=False)
    _checked: set[tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # All of this is computed once, because every call needs it.
        repeatable = self.method == "GET" if self.is_repeatable is None else self.is_repeatable
        named = tuple(part.partition("}")[0] for part in self.path.split("{")[1:])
        for name, value in (
            ("placeholders", named),
            ("is_repeatable", repeatable),
            ("_allowed", frozenset(param.name for param in self.body)),
            ("_required", frozenset(param.name for param in self.body if param.required)),
            ("_nested", tuple(param for param in self.body if param.fields)),
            ("_checked", set()),
        ):
            object.__setattr__(self, name, value)

    def call(
        self,
        account: str | None,
        *,
        path: Mapping[str, str] | None = None,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        encoded: bytes | None = None,
        timeout: float,
        on_progress: Callable[[int, int], None] | None = None,
        sink: IO[bytes] | None = None,
        max_answer: int | None = None,
    ) -> Call:
        """Build the request for ``account``, refusing whatever the declaration does not name.

        Args:
            path: values of the placeholders besides ``{number}``, unquoted.
            encoded: ``body`` as JSON, if the caller has encoded it already.

        Raises:
            TypeError: if the arguments do not fit the declaration (a bug in the area class).
            ValueError: if a value would change the path's meaning.
        """
        if body is not None:
            if not self.takes_any_body:
                self._check_body(body)
            encoded = to_json(body) if encoded is None else encoded
        elif self.body and not self.is_body_optional:
            raise TypeError(f"{self.method} {self.path} needs a body")
        return Call(
            self.method,
            self.path,
            self._filled_path(account, path) if self.placeholders else self.path,
            family=self.family,
            timeout=timeout,
            query=self._filled_query(query) if query or self.query else "",
            body=encoded,
            repeatable=bool(self.is_repeatable),
            account=account,
            is_send=self.is_send,
            on_progress=on_progress,
            sink=sink,
            max_answer=max_answer,
        )

    def _filled_path(self, account: str | None, given: Mapping[str, str] | None) -> str:
        filled = self.path
        if account is not None:
            filled = filled.replace("{number}", _quoted(account))
        for name, value in (given or {}).items():
            if "{" + name + "}" not in filled:
                raise TypeError(f"{self.method} {self.path} has no {{{name}}}")
            if value in ("", ".", ".."):
                raise ValueError(f"{name} may not be {value!r}: it is a part of a URL's path")
            filled = filled.replace("{" + name + "}", quote(value, safe=""))
        if "{" in filled:
            raise TypeError(f"{self.method} {self.path} lacks a value for its path")
        return filled

    def _check_body(self, body: Mapping[str, Any]) -> None:
        shape = tuple(body)
        if shape in self._checked:  # a bot's bodies have few shapes
            return
        names = body.keys()
        if not self._required <= names <= self._allowed:
            raise TypeError(
                f"{self.method} {self.path}: not declared: {sorted(names - self._allowed)}, "
                f"missing: {sorted(self._required - names)}"
            )
        nested = [param for param in self._nested if param.name in body]
        for param in nested:
            _check_nested(param, body[param.name])
        if not nested:
            self._checked.add(shape)

    def _filled_query(self, pairs: Sequence[tuple[str, str]]) -> str:
        names = {name for name, _ in pairs}
        allowed = {param.name for param in self.query}
        needed = {param.name for param in self.query if param.required}
        if names - allowed or needed - names:
            raise TypeError(f"{self.method} {self.path}: wrong query {sorted(names)}")
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


@lru_cache(maxsize=16)
def _quoted(account: str) -> str:
    return quote(account, safe="")


def _check_nested(param: Param, value: Any) -> None:
    allowed = {inner.name for inner in param.fields}
    needed = {inner.name for inner in param.fields if inner.required}
    for item in value if param.type.startswith("array") else (value,):
        if item.keys() - allowed or needed - item.keys():
            raise TypeError(f"{param.name}: wrong fields {sorted(item)}")
