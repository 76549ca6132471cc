"""How frozen objects are made where every microsecond counts."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def quickly(cls: type[T], fields: dict[str, Any]) -> T:
    """A frozen dataclass with these fields, for which the caller vouches.

    The class's own ``__init__`` sets each field by a call of ``object.__setattr__``: 5 µs for a
    message's 24, of which this takes less than one. It needs a class without slots, as a field's
    default then stays where it is, in the class, and stands for a field that is not given.
    """
    made = cls.__new__(cls)
    made.__dict__.update(fields)
    return made
