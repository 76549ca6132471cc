"""Values out of JSON that nobody vouches for: each reader gives the right type, or None."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

from signalbot.model.text import without_lone_surrogates

JsonObject = dict[str, Any]

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_CALL_ID_MAX = 2**64 - 1
_MOST_DIGITS = 4000  # Python refuses to convert much longer ones; nothing on this wire has 20


class NotJson(ValueError):
    """The text is no JSON that Python can hold."""


def parse(raw: str | bytes) -> Any:
    """Parse a frame, whatever it holds.

    pydantic-core's parser takes half the time of ``json.loads`` and refuses some of what that
    takes (lone surrogates, nesting beyond 200), so the latter has the last word.

    Raises:
        NotJson: for anything that is not JSON, or not UTF-8.
    """
    try:
        # Keys alone are worth keeping: a cache of all short strings would fill with texts.
        return from_json(raw, cache_strings="keys")
    except (ValueError, TypeError):  # TypeError is also what it says to a str it cannot encode
        return _parse_patiently(raw)


def _parse_patiently(raw: Any) -> Any:
    if not isinstance(raw, (str, bytes, bytearray, memoryview)):
        raise NotJson("neither text nor bytes")
    try:
        # json.loads would guess UTF-16 and UTF-32 for bytes; the wire is UTF-8.
        text = raw if isinstance(raw, str) else bytes(raw).decode("utf-8")
        return json.loads(text, parse_int=_parse_int)
    except (ValueError, RecursionError) as error:
        raise NotJson(f"not JSON ({type(error).__name__})") from error


def _parse_int(digits: str) -> int | float:
    # An absurd number must not spoil a frame that holds it in a member we ignore: infinity is
    # a number of the wrong type wherever an integer is needed.
    return int(digits) if len(digits) <= _MOST_DIGITS else float("inf")


def text_of(value: Any) -> str | None:
    """A string that can be encoded, or None."""
    return without_lone_surrogates(value) if type(value) is str else None


def identifier_of(value: Any) -> str | None:
    """A string that names something, or None for an empty one.

    Lone surrogates become escapes rather than U+FFFD, for different ids must stay different.
    """
    if type(value) is not str or not value:
        return None
    if value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def int_of(value: Any) -> int | None:
    """An integer of 64 bits, or None; True and 1.0 are none."""
    return value if type(value) is int and _INT_MIN <= value <= _INT_MAX else None


def call_id_of(value: Any) -> int | None:
    """An unsigned integer of 64 bits, or None."""
    return value if type(value) is int and 0 <= value <= _CALL_ID_MAX else None


def timestamp_of(value: Any) -> int | None:
    """Milliseconds since the epoch, or None for anything that names no moment."""
    return value if type(value) is int and 0 < value <= _INT_MAX else None


def objects_of(value: Any) -> list[JsonObject]:
    """The objects of a list, without whatever else stands in it."""
    return [item for item in value if type(item) is dict] if type(value) is list else []


def object_of(value: Any) -> JsonObject | None:
    """An object, or None."""
    return value if type(value) is dict else None


def ints_of(value: Any) -> tuple[int, ...]:
    """The integers of a list, without whatever else stands in it."""
    items = value if type(value) is list else []
    return tuple(number for item in items if (number := int_of(item)) is not None)
