"""What every target needs: its options, and to tell when it begins to make its bot."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

NUMBER = "+4915112345678"
PAUSE = 0.05
"""Seconds that ``/sleep`` and ``/block`` take."""


def options() -> dict[str, Any]:
    """The runner's options: ``url``, ``workers``, ``concurrency`` and those of the target."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def begin() -> None:
    """Tell the runner that everything is imported and the bot is made now."""
    print(json.dumps({"at": time.monotonic()}), flush=True)
    # What a library prints later must not fill the runner's pipe.
    os.dup2(2, 1)
