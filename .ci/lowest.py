"""Installs the lowest version of each dependency that pyproject.toml allows, to try it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import requires

LOWEST = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\w.]+)")
EXTRA = re.compile(r"extra == .(?P<extra>\w+)")
WANTED = {None, "cli", "cron", "demo", "redis", "test", "webhook"}

pins = []
for requirement in requires("signalbot-sync") or ():
    lowest, extra = LOWEST.match(requirement), EXTRA.search(requirement)
    if lowest and (extra and extra["extra"]) in WANTED:
        pins.append(f"{lowest['name']}=={lowest['version']}")

sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", *pins]))
