"""``signalbot new``: what it writes works, and nothing is overwritten."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.conftest import FEW_PLUGINS


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_new_bot_passes_its_own_test(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("new", "Pizza Bot")

    assert result.exit_code == 0
    folder = tmp_path / "Pizza Bot"
    assert {path.name for path in folder.iterdir()} == {
        "bot.py", "test_bot.py", "compose.yaml", "pizza-bot.service", ".env.example",
        ".gitignore", "README.md",
    }  # fmt: skip
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *FEW_PLUGINS],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "2 passed" in outcome.stdout


def test_the_unit_and_the_compose_file_are_well_formed(tmp_path: Path, invoke: Invoke) -> None:
    invoke("new", "pizza")

    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(tmp_path / "pizza" / "pizza.service")
    assert unit["Service"]["ExecStart"].endswith("-m signalbot run bot.py")
    assert unit["Service"]["WorkingDirectory"] == str(tmp_path / "pizza")
    yaml = pytest.importorskip("yaml")
    compose = yaml.safe_load((tmp_path / "pizza" / "compose.yaml").read_text())
    assert compose["services"]["signal-api"]["environment"]["MODE"] == "json-rpc"
    assert compose["services"]["bot"]["environment"]["SIGNAL_PHONE_NUMBER"].startswith("${SIGNAL_")


def test_nothing_is_overwritten(tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "pizza").mkdir()
    (tmp_path / "pizza" / "bot.py").write_text("mine")

    result = invoke("new", "pizza")

    assert result.exit_code == 1
    assert "bot.py" in result.output
    assert [path.name for path in (tmp_path / "pizza").iterdir()] == ["bot.py"]
    assert (tmp_path / "pizza" / "bot.py").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "file").write_text("")

    result = invoke("new", "file/pizza")

    assert result.exit_code == 1
    assert "Cannot write" in result.output
