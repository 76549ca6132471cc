"""Received files: fetched when asked for, capped in size, saved under safe names."""

from __future__ import annotations

import contextlib
import mimetypes
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from signalbot.errors import NotFound, StorageError
from signalbot.infrastructure.lean_http1 import AnswerTooLarge

if TYPE_CHECKING:
    from signalbot.infrastructure.api_service import SignalClient
    from signalbot.model.content import Attachment

DEFAULT_MAX_BYTES = 100 * 2**20
_IN_MEMORY = 2**20  # larger ones are on the disk while they are open
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


class ReceivedAttachment:
    """A file that came with a message; nothing is fetched until it is read.

    The server may announce a file a moment before it has it: a missing one is asked for again
    for up to ``patience`` seconds.
    """

    def __init__(
        self,
        record: Attachment,
        client: Callable[[], SignalClient],
        guard: Callable[[], None],
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        patience: float = 3.0,
    ) -> None:
        self.record = record
        self._client = client
        self._guard = guard
        self._max_bytes = max_bytes
        self._patience = patience

    def __repr__(self) -> str:
        return f"<ReceivedAttachment {self.content_type or 'unknown type'} {self.size} bytes>"

    @property
    def content_type(self) -> str | None:
        return self.record.content_type

    @property
    def size(self) -> int | None:
        """Bytes, as the sender's app said."""
        return self.record.size

    @property
    def filename(self) -> str:
        """A name that is safe as one path component, whatever the sender wrote."""
        return safe_name(self.record.filename, self.record.content_type, self.record.id)

    @property
    def caption(self) -> str | None:
        """What the sender wrote under this file."""
        return self.record.caption

    @property
    def is_image(self) -> bool:
        return self._is("image/")

    @property
    def is_audio(self) -> bool:
        return self._is("audio/")

    @property
    def is_video(self) -> bool:
        return self._is("video/")

    @property
    def is_file(self) -> bool:
        """Whether it is neither to be seen nor to be heard: a document, an archive."""
        return not (self.is_image or self.is_audio or self.is_video)

    def read(self, *, delete: bool = False) -> bytes:
        """The whole file, in memory.

        Args:
            delete: remove the server's copy afterwards; it keeps files for ever otherwise.

        Raises:
            NotFound: the server has no such file (ignored, expired, or its download failed).
            StorageError: it is larger than the cap."""
        with self.open(delete=delete) as stream:
            return stream.read()

    def save(
        self,
        directory: str | os.PathLike[str],
        *,
        name: str | None = None,
        delete: bool = False,
    ) -> Path:
        """Write the file into a directory, under its safe name; never over an existing file.

        It goes to the disk piece by piece, however large it is.

        Args:
            name: another name, made safe as well.
            delete: remove the server's copy afterwards.

        Raises:
            NotFound, StorageError: see :meth:`read`."""
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / (safe_name(name, self.content_type, None) if name else self.filename)
        descriptor, part = tempfile.mkstemp(dir=folder, prefix=".incoming-")
        try:
            with os.fdopen(descriptor, "w+b") as file:
                self._fetch(file)
            saved = _link_free(Path(part), target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
        if delete:
            self.delete_on_server()
        return saved

    @contextlib.contextmanager
    def open(self, *, delete: bool = False) -> Iterator[IO[bytes]]:
        """The file as a binary stream, for ``with``; a large one is on the disk meanwhile.

        Args:
            delete: remove the server's copy when the block ends without an error.

        Raises:
            NotFound, StorageError: see :meth:`read`."""
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
            stream = cast("IO[bytes]", spool)
            self._fetch(stream)
            stream.seek(0)
            yield stream
        if delete:
            self.delete_on_server()

    def delete_on_server(self) -> None:
        """Remove the server's copy; one that is gone already is no error."""
        self._guard()
        if self.record.id:
            with contextlib.suppress(NotFound):
                self._client().attachments.delete(self.record.id)

    def _fetch(self, file: IO[bytes]) -> None:
        if self.size is not None and self.size > self._max_bytes:
            raise self._too_large(f"{self.size} bytes")
        if not self.record.id:
            raise NotFound("The message names no file on the server.", status=404)
        deadline = time.monotonic() + self._patience
        delay = 0.1
        while True:
            self._guard()
            try:
                self._client().attachments.download(self.record.id, file, max_bytes=self._max_bytes)
                return
            except AnswerTooLarge as error:
                raise self._too_large("more bytes than its sender said") from error
            except NotFound:
                if time.monotonic() + delay > deadline:
                    raise
            time.sleep(delay)  # the server offers nothing to wait on
            delay = min(delay * 2, 1.0)

    def _is(self, prefix: str) -> bool:
        return (self.content_type or "").startswith(prefix)

    def _too_large(self, size: str) -> StorageError:
        return StorageError(f"The attachment has {size}; the limit is {self._max_bytes} bytes.")


def safe_name(name: str | None, content_type: str | None, identifier: str | None) -> str:
    """One path component from an untrusted name: no separators, no dots in front, 120 bytes."""
    raw = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    raw = raw.encode("utf-8", "replace").decode("utf-8")
    cleaned = _UNSAFE.sub("_", raw).strip().lstrip(".")
    if not cleaned or _RESERVED.match(cleaned):
        suffix = (
            Path(identifier or "").suffix or mimetypes.guess_extension(content_type or "") or ""
        )
        cleaned = f"attachment{_UNSAFE.sub('', suffix)}"
    stem, dot, suffix = cleaned.rpartition(".")
    if not dot or len(suffix) > 16:
        stem, suffix = cleaned, ""
    room = 120 - len(suffix.encode()) - 1
    stem = stem.encode()[:room].decode("utf-8", "ignore")
    return f"{stem}.{suffix}" if suffix else stem


def _link_free(source: Path, target: Path) -> Path:
    """Give a file the first free name like the target's, without a race."""
    stem, suffix = target.stem, target.suffix
    for number in range(10_000):
        candidate = target if number == 0 else target.with_name(f"{stem}-{number}{suffix}")
        try:
            os.link(source, candidate)
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links
            if candidate.exists():
                continue
            os.replace(source, candidate)
        return candidate
    raise StorageError(f"{target.parent} holds ten thousand files of that name.")
