"""What the server answers, as frozen models.

The names here are imported when they are first used: pydantic costs more than all the rest, and a
program that only sends needs none of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signalbot.infrastructure.api_models.account import (
        About,
        Device,
        StickerPack,
        Username,
    )
    from signalbot.infrastructure.api_models.groups import GroupInfo, GroupPermissions
    from signalbot.infrastructure.api_models.people import (
        Contact,
        ContactProfile,
        Identity,
        Nickname,
        SearchResult,
    )

_HOMES = {
    "account": ("About", "Device", "StickerPack", "Username"),
    "groups": ("GroupInfo", "GroupPermissions"),
    "people": ("Contact", "ContactProfile", "Identity", "Nickname", "SearchResult"),
}

__all__ = [
    "About",
    "Contact",
    "ContactProfile",
    "Device",
    "GroupInfo",
    "GroupPermissions",
    "Identity",
    "Nickname",
    "SearchResult",
    "StickerPack",
    "Username",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
