"""Values as JSON text: what is stored is read back as it was."""

from __future__ import annotations

import json
import math
from typing import Any

from signalbot.errors import StorageError

_DEEPEST = 100
_SCALARS = frozenset({str, int, bool, type(None)})
# ASCII only: lone surrogates, which Signal can deliver, survive every engine as escapes.
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def dump(value: Any) -> str:
    """The value's JSON; a tuple becomes a list, everything else is read back equal.

    Raises:
        TypeError: a part of it is no JSON; the text says where.
    """
    if type(value) not in _SCALARS and (flaw := _flaw(value, 0)) is not None:
        where, why = flaw
        raise TypeError(f"value{where if len(where) <= 200 else where[:200] + '…'}: {why}")
    try:
        return _ENCODER.encode(value)
    except ValueError as error:  # an int with more digits than Python converts
        raise TypeError(f"value: {error}") from None


def load(text: str | bytes) -> Any:
    """The value of what :func:`dump` made.

    Raises:
        StorageError: somebody else wrote there.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StorageError(
            "A stored value is no JSON: was it written by something else?"
        ) from error


def _flaw(value: Any, depth: int) -> tuple[str, str] | None:
    """Where something is no JSON, and why; None if nothing is."""
    if isinstance(value, float):
        return None if math.isfinite(value) else ("", f"{value!r} is no JSON number")
    if isinstance(value, str | int) or value is None:
        return None
    if isinstance(value, dict | list | tuple) and depth >= _DEEPEST:
        return "", f"nested more than {_DEEPEST} levels deep, or in a circle"
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                return "", f"a key is of type {type(key).__name__}, JSON has only str"
            if type(item) not in _SCALARS and (flaw := _flaw(item, depth + 1)) is not None:
                return f"[{key!r}]{flaw[0]}", flaw[1]
        return None
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if type(item) not in _SCALARS and (flaw := _flaw(item, depth + 1)) is not None:
                return f"[{index}]{flaw[0]}", flaw[1]
        return None
    return "", (
        f"{type(value).__name__} is no JSON value (str, int, float, bool, None, list, dict)"
    )
