"""The arrows of docs/architecture.md, read from the source: who may import whom."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "signalbot"
MAX_LINES = 350

LEAVES = {"errors", "settings", "observability"}
LOWER = LEAVES | {"model"}
OUTSIDE = {"cli", "simulator", "testing", "ext"}

# Room -> the rooms it may import; every room may import itself and the errors.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "model": set(),
    "settings": {"model"},
    "observability": {"settings"},
    "routing": {"model"},
    "infrastructure": LOWER,
    "services": LOWER | {"infrastructure"},
    "context": LOWER | {"services", "routing"},
    "runtime": LOWER | {"services", "infrastructure", "routing"},
    "app": LOWER | {"runtime", "services", "infrastructure", "routing", "context"},
    "bot": LOWER | {"app", "runtime", "services", "infrastructure", "routing", "context"},
}
# What a signature has to name although nothing of it is used: `ctx.bot` is the user's own bot, what
# `ctx.send()` returns is the client's, and app.py reads what is registered on the bot it serves.
TYPE_ONLY: dict[str, set[str]] = {"context": {"bot", "infrastructure"}, "app": {"bot"}}
# The outside and the package's own front door may import anything; nothing inside may import them.
INSIDE = set(ARROWS)

# Which classes stand behind the interfaces is decided in app.py alone.
CONCRETE = (
    "signalbot.infrastructure.api_clients",
    "signalbot.infrastructure.api_service",
    "signalbot.infrastructure.inbox",
    "signalbot.infrastructure.polling_client",
    "signalbot.infrastructure.safe_disk",
    "signalbot.infrastructure.storage.memory",
    "signalbot.infrastructure.storage.redis",
    "signalbot.infrastructure.storage.sqlite",
    "signalbot.infrastructure.webhook",
    "signalbot.infrastructure.websocket_client",
)
MAY_NAME_CONCRETE = {"app", "infrastructure", "__init__", "__main__"} | OUTSIDE

BASE = {
    "anyio",
    "diskcache",
    "httpx",
    "prometheus_client",
    "pybreaker",
    "pydantic",
    "pydantic_settings",
    "structlog",
    "websocket",
    # What the base dependencies bring along and stand for in their own interfaces.
    "certifi",
    "httpcore",
    "pydantic_core",
    "typing_extensions",
}
EXTRAS = {
    "IPython",
    "click",
    "cronsim",
    "django",
    "flask",
    "hypothesis",
    "opentelemetry",
    "pytest",
    "redis",
    "rich",
    "segno",
    "starlette",
    "trustme",
    "uvicorn",
    "waitress",
    "websockets",
}


@dataclass(frozen=True)
class Import:
    """One imported module; a name taken from a package counts as its submodule if there is one."""

    target: str
    line: int
    is_eager: bool
    """It runs when the module is imported."""
    is_type_only: bool
    """It is under ``if TYPE_CHECKING``: nothing is loaded, only described."""


def imports_of(source: str, module: str, is_package: bool) -> Iterator[Import]:
    """Every import statement of a module, relative ones resolved."""
    package = module if is_package else module.rpartition(".")[0]

    def walk(node: ast.AST, eager: bool, type_only: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, eager, type_only)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                parents = parts[: len(parts) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, eager, type_only)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                yield from walk(child, eager, True)
            for child in node.orelse:
                yield from walk(child, eager, type_only)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, eager and not inside, type_only)

    yield from walk(ast.parse(source), True, False)


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def is_below(target: str, prefix: str) -> bool:
    return target == prefix or target.startswith(prefix + ".")


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """What one module imports against the arrows, as ``module:line: reason``."""
    return [
        f"{module}:{imported.line}: {reason}"
        for imported in imports_of(source, module, is_package)
        if (reason := why_not(room_of(module), imported))
    ]


def why_not(room: str, imported: Import) -> str | None:
    """The reason why a module of this room may not have this import, or None."""
    target = imported.target
    is_loaded = not imported.is_type_only
    if not is_below(target, "signalbot"):
        is_extra = target.partition(".")[0] in EXTRAS
        if is_extra and is_loaded and imported.is_eager and room not in OUTSIDE:
            return f"{target} is an extra; import it where it is used"
        return None
    described = TYPE_ONLY.get(room, set()) if imported.is_type_only else set()
    if room in INSIDE and room_of(target) not in ARROWS[room] | described | {room, "errors"}:
        return f"{room} may not import {target}"
    is_concrete = any(is_below(target, name) for name in CONCRETE)
    if is_concrete and is_loaded and room not in MAY_NAME_CONCRETE:
        return f"only app.py chooses {target}"
    return None


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_imports_follow_the_arrows() -> None:
    found = [
        violation
        for path in modules()
        for violation in violations(
            path.read_text(encoding="utf-8"), name_of(path), path.name == "__init__.py"
        )
    ]

    assert found == []


def test_every_room_is_known() -> None:
    rooms = {room_of(name_of(path)) for path in modules()}

    assert rooms - INSIDE - OUTSIDE - {"__init__", "__main__"} == set()


def test_only_known_packages_are_imported() -> None:

    known = set(sys.stdlib_module_names) | BASE | EXTRAS | {"signalbot"}

    unknown = {
        f"{name_of(path)}: {imported.target}"
        for path in modules()
        for imported in imports_of(
            path.read_text(encoding="utf-8"), name_of(path), path.name == "__init__.py"
        )
        if not imported.is_type_only and imported.target.partition(".")[0] not in known
    }

    assert unknown == set()


def test_modules_are_short() -> None:
    long = {
        name_of(path): lines
        for path in modules()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }

    assert long == {}


def test_modules_say_their_idea() -> None:
    silent = [
        name_of(path)
        for path in modules()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert silent == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("signalbot.model.events", "from signalbot.routing import filters"),
        ("signalbot.model.events", "def f():\n    import signalbot.settings"),
        ("signalbot.routing.router", "from signalbot.services.messages import Messages"),
        ("signalbot.runtime.engine", "from signalbot.bot import SignalBot"),
        ("signalbot.runtime.engine", "from ..infrastructure.inbox import DiskInbox"),
        ("signalbot.services.locks", "from signalbot.infrastructure.storage import sqlite"),
        ("signalbot.bot", "from signalbot.infrastructure.websocket_client import WebsocketClient"),
        ("signalbot.bot", "from signalbot.testing import FakeSignal"),
        ("signalbot.app", "from signalbot.cli import main"),
        ("signalbot.infrastructure.storage.redis", "import redis"),
        ("signalbot.context", "try:\n    import click\nexcept ImportError:\n    click = None"),
        ("signalbot.errors", "from . import model"),
        ("signalbot.context", "from signalbot.bot import SignalBot"),
        ("signalbot.runtime.loop", "if TYPE_CHECKING:\n    from signalbot.bot import SignalBot"),
    ],
)
def test_an_import_against_the_arrows_is_found(module: str, source: str) -> None:
    assert violations(source, module) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("signalbot.model.events", "from signalbot.model.people import User"),
        ("signalbot.model.events", "from ..errors import DecodeError"),
        ("signalbot.runtime.engine", "from signalbot.services.messages import Messages"),
        ("signalbot.app", "from signalbot.infrastructure.inbox import DiskInbox"),
        ("signalbot.infrastructure.storage.redis", "def f():\n    import redis"),
        ("signalbot.cli.main", "import click\nfrom signalbot import SignalBot"),
        (
            "signalbot.services.messages",
            "if TYPE_CHECKING:\n    from signalbot.infrastructure.api_service import SignalClient",
        ),
        ("signalbot.context", "if TYPE_CHECKING:\n    from signalbot.bot import SignalBot"),
    ],
)
def test_an_import_along_the_arrows_passes(module: str, source: str) -> None:
    assert violations(source, module) == []
