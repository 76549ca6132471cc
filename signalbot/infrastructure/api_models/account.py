"""What the server tells about itself, or about the accounts it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from signalbot.infrastructure.api_models.base import WireModel
from signalbot.infrastructure.api_models.enums import Mode


def _mode(value: Any) -> Mode:
    try:
        return Mode(value)
    except ValueError:  # a server from before 0.90, or one from the future
        return Mode.UNKNOWN


class About(WireModel):
    """Which server this is.

    Attributes:
        version: ``0.100``, ``0.168-dev``, ``unset`` (an image that somebody built), or "" from
            servers that are too old to say.
        capabilities: by endpoint; says nothing that a client could rely on.
    """

    versions: tuple[str, ...] = ()
    build: int = 0
    mode: Annotated[Mode, BeforeValidator(_mode)] = Mode.UNKNOWN
    version: str = ""
    capabilities: Mapping[str, tuple[str, ...]] = {}

    @property
    def version_parts(self) -> tuple[int, ...]:
        """The version by its dot parts, so that 0.100 > 0.99; () if it is unset."""
        leading = re.match(r"\d+(\.\d+)*", self.version)
        return tuple(int(part) for part in leading[0].split(".")) if leading else ()

    def is_at_least(self, version: str) -> bool:
        """Compare by dot parts; ``unset`` counts as new, and no version at all as old."""
        wanted = tuple(int(part) for part in version.split("."))
        return self.version == "unset" or self.version_parts >= wanted


class Device(WireModel):
    """A device of the account; 1 is the primary one. Timestamps are ms since the epoch."""

    id: int = 0
    name: str = ""
    creation_timestamp: int = 0
    last_seen_timestamp: int = 0


class Username(WireModel):
    """The username that the account got, with the link that leads to it."""

    username: str
    link: str


class StickerPack(WireModel):
    """A sticker pack that the account knows."""

    pack_id: str = ""
    url: str = ""
    title: str = ""
    author: str = ""
    installed: bool = False
