"""Attachments as ``/v2/send`` wants them, from whatever a caller has: a path, bytes, a file, a URL.

The server ignores a given MIME type; signal-cli guesses it from the file name, then from the
content. So a known type is passed on by the name's extension.
"""

from __future__ import annotations

import base64
import io
import mimetypes
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, TypeAlias, Union

from signalbot.infrastructure.outgoing_download import download, is_url
from signalbot.model.text import without_lone_surrogates

DEFAULT_MAX_BYTES = 95_000_000  # Signal takes about 100 MB
_MAX_NAME_BYTES = 200  # a file system's limit is 255, and the server may put something before it
# What ends the name for the server, or could mislead a reader; the quotation mark so that the
# name may stand in JSON as it is.
_UNSAFE = re.compile(r"[;\"\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# The usual ones, where Python's table lacks them or puts an unusual one first.
_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "audio/aac": ".aac",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "text/plain": ".txt",
    "text/html": ".html",
}

Bytes: TypeAlias = bytes | bytearray | memoryview
AttachmentSource: TypeAlias = Union[
    str,  # a path, or an http(s) URL
    "os.PathLike[str]",
    Bytes,
    IO[bytes],
    tuple[str, Bytes],  # name, content
    tuple[str, Bytes, str],  # name, content, MIME type
]


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """What is uploaded.

    Attributes:
        name: a safe file name, or "" to let the server choose one by the content.
    """

    name: str = field(repr=False)
    data: Bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The file as one entry of ``base64_attachments``."""
        return b"".join(self.pieces).decode()

    @property
    def pieces(self) -> tuple[bytes, bytes]:
        """The same in UTF-8: what goes before the content, and the content."""
        content = base64.b64encode(self.data)
        if not self.name:
            return b"", content
        kind = _types().guess_type(self.name)[0] or "application/octet-stream"
        return b"data:%s;filename=%s;base64," % (kind.encode(), self.name.encode()), content


def with_attachments(body: bytes, files: Sequence[OutgoingFile]) -> bytes:
    """Add files to a JSON object.

    As bytes, joined once: a Python text that is then encoded as JSON would hold tens of megabytes
    several times over. Nothing needs an escape: see :func:`safe_name`.
    """
    parts = [body[:-1], b',"base64_attachments":["']
    for number, file in enumerate(files):
        parts += [b'","' if number else b"", *file.pieces]
    return b"".join([*parts, b'"]}'])


def load(source: AttachmentSource, *, max_bytes: int = DEFAULT_MAX_BYTES) -> OutgoingFile:
    """Read a source whole.

    Args:
        source: a path, bytes, ``(name, bytes)``, ``(name, bytes, mime)``, a binary file object
            (uploads of web frameworks and received attachments too), or an http(s) URL. A URL is
            fetched from this machine, with what it can reach in the local network: never pass on
            one that a stranger has sent.

    Raises:
        ValueError: if it is empty, too large, or a URL that leads nowhere.
        OSError: if the file cannot be read.
        TypeError: if it is none of these.
    """
    if isinstance(source, str) and is_url(source):
        found = download(source, max_bytes=max_bytes)
        return _checked(safe_name(found.name, found.mime_type), found.data, max_bytes)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        return _checked(safe_name(path.name), _read_path(path, max_bytes), max_bytes)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _checked("", source, max_bytes)
    if isinstance(source, tuple):
        return _checked(*_from_tuple(source), max_bytes)
    if callable(getattr(source, "read", None)):
        return _checked(_name_of(source), _read_file(source, max_bytes), max_bytes)
    raise TypeError(
        "an attachment is a path, bytes, (name, bytes), (name, bytes, mime), a binary file or an "
        f"http(s) URL, not {type(source).__name__}"
    )


def load_all(sources: Any, *, max_bytes: int) -> tuple[OutgoingFile, ...]:
    """Read one source or an iterable of them; a tuple that starts with a name and bytes is one."""
    if sources is None:
        return ()
    several = sources if isinstance(sources, Iterable) and not _is_single(sources) else (sources,)
    return tuple(load(source, max_bytes=max_bytes) for source in several)


def safe_name(name: str, mime_type: str | None = None) -> str:
    """A name that stays inside its directory, and from which the MIME type can be guessed.

    "" only if neither a name nor a type is known.
    """
    clean = without_lone_surrogates(name).replace("\\", "/").rpartition("/")[2]
    clean = _UNSAFE.sub("", clean).strip()
    if not clean.strip("."):
        clean = ""
    mime = (mime_type or "").partition(";")[0].strip().lower()
    if mime and mime != "application/octet-stream" and _types().guess_type(clean)[0] != mime:
        clean = (clean or "attachment") + _extension(mime)
    return _shortened(clean)


@lru_cache(maxsize=1)
def _types() -> mimetypes.MimeTypes:
    """Python's own table, without the machine's, so that a name comes out alike everywhere."""
    types = mimetypes.MimeTypes()
    for mime, extension in _EXTENSIONS.items():
        types.add_type(mime, extension)
    return types


def _extension(mime: str) -> str:
    return _EXTENSIONS.get(mime) or _types().guess_extension(mime) or ""


def _shortened(name: str) -> str:
    if len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        stem, dot, extension = name, "", ""
    room = _MAX_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + extension


def _checked(name: str, data: Bytes, max_bytes: int) -> OutgoingFile:
    size = len(data) if not isinstance(data, memoryview) else data.nbytes
    if not size:
        raise ValueError("an attachment is empty")
    if size > max_bytes:
        raise _too_large(size, max_bytes)
    return OutgoingFile(name, data)


def _too_large(size: int, max_bytes: int) -> ValueError:
    return ValueError(
        f"an attachment has {size:,} bytes, more than the {max_bytes:,} that are allowed "
        "(max_attachment_size)"
    )


def _read_path(path: Path, max_bytes: int) -> bytes:
    status = path.stat()  # before opening: to open a pipe would wait for its other end
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"an attachment's path is a directory: {path.name}")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("an attachment's path is no regular file")
    if status.st_size > max_bytes:
        raise _too_large(status.st_size, max_bytes)
    with path.open("rb") as file:
        return _read_file(file, max_bytes)


def _read_file(file: Any, max_bytes: int) -> bytes:
    if isinstance(file, io.TextIOBase):  # before reading: it may not even decode
        raise _not_binary()
    try:
        data = file.read(max_bytes + 1)
    except TypeError:  # a received attachment: it takes no size, and limits itself
        data = file.read()
    if isinstance(data, str):
        raise _not_binary()
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError("the file object of an attachment did not give bytes")
    return bytes(data)


def _not_binary() -> TypeError:
    return TypeError("the file object of an attachment must be opened in binary mode ('rb')")


def _name_of(file: Any) -> str:
    """From ``name`` as files have it, or ``filename`` and ``content_type`` as uploads do."""
    named = (getattr(file, attribute, None) for attribute in ("filename", "name"))
    name = next((name for name in named if isinstance(name, str)), "")  # a pipe's is a number
    mime = getattr(file, "content_type", None)
    return safe_name(name, mime if isinstance(mime, str) else None)


def _from_tuple(source: tuple[Any, ...]) -> tuple[str, Bytes]:
    if len(source) not in (2, 3) or not isinstance(source[0], str):
        raise TypeError("an attachment tuple is (name, bytes) or (name, bytes, mime)")
    if not isinstance(source[1], (bytes, bytearray, memoryview)):
        raise TypeError("the second part of an attachment tuple must be bytes")
    return safe_name(source[0], source[2] if len(source) == 3 else None), source[1]


def _is_single(sources: Any) -> bool:
    if isinstance(sources, tuple):
        return (
            len(sources) in (2, 3)
            and isinstance(sources[0], str)
            and isinstance(sources[1], (bytes, bytearray, memoryview))
        )
    return isinstance(sources, (str, os.PathLike, bytes, bytearray, memoryview)) or callable(
        getattr(sources, "read", None)
    )
