"""Endpoints in one form, whether they come from a specification or from our own declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from signalbot.infrastructure.api_clients.operation import Operation, Param

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_DEEPEST = 6  # of nested objects; a schema may refer to itself


@dataclass(frozen=True)
class Value:
    """What is known of a parameter or of a body's field."""

    type: str
    required: bool
    enum: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Shape:
    """One endpoint.

    Attributes:
        path_parameters: name to whether it is required; the standard knows no optional ones.
        body: by dotted name; ``[]`` stands for the elements of a list.
        body_required: None if there is no body.
    """

    method: str
    path: str
    path_parameters: Mapping[str, bool] = field(default_factory=dict)
    query: Mapping[str, Value] = field(default_factory=dict)
    body: Mapping[str, Value] = field(default_factory=dict)
    body_required: bool | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What two descriptions of the same endpoint share: names of placeholders don't count."""
        return self.method, re.sub(r"\{[^}]*\}", "{}", self.path)


def own_shape(operation: Operation) -> Shape:
    """The shape of what the client sends."""
    return Shape(
        method=operation.method,
        path=operation.path,
        path_parameters=dict.fromkeys(operation.placeholders, True),
        query={param.name: _own_value(param) for param in operation.query},
        body=dict(_own_fields(operation.body, "")),
        body_required=not operation.is_body_optional if operation.body else None,
    )


def shapes_of(spec: Mapping[str, Any]) -> list[Shape]:
    """The shapes in a Swagger 2 or OpenAPI 3 document.

    Raises:
        ValueError: if it is neither.
    """
    paths = spec.get("paths")
    if not isinstance(paths, Mapping):
        raise ValueError("this is no OpenAPI document: it has no paths")
    base = str(spec.get("basePath") or "").rstrip("/")
    return [
        _shape(spec, method.upper(), base + path, item, described)
        for path, item in paths.items()
        for method, described in item.items()
        if method in _METHODS
    ]


def _own_value(param: Param) -> Value:
    return Value(param.type, param.required, frozenset(param.enum))


def _own_fields(params: Iterable[Param], prefix: str) -> Iterator[tuple[str, Value]]:
    for param in params:
        name = prefix + param.name
        yield name, _own_value(param)
        inner = f"{name}[]." if param.type.startswith("array") else f"{name}."
        yield from _own_fields(param.fields, inner)


def _shape(
    spec: Mapping[str, Any],
    method: str,
    path: str,
    item: Mapping[str, Any],
    described: Mapping[str, Any],
) -> Shape:
    listed = [*item.get("parameters", ()), *described.get("parameters", ())]
    parameters = [_resolved(spec, parameter) for parameter in listed]
    fields: dict[str, Value] = {}
    body_required: bool | None = None
    for schema, is_required in _bodies(spec, parameters, described):
        body_required = is_required
        fields.update(_fields(spec, schema, "", 0))
    return Shape(
        method=method,
        path=path,
        path_parameters={
            p["name"]: bool(p.get("required")) for p in parameters if p.get("in") == "path"
        },
        query={p["name"]: _parameter(p) for p in parameters if p.get("in") == "query"},
        body=fields,
        body_required=body_required,
    )


def _bodies(
    spec: Mapping[str, Any],
    parameters: Iterable[Mapping[str, Any]],
    described: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """The body's schema with its required flag: a parameter in Swagger 2, apart in OpenAPI 3."""
    for parameter in parameters:
        if parameter.get("in") == "body":
            yield parameter.get("schema", {}), bool(parameter.get("required"))
    if "requestBody" in described:
        request = _resolved(spec, described["requestBody"])
        for content in list(request.get("content", {}).values())[:1]:
            yield content.get("schema", {}), bool(request.get("required"))


def _parameter(parameter: Mapping[str, Any]) -> Value:
    schema = {**parameter, **parameter.get("schema", {})}
    return Value(
        _type(schema),
        bool(parameter.get("required")),
        frozenset(map(str, schema.get("enum") or ())),
    )


def _fields(
    spec: Mapping[str, Any], schema: Mapping[str, Any], prefix: str, depth: int
) -> Iterator[tuple[str, Value]]:
    whole = _merged(spec, schema)
    needed = whole.get("required") or ()
    for name, described in (whole.get("properties") or {}).items():
        inner = _merged(spec, described)
        items = _merged(spec, inner.get("items") or {})
        enum = inner.get("enum") or items.get("enum") or ()
        full = prefix + name
        yield full, Value(_type(inner, items), name in needed, frozenset(map(str, enum)))
        if depth < _DEEPEST:
            if items:
                yield from _fields(spec, items, f"{full}[].", depth + 1)
            else:
                yield from _fields(spec, inner, f"{full}.", depth + 1)


def _type(schema: Mapping[str, Any], items: Mapping[str, Any] | None = None) -> str:
    kind = schema.get("type") or ("object" if "properties" in schema else "any")
    if kind != "array":
        return str(kind)
    inner = schema.get("items", {}) if items is None else items
    return f"array:{inner.get('type') or ('object' if 'properties' in inner else 'any')}"


def _merged(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with references followed, and what it is composed of in one."""
    found = _resolved(spec, schema)
    if "allOf" not in found:
        return found
    whole: dict[str, Any] = {key: value for key, value in found.items() if key != "allOf"}
    for part in found["allOf"]:
        other = _merged(spec, part)
        whole = {
            **other,
            **whole,
            "properties": {**(other.get("properties") or {}), **(whole.get("properties") or {})},
            "required": [*(other.get("required") or ()), *(whole.get("required") or ())],
        }
    return whole


def _resolved(spec: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return value
        found: Any = spec
        for step in reference.removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        value = found
    return {}
