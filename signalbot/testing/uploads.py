"""Reading the attachments of a request body, the way the server does."""

from __future__ import annotations

import base64
import binascii

from .identifiers import make_uuid
from .records import SentAttachment
from .replies import Refused

# What the server, or signal-cli after it, makes of the first bytes.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"GIF8", "image/gif", ".gif"),
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"PK\x03\x04", "application/zip", ".zip"),
    (b"OggS", "audio/ogg", ".ogg"),
    (b"ID3", "audio/mpeg", ".mp3"),
)
_EXTENSIONS = {extension: mime for _, mime, extension in _MAGIC} | {
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".json": "application/json",
    ".html": "text/html",
    ".aac": "audio/aac",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
}
_ALPHABET = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def read_attachment(entry: str) -> SentAttachment:
    """Decode raw base64 or a data URI; the type in the URI is ignored, as by the server.

    Raises:
        Refused: if it is empty or no base64.
    """
    filename = None
    encoded = entry
    head, marker, tail = entry.rpartition("base64,")
    if marker and "data:" in head:
        encoded = tail
        for item in head.split(";"):
            if item.startswith("filename="):
                filename = item[len("filename=") :]
    data = decode_base64(encoded)
    if not data:
        raise Refused("The base64 data does not exist.")
    if filename is not None and len(filename.encode()) > 255:
        raise Refused(f"open /tmp/{filename}: file name too long")
    return SentAttachment(filename or _made_up_name(data), content_type(data, filename), data)


def decode_base64(text: str) -> bytes:
    """Standard base64 with padding, line ends allowed.

    Raises:
        Refused: in Go's words.
    """
    raw = text.replace("\r", "").replace("\n", "").encode("utf-8", "replace")
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error:
        bad = next((i for i, byte in enumerate(raw) if byte not in _ALPHABET), len(raw))
        raise Refused(f"illegal base64 data at input byte {bad}") from None


def content_type(data: bytes, filename: str | None = None) -> str:
    """Guess a type from the name, then from the content."""
    if filename and "." in filename:
        known = _EXTENSIONS.get("." + filename.rpartition(".")[2].lower())
        if known:
            return known
    return sniff(data)[0]


def sniff(data: bytes) -> tuple[str, str]:
    """Type and extension that the first bytes tell."""
    for magic, mime, extension in _MAGIC:
        if data.startswith(magic):
            return mime, extension
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", ".webp"
    if data[4:8] == b"ftyp":
        return "video/mp4", ".mp4"
    try:
        text = data[:512].decode()
    except UnicodeDecodeError:
        return "application/octet-stream", ""
    if any(ord(c) < 32 and c not in "\t\n\r\x0c\x1b" for c in text):
        return "application/octet-stream", ""
    return "text/plain; charset=utf-8", ".txt"


def _made_up_name(data: bytes) -> str:
    return make_uuid(f"attachment {len(data)} {data[:64]!r}") + sniff(data)[1]
