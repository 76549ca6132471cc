"""``signalbot dlq``: beside a running bot, and without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signalbot import SignalBot
from signalbot.cli.loading import Program
from signalbot.testing import FakeSignal
from tests.bot.conftest import eventually
from tests.cli.conftest import Invoke
from tests.cli.test_run import modules_as_before
from tests.conftest import FEW_PLUGINS

__all__ = ["modules_as_before"]

BOT = """
from signalbot import SignalBot

bot = SignalBot(retry=None)

@bot.command("order")
def order(ctx, *words):
    if words:
        raise LookupError(f"no pizza for {ctx.text}")
    return "which one?"
"""


@pytest.fixture
def running(server: FakeSignal, settings: Path) -> Iterator[SignalBot]:
    """A bot whose handler fails until ``fails`` is switched off."""
    bot = SignalBot(retry=None)
    bot.fails = True  # type: ignore[attr-defined]  # for the tests to switch off

    @bot.command("order")
    def order(ctx: Any, what: str) -> str:
        if bot.fails:  # type: ignore[attr-defined]
            raise LookupError("no such pizza")
        return f"one {what}"

    with bot:
        yield bot


def bury(server: FakeSignal, bot: SignalBot, *texts: str) -> None:
    alice = server.add_person("Alice Adler", number="+4915199999999")
    for text in texts:
        server.say(alice, text)
    eventually(lambda: len(bot.dead_letters) == len(texts))


def test_a_list_for_people_and_for_programs(
    server: FakeSignal, running: SignalBot, invoke: Invoke
) -> None:
    assert invoke("dlq", "list", "--json").output == "[]\n"
    bury(server, running, "/order margherita", "/order funghi")

    rows = json.loads(invoke("dlq", "list", "--json").output)
    table = invoke("dlq", "list").output

    assert [row["id"] for row in rows] == [2, 1]
    assert set(rows[0]) == {
        "id", "reason", "error_type", "handler", "attempts", "first_at", "last_at", "chat", "kind",
    }  # fmt: skip
    assert rows[0]["error_type"] == "LookupError"
    assert rows[0]["handler"].endswith("order")
    assert "LookupError" in table
    assert "margherita" not in table
    assert json.loads(invoke("dlq", "list", "--json", "--limit", "1").output) == rows[:1]
    assert json.loads(invoke("dlq", "list", "--json", "--reason", "stuck").output) == []


def test_one_is_shown_with_its_traceback_and_with_its_text_only_if_asked(
    server: FakeSignal, running: SignalBot, invoke: Invoke
) -> None:
    bury(server, running, "/order margherita")

    shown, raw, as_json = (
        invoke("dlq", "show", "1", *more) for more in ([], ["--raw"], ["--json"])
    )

    assert "Traceback" in shown.output
    assert "no such pizza" in shown.output
    assert "margherita" not in shown.output
    assert json.loads(raw.output)["envelope"]["dataMessage"]["message"] == "/order margherita"
    assert json.loads(as_json.output)["id"] == 1
    assert invoke("dlq", "show", "7").exit_code == 1


def test_what_is_replayed_beside_the_bot_is_handled_by_it(
    server: FakeSignal, running: SignalBot, invoke: Invoke
) -> None:
    bury(server, running, "/order margherita", "/order funghi")
    running.fails = False  # type: ignore[attr-defined]

    one = invoke("dlq", "replay", "2")
    server.wait_for_sent(1, timeout=10)
    rest = invoke("dlq", "replay", "--all")

    assert {sent.text for sent in server.wait_for_sent(2, timeout=10)} == {
        "one funghi",
        "one margherita",
    }
    assert "within a second" in one.output
    assert (one.exit_code, rest.exit_code) == (0, 0)
    eventually(lambda: len(running.dead_letters) == 0)


def test_without_a_bot_a_replay_waits_for_the_next_start(
    server: FakeSignal, running: SignalBot, invoke: Invoke
) -> None:
    bury(server, running, "/order margherita")
    running.stop()
    running.fails = False  # type: ignore[attr-defined]

    result = invoke("dlq", "replay", "1")

    assert "next start" in result.output
    running.start()
    assert server.wait_for_sent(1, timeout=10)[0].text == "one margherita"


def test_purging_all_asks_first(server: FakeSignal, running: SignalBot, invoke: Invoke) -> None:
    bury(server, running, "/order 1", "/order 2", "/order 3")

    asked = invoke("dlq", "purge", "--all", input="n\n")
    one = invoke("dlq", "purge", "1")
    rest = invoke("dlq", "purge", "--all", "--yes")

    assert (asked.exit_code, one.exit_code, rest.exit_code) == (1, 0, 0)
    assert "Delete 3 dead letter(s)" in asked.output
    assert (one.output, rest.output) == ("1 deleted.\n", "2 deleted.\n")
    eventually(lambda: len(running.dead_letters) == 0)


@pytest.mark.parametrize("command", ["replay", "purge"])
def test_ids_or_all_must_be_said(settings: Path, invoke: Invoke, command: str) -> None:
    assert invoke("dlq", command).exit_code == 2
    assert invoke("dlq", command, "1", "--all").exit_code == 2
    assert invoke("dlq", command, "1").exit_code == 1, "there is none"
    assert (
        invoke("dlq", command, "--all", *(["--yes"] if command == "purge" else [])).exit_code == 0
    )


def test_a_dead_letter_becomes_a_failing_test_without_anybodys_data(
    server: FakeSignal, settings: Path, invoke: Invoke, tmp_path: Path
) -> None:
    (tmp_path / "bot.py").write_text(BOT)
    alice = server.add_person("Alice Adler", number="+4915199999999")
    server.add_group("Pizza at Luigi's", [alice])
    with Program("bot.py").load() as bot:
        text = "/order Quattro Stagioni for 4915155555555 at 7"
        server.say(alice, text)
        server.say(alice, text, group="Pizza at Luigi's")
        eventually(lambda: len(bot.dead_letters) == 2)

    written = [invoke("dlq", "to-test", number) for number in ("1", "2")]
    again = invoke("dlq", "to-test", "1")

    assert [result.exit_code for result in written] == [0, 0], written[0].output
    assert again.exit_code == 1
    assert "left alone" in again.output
    source = "".join(path.read_text() for path in tmp_path.glob("test_*.py"))
    groups = [each.internal_id for each in server.state.groups.values()]
    words = ["Alice", "Adler", "Quattro", "Luigi", "4915155555555", "4915199999999"]
    for private in [*words, *groups, str(alice.uuid), server.number]:
        assert private not in source
    assert "/order" in source
    output = outcome_of_tests(tmp_path)
    assert output.count("LookupError: no pizza for") >= 2
    assert "2 failed" in output
    (tmp_path / "bot.py").write_text(BOT.replace("raise", "return 'mended' #"))
    assert "2 passed" in outcome_of_tests(tmp_path)


def outcome_of_tests(folder: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGNAL_")}
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *FEW_PLUGINS],
        env={**environment, "PYTHONPATH": f"{folder}:{root}"},
        cwd=folder, capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip


def test_the_text_can_be_kept_and_the_test_printed(
    server: FakeSignal, running: SignalBot, invoke: Invoke, tmp_path: Path
) -> None:
    bury(server, running, "/order margherita")

    printed = invoke("dlq", "to-test", "1", "-o", "-", "--keep-text", "--bot", "my/pizza.py:maker")

    assert "margherita" in printed.output
    assert "from my.pizza import maker" in printed.output
    assert list(tmp_path.glob("test_*.py")) == []
