"""The command line as a whole: help, speed, completion, wrong usage, terminals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from signalbot.cli.commands import COMMANDS, cli
from tests.cli.conftest import Invoke

HEAVY = ("pydantic", "httpx", "anyio", "structlog", "signalbot.bot", "signalbot.cli.run")


def test_help_names_every_command_and_loads_none() -> None:
    code = (
        "import sys\nfrom signalbot.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )

    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip

    *help_text, loaded = outcome.stdout.splitlines()
    assert loaded == "[]"
    assert all(any(line.strip().startswith(name) for line in help_text) for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_help_that_the_table_tells(name: str, invoke: Invoke) -> None:
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert (command.help or "").partition("\n")[0] == COMMANDS[name][1]
    assert invoke(name, "--help").exit_code == 0
    assert invoke(name, "-h").exit_code == 0


def test_a_wrong_name_gets_a_suggestion(invoke: Invoke) -> None:
    result = invoke("docter")

    assert result.exit_code == 2
    assert "Did you mean 'doctor'?" in result.output


def test_an_unknown_option_is_wrong_usage(invoke: Invoke) -> None:
    assert invoke("send", "--colour").exit_code == 2
    assert invoke("--colour").exit_code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, invoke: Invoke) -> None:
    result = invoke("completion", shell)

    assert result.exit_code == 0
    assert "_SIGNALBOT_COMPLETE" in result.output


def test_completion_knows_commands_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.shell_completion import ShellComplete

    complete = ShellComplete(cli, {}, "signalbot", "_SIGNALBOT_COMPLETE")

    assert [item.value for item in complete.get_completions([], "do")] == ["doctor"]
    assert "--running" in [item.value for item in complete.get_completions(["doctor"], "--r")]
    assert "replay" in [item.value for item in complete.get_completions(["dlq"], "re")]


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from signalbot.cli import options

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(options, "is_terminal", lambda: True)
    assert "\x1b" in options.styled("x", bold=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert options.styled("x", bold=True) == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr(options, "is_terminal", lambda: False)
    assert options.styled("x", bold=True) == "x"


def test_without_click_there_is_a_hint(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError('no click', name='click')")
    root = Path(__file__).parents[2]

    outcome = subprocess.run(
        [sys.executable, "-m", "signalbot", "doctor"], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": f"{tmp_path}:{root}"},
    )  # fmt: skip

    assert outcome.returncode == 2
    assert "pip install 'signalbot-sync[cli]'" in outcome.stderr


def test_a_missing_package_is_named_with_its_extra(
    settings: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)

    result = invoke("link")

    assert result.exit_code == 1
    assert "pip install 'signalbot-sync[cli]'" in result.output
