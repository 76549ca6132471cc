"""Where something listens: ``host:port``."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<host>[^:\[\]\s/]+)):(?P<port>\d{1,5})")


def listening_address(text: str) -> tuple[str, int]:
    """Host and port; an IPv6 address stands in brackets.

    Raises:
        ValueError: it is no address; the text says how to write one."""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise ValueError(
            f"{text!r} is no address: write it like 127.0.0.1:9080, or 0.0.0.0:9080 for all "
            "interfaces"
        )
    return match["v6"] or match["host"], int(match["port"])
