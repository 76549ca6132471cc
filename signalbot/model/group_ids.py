"""Group ids in both spellings, converted by arithmetic alone.

Frames carry the internal id (base64 of 32 bytes, 16 for legacy groups); the REST API wants
``group.`` plus the base64 of that base64 text. No call to the server is needed either way.
"""

from __future__ import annotations

import base64
import binascii

PREFIX = "group."
_SIZES = (32, 16)  # groups of today, legacy groups


def to_rest_id(internal_id: str) -> str:
    """Spell an internal id for the REST API; it is not checked, because reading must not fail."""
    return PREFIX + base64.b64encode(internal_id.encode("utf-8", "surrogatepass")).decode("ascii")


def to_internal_id(rest_id: str) -> str:
    """Spell a REST id as frames do.

    Raises:
        ValueError: if it is no REST id of a group.
    """
    if rest_id.startswith(PREFIX):
        inner = _decode(rest_id[len(PREFIX) :])
        if inner is not None:
            internal_id = inner.decode("ascii", "replace")
            if is_internal_id(internal_id) and to_rest_id(internal_id) == rest_id:
                return internal_id
    raise ValueError("not a group id of the REST API ('group.' and 60 characters of base64)")


def is_rest_id(value: str) -> bool:
    """Whether it is ``group.`` and a doubly encoded id, not merely a name that starts so."""
    try:
        to_internal_id(value)
    except ValueError:
        return False
    return True


def is_internal_id(value: str) -> bool:
    """Whether it is standard, padded base64 of 32 or 16 bytes."""
    decoded = _decode(value)
    return decoded is not None and len(decoded) in _SIZES


def _decode(value: str) -> bytes | None:
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
