"""Names under which engines keep things: any key of any namespace, told apart, as plain text.

The place of a key is its namespaces, each with a slash behind it, then ``=`` and the key. No
escaped namespace holds a slash or an equals sign, so no key can reach into another namespace.
"""

from __future__ import annotations

import re

# Lone surrogates have no UTF-8, and C code ends a text at NUL.
_ODD = re.compile("[%\0\ud800-\udfff]")
_ODD_OR_MARK = re.compile("[%/=\0\ud800-\udfff]")
_ESCAPED = re.compile("%([0-9A-F]{4})")


def place_of(space: str, key: str) -> str:
    """Where a key of a namespace is kept; a prefix of the key gives a prefix of the place."""
    if not isinstance(key, str):
        raise TypeError(f"keys are str, not {type(key).__name__}")
    return f"{space}={_ODD.sub(_escaped, key)}"


def key_at(space: str, place: str) -> str:
    """The key that is kept there."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), place[len(space) + 1 :])


def space_in(space: str, name: str) -> str:
    """The namespace ``name`` inside another one; the outermost is empty."""
    if not isinstance(name, str):
        raise TypeError(f"a namespace's name is a str, not {type(name).__name__}")
    return f"{space}{_ODD_OR_MARK.sub(_escaped, name)}/"


def _escaped(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):04X}"
