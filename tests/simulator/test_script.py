"""``signalbot demo --script``: the demo's conversation, played and judged."""

from __future__ import annotations

import io
import re
from pathlib import Path

from click.testing import CliRunner

from signalbot.cli.commands import cli
from signalbot.simulator.demo_bot import make_bot
from signalbot.simulator.script import Script
from signalbot.testing import FakeSignal


def test_one_line_for_each_step_and_nothing_else() -> None:
    result = CliRunner().invoke(cli, ["demo", "--script"])

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert len(lines) >= 8
    assert all(re.fullmatch(r"PASS \S.*", line) for line in lines)
    assert "bot: pong" in result.stderr


class OneStepFails(Script):
    """A script whose second step waits in vain."""

    def _argument(self) -> bool:
        raise TimeoutError


def test_a_step_that_fails_is_said_and_the_others_are_played(tmp_path: Path) -> None:
    out, aside = io.StringIO(), io.StringIO()
    with FakeSignal() as server:
        bot = make_bot(
            phone_number=server.number, signal_service=server.url, state_dir=tmp_path, retry=None
        )
        script = OneStepFails(server, bot, out, aside)
        with bot:
            passed = script.play()

    assert not passed
    lines = out.getvalue().splitlines()
    assert lines[1] == "FAIL an argument is converted"
    assert all(line.startswith("PASS ") for line in [lines[0], *lines[2:]])
    assert "(TimeoutError)" in aside.getvalue()
