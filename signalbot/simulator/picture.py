"""A small picture for the demo bot to send, painted without an image library."""

from __future__ import annotations

import math
import struct
import zlib

_SKY = ((42, 37, 96), (250, 140, 92))
_SEA = ((58, 52, 110), (24, 22, 52))
_SUN = (255, 214, 138)


def picture(width: int = 320, height: int = 180) -> bytes:
    """A sunset over the sea, as PNG."""
    horizon = int(height * 0.66)
    rows = [_row(y, width, height, horizon) for y in range(height)]
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND")


def _row(y: int, width: int, height: int, horizon: int) -> bytes:
    """One line: sky or sea, with the sun or its path in the middle."""
    if y < horizon:
        plain = _mix(*_SKY, y / horizon)
    else:
        plain = _mix(*_SEA, (y - horizon) / (height - horizon))
    radius, centre = height * 0.2, horizon - height * 0.04
    half, bright = 0.0, 1.0
    if y < horizon and abs(y - centre) < radius:
        half = math.sqrt(radius**2 - (y - centre) ** 2)
    elif y > horizon and y % 7 < 4:
        half, bright = radius * (1.1 - y / height), 0.5
    lit = int(half) * 2
    side = bytes(plain) * ((width - lit) // 2)
    return side + bytes(_mix(plain, _SUN, bright)) * lit + side


def _mix(first: tuple[int, ...], second: tuple[int, ...], share: float) -> tuple[int, ...]:
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
