"""``runsignalbot --reload`` outlives a mistake in a ``bot.py``: it waits until that is mended."""

from __future__ import annotations

import os
import sys

from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

_held_back: list[BaseException] = []


def hold_back(error: BaseException) -> bool:
    """Keep an error of loading for later; False if nobody would raise it then.

    Raised while Django loads it would end the reloader's process, and with it the reloader."""
    is_reloaded = os.environ.get(DJANGO_AUTORELOAD_ENV) == "true"
    if is_reloaded and len(sys.argv) > 1 and sys.argv[1] == "runsignalbot":
        _held_back.append(error)
        return True
    return False


def raise_held_back() -> None:
    """Raise the error of loading, where the reloader shows it and watches its file."""
    if _held_back:
        raise _held_back[0]
