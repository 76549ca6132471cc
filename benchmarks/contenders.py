"""Who is measured, and the environments that keep them apart.

PyPI's ``signalbot`` and ours have the same import name: they never share an environment.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "bench"
TARGETS = Path(__file__).parent / "targets"


@dataclass(frozen=True)
class Contender:
    """A program that is measured.

    Attributes:
        environment: the name of its environment.
        script: its file in ``targets``.
        imports: the statement that a program of its users begins with.
        options: what its script is told besides the scenario's settings.
    """

    name: str
    environment: str
    script: str
    imports: str
    options: Mapping[str, Any] = field(default_factory=dict)


# Ours has nothing but what `pip install signalbot-sync` brings: extras change import and memory.
REQUIREMENTS = {
    # As a path entry, not as an import hook, which would be counted in ours' memory.
    "ours": ("--config-settings=editable_mode=compat", "-e", str(ROOT)),
    "signalbot": ("signalbot==2.2.1",),
    "signal-client": ("signal-client==0.1.6", "redis"),  # it imports redis, undeclared
    "reference": ("httpx", "websocket-client"),
}

_SIGNALBOT = "from signalbot import SignalBot"

CONTENDERS = {
    each.name: each
    for each in (
        Contender("ours", "ours", "ours.py", _SIGNALBOT, {"durability": "process"}),
        Contender("ours-off", "ours", "ours.py", _SIGNALBOT, {"durability": "off"}),
        Contender("signalbot", "signalbot", "peer_signalbot.py", _SIGNALBOT, {"tuned": True}),
        Contender(
            "signal-client",
            "signal-client",
            "peer_signal_client.py",
            "from signal_client import SignalClient",
        ),
        Contender("reference", "reference", "reference.py", "import httpx, websocket"),
        # Not part of a run unless named: as shipped, and no bot but the server's own ceiling.
        Contender(
            "signalbot-shipped", "signalbot", "peer_signalbot.py", _SIGNALBOT, {"tuned": False}
        ),
        Contender("raw", "reference", "raw.py", "import socket"),
    )
}
PEERS = ("signalbot", "signal-client")


def python_of(environment: str) -> Path:
    """The interpreter of an environment."""
    return CACHE / environment / "bin" / "python"


def prepare(environments: Iterable[str]) -> None:
    """Make the environments that are missing or were made for other requirements.

    Raises:
        subprocess.CalledProcessError: pip failed; it has said why.
    """
    for name in environments:
        place = CACHE / name
        stamp = place / "requirements"
        wanted = _stamp(name)
        if stamp.is_file() and stamp.read_text() == wanted:
            continue
        print(f"making {place.relative_to(ROOT)} ...", flush=True)
        venv.create(place, clear=True, symlinks=True, with_pip=True)
        # Isolated, or pip would find this repository beside it and count it as installed.
        subprocess.run(
            [python_of(name), "-I", "-m", "pip", "install", "-qq", *REQUIREMENTS[name]],
            check=True,
        )
        stamp.write_text(wanted)


def installed(environment: str) -> list[str]:
    """What is in an environment, as ``name==version``, without pip and setuptools."""
    found = subprocess.run(
        [python_of(environment), "-I", "-m", "pip", "freeze", "--exclude-editable"],
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.split()


def _stamp(name: str) -> str:
    lines = [sys.version, *REQUIREMENTS[name]]
    if name == "ours":
        lines.append((ROOT / "pyproject.toml").read_text())
    return "\n".join(lines)
