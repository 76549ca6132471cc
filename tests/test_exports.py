"""What ``import signalbot`` gives, and what it does not do."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import signalbot

# Without rich: structlog imports it if it is installed.
EXTRAS = {
    "IPython",
    "click",
    "cronsim",
    "django",
    "flask",
    "hypothesis",
    "ipykernel",
    "opentelemetry",
    "pytest",
    "redis",
    "segno",
    "starlette",
    "trustme",
    "uvicorn",
    "waitress",
    "websockets",
}

# The audit hook sees every socket that Python makes, whoever asks for it.
PROBE = """
import json, sys, threading

sockets = []
sys.addaudithook(lambda event, args: sockets.append(event) if event == "socket.__new__" else None)

import signalbot
for name in signalbot.__all__:
    getattr(signalbot, name)

print(json.dumps({
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "threads": [t.name for t in threading.enumerate()],
    "sockets": sockets,
}))
"""


def public_names() -> list[str]:
    return list(signalbot.__all__)


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """What a fresh interpreter holds after importing the package and touching every public name."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, list[str]] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("name", public_names())
def test_public_name_resolves(name: str) -> None:
    assert getattr(signalbot, name) is not None


def test_type_checkers_see_every_public_name() -> None:
    tree = ast.parse(Path(signalbot.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }

    assert typed == set(public_names()) - {"__version__"}


def test_public_names_are_listed_once_and_are_not_private() -> None:
    names = public_names()

    assert len(names) == len(set(names))
    assert [n for n in names if n.startswith("_") and n != "__version__"] == []


def test_star_import_works() -> None:
    namespace: dict[str, object] = {}

    exec("from signalbot import *", namespace)  # a star import is only allowed at module level

    assert set(public_names()) <= set(namespace)


def test_the_version_is_the_one_of_the_distribution() -> None:
    assert signalbot.__version__ == version("signalbot-sync")


def test_import_loads_no_extra(imported: dict[str, list[str]]) -> None:
    assert EXTRAS & set(imported["modules"]) == set()


def test_import_starts_no_thread(imported: dict[str, list[str]]) -> None:
    assert imported["threads"] == ["MainThread"]


def test_import_opens_no_socket(imported: dict[str, list[str]]) -> None:
    assert imported["sockets"] == []


def test_every_error_that_one_may_want_to_catch_is_there() -> None:
    # Skip is what ctx.skip() raises, and nothing to catch.
    tree = {
        name
        for name, value in vars(signalbot.errors).items()
        if isinstance(value, type)
        and issubclass(value, BaseException)
        and value.__module__ == "signalbot.errors"
    }

    assert tree - {"Skip"} <= set(signalbot.__all__)
