"""A bot on the stand-in server, as in the tests of the bot."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signalbot.testing import FakeSignal
from tests.bot.conftest import make_bot, server

__all__ = ["make_bot", "server"]

StartScript = Callable[..., "subprocess.Popen[str]"]


def environment(server: FakeSignal, state: Path) -> dict[str, str]:
    """What tells a bot in another process where it is to go."""
    return {
        **os.environ,
        "SIGNAL_PHONE_NUMBER": server.number,
        "SIGNAL_SERVICE": server.url,
        "SIGNAL_STATE_DIR": str(state),
    }


@pytest.fixture
def start_script(server: FakeSignal, tmp_path: Path) -> Iterator[StartScript]:
    """Start programs in processes of their own; those that are left are killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(body: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(body), *map(str, arguments)],
            env=environment(server, tmp_path / "state"),
            stdin=subprocess.PIPE,  # not the tests' own, which may be at its end
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that the program prints, without its end."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")
