"""The JSON text of a request: compact UTF-8, the same bytes for the same values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from signalbot.model.text import without_lone_surrogates

# Built once: json.dumps() with these arguments would build an encoder for every call.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def to_json(value: Mapping[str, Any]) -> bytes:
    """Encode a body; half a surrogate pair becomes U+FFFD, as UTF-8 cannot hold it.

    The replacement keeps the length in UTF-16 units, so that mention offsets stay right.
    """
    return without_lone_surrogates(_ENCODER.encode(value)).encode()
