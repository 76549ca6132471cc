"""Loads the programs of ``examples/`` with a bot that can harm nobody."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Any]:
    """Import an example anew; a short one, that runs its bot at once, is not let run it."""
    monkeypatch.setenv("SIGNAL_PHONE_NUMBER", "+4915112345678")
    monkeypatch.setenv("SIGNAL_SERVICE", "http://signal-server.invalid")
    monkeypatch.setenv("SIGNAL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.syspath_prepend(str(EXAMPLES.parent))

    def load(name: str) -> Any:
        module_name = f"examples.{name}"
        sys.modules.pop(module_name, None)
        with monkeypatch.context() as patch:
            patch.setattr("signalbot.SignalBot.run", lambda bot: None)
            module = importlib.import_module(module_name)
        monkeypatch.setitem(sys.modules, module_name, module)
        return module

    return load
