"""The files that went through the simulator, and nothing else of this computer."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from signalbot.testing.uploads import content_type, sniff

MAX_FILE = 8 * 2**20
_MAX_ALL = 128 * 2**20

# What a browser may show: types without scripts, and only if the bytes say so too.
_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as somebody attached it.

    Attributes:
        shown_as: the image type that a browser may show it as; None is for download only.
    """

    id: str
    name: str
    data: bytes
    content_type: str
    shown_as: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "size": len(self.data),
            "type": self.content_type,
            "isImage": self.shown_as is not None,
        }


class Files:
    """Keeps the newest files in memory, up to 128 MiB."""

    def __init__(self) -> None:
        # Guards both below; the page's thread and the watcher come here.
        self._lock = threading.Lock()
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self._size = 0

    def add(self, name: str | None, data: bytes) -> StoredFile:
        """Keep a file; the oldest ones go if there are too many."""
        kind = sniff(data)[0]
        stored = StoredFile(
            secrets.token_hex(12),
            plain_name(name),
            data,
            content_type(data, name),
            kind if kind in _SHOWN else None,
        )
        with self._lock:
            self._files[stored.id] = stored
            self._size += len(data)
            while self._size > _MAX_ALL and len(self._files) > 1:
                _, oldest = self._files.popitem(last=False)
                self._size -= len(oldest.data)
        return stored

    def get(self, id: str) -> StoredFile | None:
        """The file with this id, if it is still here."""
        with self._lock:
            return self._files.get(id)


def plain_name(name: str | None) -> str:
    """A name without its directories and control characters; never empty."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[:120].strip() or "file"
