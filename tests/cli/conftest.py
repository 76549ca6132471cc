"""The command line against a stand-in server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from signalbot.cli.commands import cli
from signalbot.testing import FakeSignal

Invoke = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[FakeSignal]:
    with FakeSignal() as fake:
        yield fake


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: FakeSignal) -> Path:
    """The stand-in's address and number in the environment; answers the state directory."""
    monkeypatch.setenv("SIGNAL_SERVICE", server.url)
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", server.number)
    monkeypatch.setenv("SIGNAL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state"


@pytest.fixture
def invoke() -> Invoke:
    """Run a command in this process."""

    def run(*words: str, input: str | None = None) -> Result:
        result = CliRunner().invoke(cli, words, input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def checks_in(result: Result) -> dict[str, dict[str, Any]]:
    """What ``doctor --json`` printed, by name."""
    return {check["name"]: check for check in json.loads(result.output)["checks"]}
