"""A PostgreSQL server for the tests, if its programs are installed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def find_programs() -> Path | None:
    """Where initdb and postgres are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@contextlib.contextmanager
def running(programs: Path) -> Iterator[str]:
    """A server on a socket in a directory of its own; the directory is what to connect to."""
    place = Path(tempfile.mkdtemp(prefix="signalbot-pg-"))
    # It refuses to run as root.
    user: dict[str, Any] = {"user": "postgres"} if os.getuid() == 0 else {}
    if user:
        shutil.chown(place, "postgres")
    quiet: dict[str, Any] = {"cwd": place, "stdout": subprocess.DEVNULL, **user}
    options = f"-c listen_addresses= -c unix_socket_directories={place} -c fsync=off"
    control = [programs / "pg_ctl", "-D", place / "data", "-w"]
    try:
        subprocess.run(
            [programs / "initdb", "-D", place / "data", "-U", "postgres", "-A", "trust", "-N"],
            check=True, **quiet,
        )  # fmt: skip
        subprocess.run([*control, "-l", place / "log", "-o", options, "start"], check=True, **quiet)
        yield str(place)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, **quiet)
        shutil.rmtree(place, ignore_errors=True)
