"""The QR code of a device link, as the server paints it."""

from __future__ import annotations

import struct
import zlib

from .replies import Refused

_SIDE = 256
_QUIET = 4


def too_long_for(text: str, version: int) -> str | None:
    """Why the text does not fit a code of this version, or None if it does."""
    if not 1 <= version <= 40:
        return f"invalid version {version} (expected 1-40)"
    if _matrix(text, version) is None:
        return "cannot encode the text in the given version: content too long"
    return None


def png_of(text: str, version: int) -> bytes:
    """A picture of 256 by 256 pixels; the text must fit, see :func:`too_long_for`."""
    matrix = _matrix(text, version) or []
    size = len(matrix) + 2 * _QUIET
    scale = max(1, _SIDE // size)
    margin = (_SIDE - scale * len(matrix)) // 2
    rows = []
    for y in range(_SIDE):
        row = bytearray(b"\xff" * _SIDE)
        line = (y - margin) // scale
        if 0 <= line < len(matrix):
            for x, is_dark in enumerate(matrix[line]):
                if is_dark:
                    start = margin + x * scale
                    row[start : start + scale] = bytes(scale)
        rows.append(b"\0" + bytes(row))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    body = zlib.compress(b"".join(rows))
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _matrix(text: str, version: int) -> list[bytearray] | None:
    try:
        import segno
    except ImportError:
        raise Refused("Couldn't create QR code: segno is not installed here") from None
    try:
        code = segno.make_qr(text, version=version, error="m", boost_error=False)
    except segno.DataOverflowError:
        return None
    return [bytearray(row) for row in code.matrix]


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
