"""Reading request bodies as strictly, or as loosely, as Go does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from .replies import TEXT, Refused

Reader = Callable[[Any], Any]

_INT64 = 2**63
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _WrongType(Exception):
    """A value does not fit its field."""


def string(value: Any) -> str:
    """A JSON string; what is not UTF-8 in it becomes U+FFFD, as in Go."""
    if type(value) is not str:
        raise _WrongType
    if value.isascii():
        return value
    return _LONE_SURROGATE.sub("\ufffd", value)


def integer(value: Any) -> int:
    """A JSON integer of 64 bits: ``1.0`` is none."""
    if type(value) is not int or not -_INT64 <= value < _INT64:
        raise _WrongType
    return value


def boolean(value: Any) -> bool:
    """A JSON boolean."""
    if type(value) is not bool:
        raise _WrongType
    return value


def many(reader: Reader, zero: Any = "") -> Reader:
    """A JSON array of one kind; null elements become the kind's zero value."""

    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _WrongType
        return [zero if item is None else reader(item) for item in value]

    return read


def record(fields: Mapping[str, Reader]) -> Reader:
    """A JSON object with these fields."""
    return lambda value: _read(value, fields)


def _read(value: Any, fields: Mapping[str, Reader]) -> dict[str, Any]:
    if type(value) is not dict:
        raise _WrongType
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = key if key in fields else key.lower()
        reader = fields.get(name)
        if reader is not None and item is not None:
            found[name] = reader(item)
    return found


def bind(body: bytes, fields: Mapping[str, Reader], *, is_optional: bool = False) -> dict[str, Any]:
    """Read a body; absent and null fields are missing from the result.

    Raises:
        Refused: with the server's one answer to everything that it cannot parse.
    """
    if is_optional and not body:
        return {}
    try:
        value = json.loads(body.decode("utf-8", "replace"))
        return {} if value is None else _read(value, fields)
    except (ValueError, _WrongType, RecursionError):
        raise Refused("Couldn't process request - invalid request", 400, TEXT) from None


def flag(query: Mapping[str, list[str]], name: str) -> bool:
    """A boolean of the query string, which must be exactly ``true`` or ``false``."""
    value = query.get(name, ["false"])[0]
    if value not in ("true", "false"):
        raise Refused(f"Couldn't process request - {name} needs to be either 'true' or 'false'")
    return value == "true"
