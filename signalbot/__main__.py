"""``python -m signalbot``: the same as the ``signalbot`` command."""

from __future__ import annotations

import sys

from signalbot.cli import main

if __name__ == "__main__":
    sys.exit(main())
